import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CANDIDATE_KINDS, type CandidateKind } from './candidates.ts';

export const USAGE = `Runs the whole main job on this machine: a model is onboarded, a demand history is replayed day by day through
inference, a first and a second version go through all gates and serve, and the second is rolled back.

  npm run demo -- [options]

  --demand FILE     the demand history to replay: CSV, gzip or not, with the columns date, sku, store, region, units
                    and, if there is one, category; without it, that of a generated retailer
  --candidate KIND  the second version: ${CANDIDATE_KINDS.join(' | ')} (default good); the others show which gate stops them
  --interactive     waits for you to open the emailed links and to decide yourself
  --backtest FILE   both versions' backtest (CSV or Parquet, gzip or not) instead of a computed one
  --history FILE    the demand history that belongs to it; give it several times to join CSV files. It is what is
                    replayed, too, if it is CSV and names stores and regions
  --json FILE       writes what happened as one JSON object
  --help            this text

Exit code 0: the run went as far as the evidence lets it. 1: something failed. 2: unusable options.`;

export interface DemoArguments {
  readonly demand?: string;
  readonly candidate: CandidateKind;
  readonly interactive: boolean;
  readonly backtest?: string;
  readonly histories: readonly string[];
  readonly json?: string;
  readonly help: boolean;
}

/** What was typed, or every fault of it. */
export function parseDemoArguments(argv: readonly string[]): DemoArguments | { readonly faults: readonly string[] } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        demand: { type: 'string' },
        candidate: { type: 'string', default: 'good' },
        interactive: { type: 'boolean', default: false },
        backtest: { type: 'string' },
        history: { type: 'string', multiple: true },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    const { demand, backtest, history: histories = [], json, interactive, help } = values;
    const candidate = CANDIDATE_KINDS.find((kind) => kind === values.candidate);
    const faults = [
      ...(candidate === undefined
        ? [`--candidate takes one of ${CANDIDATE_KINDS.join(', ')}; not ${values.candidate}.`]
        : []),
      ...((backtest === undefined) === (histories.length === 0)
        ? []
        : ['--backtest and --history belong together: give both or neither.']),
      ...(backtest !== undefined && values.candidate !== 'good'
        ? ['--candidate says what a computed backtest tells; with --backtest there is none.']
        : []),
      ...[demand, backtest, ...histories]
        .filter((file) => file !== undefined && !existsSync(file))
        .map((file) => `There is no file ${file}.`),
    ];
    if (faults.length > 0 || candidate === undefined) return { faults };
    return {
      ...{ candidate, histories, interactive, help },
      ...(demand === undefined ? {} : { demand }),
      ...(backtest === undefined ? {} : { backtest }),
      ...(json === undefined ? {} : { json }),
    };
  } catch (error) {
    return { faults: [error instanceof Error ? error.message : String(error)] };
  }
}
