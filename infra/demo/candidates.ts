import { readFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { generateRetailer } from './retailer.ts';

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
    readonly type: 'architecture' | 'features';
    readonly reason: string;
    readonly scope: string;
    readonly expectedImpact: string;
    readonly rollbackPlan: string;
  };
}

const FIRST = {
  version: '1.0.0',
  training: { from: '2024-01-01', to: '2025-09-10', features: ['weekday'], code: 'forecasts-1.0.0' },
  knownFailureModes: ['Reacts slowly to a change of level: it takes four weeks to follow a new price.'],
  change: {
    type: 'architecture',
    reason: 'A mean over the last weeks is steadier than repeating one week.',
    scope: 'All stores, all categories.',
    expectedImpact: 'Less error everywhere, above all on erratic items.',
    rollbackPlan: 'Roll back to the safe forecast; the owner decides.',
  },
} as const;

const SECOND = {
  version: '2.0.0',
  training: { from: '2024-01-01', to: '2025-09-10', features: ['weekday', 'level'], code: 'forecasts-2.0.0' },
  knownFailureModes: ['Underforecasts the first days of a promotion that was not announced.'],
  change: {
    type: 'features',
    reason: 'A smoothed level follows the season faster than a plain mean.',
    scope: 'All stores, all categories.',
    expectedImpact: 'Less error, most of all where demand moves.',
    rollbackPlan: 'Roll back to 1.0.0; the owner or the operator on duty decides.',
  },
} as const;

function artifact(version: string): Buffer {
  return Buffer.from(
    `${JSON.stringify({ forecaster: version === '1.0.0' ? 'weekday-mean' : 'smoothed-level', version })}\n`,
  );
}

/** The two candidates on the files that were given, or on a generated retailer. */
export async function demoCandidates(files: {
  readonly backtest?: string;
  readonly histories: readonly string[];
}): Promise<readonly Candidate[]> {
  const given = files.backtest === undefined ? null : await readGiven(files.backtest, files.histories);
  const made = given === null ? generateRetailer(1) : null;
  return [FIRST, SECOND].map((one) => ({
    ...one,
    artifact: artifact(one.version),
    backtest: given?.backtest ?? (one === FIRST ? made?.backtests.first : made?.backtests.second) ?? Buffer.alloc(0),
    history: given?.history ?? made?.history ?? Buffer.alloc(0),
  }));
}

async function readGiven(backtest: string, histories: readonly string[]) {
  const files = await Promise.all(histories.map((file) => readFile(file)));
  return { backtest: await readFile(backtest), history: joinHistories(files) };
}

const HISTORY_COLUMNS = ['sku', 'store', 'date', 'units'] as const;

/** One history file as it is; several CSV files as one, with the columns that a history needs. */
function joinHistories(files: readonly Buffer[]): Buffer {
  const [only] = files;
  if (files.length === 1 && only !== undefined) return only;
  const rows = files.flatMap((file) => {
    const [header = '', ...lines] = textOf(file).trimEnd().split(/\r?\n/);
    const at = HISTORY_COLUMNS.map((column) => header.split(',').indexOf(column));
    if (at.includes(-1)) throw new Error(`A history needs the columns ${HISTORY_COLUMNS.join(',')}; got ${header}.`);
    return lines.map((line) => {
      const cells = line.split(',');
      return at.map((index) => cells[index]).join(',');
    });
  });
  return gzipSync(`${HISTORY_COLUMNS.join(',')}\n${rows.join('\n')}\n`);
}

function textOf(file: Buffer): string {
  const gzip = file[0] === 0x1f && file[1] === 0x8b;
  return (gzip ? gunzipSync(file) : file).toString('utf8');
}
