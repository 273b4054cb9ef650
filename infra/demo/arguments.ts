import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

export const USAGE = `Runs the whole main job on this machine: a model is onboarded, two versions are judged, approved and
promoted one after the other, and the second is rolled back.

  npm run demo -- [options]

  --backtest FILE   the candidates' backtest (CSV or Parquet, gzip or not) instead of a generated one
  --history FILE    the demand history that belongs to it; give it several times to join CSV files
  --json FILE       writes what happened as one JSON object
  --help            this text

Exit code 0: the run went as far as the evidence lets it. 1: something failed. 2: unusable options.`;

export interface DemoArguments {
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
        backtest: { type: 'string' },
        history: { type: 'string', multiple: true },
        json: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    const histories = values.history ?? [];
    const faults = [
      ...((values.backtest === undefined) === (histories.length === 0)
        ? []
        : ['--backtest and --history belong together: give both or neither.']),
      ...[values.backtest, ...histories]
        .filter((file) => file !== undefined && !existsSync(file))
        .map((file) => `There is no file ${file}.`),
    ];
    if (faults.length > 0) return { faults };
    return {
      histories,
      help: values.help ?? false,
      ...(values.backtest === undefined ? {} : { backtest: values.backtest }),
      ...(values.json === undefined ? {} : { json: values.json }),
    };
  } catch (error) {
    return { faults: [error instanceof Error ? error.message : String(error)] };
  }
}
