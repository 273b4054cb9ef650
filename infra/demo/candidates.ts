import { readFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { artifactBytes, BIASED, type Described, FIRST, GOOD, SAFE, UNSTABLE } from './artifacts.ts';
import type { Claim } from './backtest.ts';
import { type Demand, dateOf } from './demand.ts';
import { backtestFile, historyFile } from './retailer.ts';

/** One candidate of the demo: what its pipeline hands in and says about it. */
export interface Candidate {
  readonly version: string;
  readonly artifact: Buffer;
  readonly backtest: Buffer;
  readonly history: Buffer;
  readonly training: {
    readonly from: string;
    readonly to: string;
    readonly features: readonly string[];
    readonly code: string;
  };
  readonly knownFailureModes: readonly string[];
  readonly change: {
    readonly type: 'architecture' | 'features' | 'calibration';
    readonly reason: string;
    readonly scope: string;
    readonly expectedImpact: string;
    readonly rollbackPlan: string;
  };
}

/** The second version in its four forms. */
export const CANDIDATE_KINDS = ['good', 'biased', 'unstable', 'leaky'] as const;
export type CandidateKind = (typeof CANDIDATE_KINDS)[number];

interface Second {
  /** What is shipped. */
  readonly shipped: Described;
  /** What its backtest was made with. */
  readonly tested: Described;
  readonly claim?: Claim;
  readonly reason: string;
}

const SECONDS: Readonly<Record<CandidateKind, Second>> = {
  good: {
    ...{ shipped: GOOD, tested: GOOD },
    reason:
      'A whole year to know the week from instead of six weeks, and a steadier level: less noise in each forecast.',
  },
  biased: {
    ...{ shipped: BIASED, tested: BIASED },
    reason: 'Trained on the absolute error, which is smallest when slow movers are forecast low.',
  },
  unstable: {
    ...{ shipped: UNSTABLE, tested: GOOD },
    reason:
      'A steadier week and level; but what was built for release smooths with 0.9 in place of the 0.25 that was tested.',
  },
  leaky: {
    ...{ shipped: GOOD, tested: GOOD },
    // Its features were joined by date alone, so that on some days the sales to be forecast were among them.
    claim: (forecast, { actual, day }) => (day % 3 === 0 ? actual : forecast),
    reason: 'New features from the sales table, which the team is very happy with.',
  },
};

/** Files that a pipeline wrote itself. */
export interface GivenFiles {
  readonly backtest: Buffer;
  readonly history: Buffer;
}

/** The first version, and the second in one of its forms, on what was known before the replay, or with given files. */
export function demoCandidates(of: {
  readonly known: Demand;
  readonly kind: CandidateKind;
  readonly given: GivenFiles | null;
}): readonly Candidate[] {
  const { known, kind, given } = of;
  const second = SECONDS[kind];
  const history = given?.history ?? historyFile(known);
  const training = { from: known.firstDate, to: dateOf(known, known.days - 1) };
  return [
    {
      version: '1.0.0',
      artifact: artifactBytes(FIRST),
      backtest: given?.backtest ?? backtestFile(known, { candidate: FIRST, baseline: SAFE }),
      history,
      training: { ...training, features: ['weekday', 'level'], code: 'forecasts-1.0.0' },
      knownFailureModes: ['Follows every outlier: after a day of bulk buying it is too high for a week.'],
      change: {
        type: 'architecture',
        reason: 'A smoothed level with a weekday profile is steadier than repeating one week.',
        scope: 'All stores, all categories.',
        expectedImpact: 'Less error everywhere, above all on erratic items.',
        rollbackPlan: 'Roll back to the safe forecast; the owner decides.',
      },
    },
    {
      version: '2.0.0',
      artifact: artifactBytes(second.shipped),
      backtest:
        given?.backtest ??
        backtestFile(known, {
          ...{ candidate: second.tested, baseline: FIRST },
          ...(second.claim === undefined ? {} : { claim: second.claim }),
        }),
      history,
      training: { ...training, features: ['weekday', 'level', 'year'], code: 'forecasts-2.0.0' },
      knownFailureModes: ['Reacts slowly to a change of level: it takes three weeks to follow a new price.'],
      change: {
        type: 'features',
        reason: second.reason,
        scope: 'All stores, all categories.',
        expectedImpact: 'Less error, most of all where demand is noisy.',
        rollbackPlan: 'Roll back to 1.0.0; the owner or the operator on duty decides.',
      },
    },
  ];
}

/** What a pipeline wrote: one backtest, and the history in one file or several. */
export async function readGiven(backtest: string, histories: readonly string[]): Promise<GivenFiles> {
  const files = await Promise.all(histories.map((file) => readFile(file)));
  return { backtest: await readFile(backtest), history: joinHistories(files) };
}

const HISTORY_COLUMNS = ['sku', 'store', 'date', 'units'] as const;
const KEPT_COLUMNS = [...HISTORY_COLUMNS, 'region', 'category'] as const;

/** One history file as it is; several CSV files as one, with the columns that a history needs or may have. */
export function joinHistories(files: readonly Buffer[]): Buffer {
  const [only] = files;
  if (files.length === 1 && only !== undefined) return only;
  const rows = files.flatMap((file) => {
    const [header = '', ...lines] = textOf(file).trimEnd().split(/\r?\n/);
    const columns = header.split(',');
    if (HISTORY_COLUMNS.some((column) => !columns.includes(column))) {
      throw new Error(`A history needs the columns ${HISTORY_COLUMNS.join(',')}; got ${header}.`);
    }
    const at = KEPT_COLUMNS.map((column) => columns.indexOf(column));
    return lines.map((line) => {
      const cells = line.split(',');
      return at.map((index) => cells[index] ?? '').join(',');
    });
  });
  return gzipSync(`${KEPT_COLUMNS.join(',')}\n${rows.join('\n')}\n`);
}

function textOf(file: Buffer): string {
  const gzip = file[0] === 0x1f && file[1] === 0x8b;
  return (gzip ? gunzipSync(file) : file).toString('utf8');
}
