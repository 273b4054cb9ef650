import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgeOffline } from '../../functions/evidence/offline/offline.ts';
import { type OfflineConfig, offlineConfig } from '../../functions/evidence/offline/offline-config.ts';
import type { OfflineResult } from '../../functions/evidence/offline/offline-result.ts';
import { splitOffline } from '../../functions/evidence/offline/offline-shards-store.ts';
import {
  type FoldSums,
  type GroupSums,
  mergeOffline,
  type OfflineSums,
  offlineFrame,
  offlineSums,
} from '../../functions/evidence/offline/offline-sums.ts';
import { readOfflineSums, sumOfflineShard } from '../../functions/evidence/offline/offline-sums-store.ts';
import type { OfflineFiles } from '../../functions/evidence/offline/offline-tables-store.ts';
import type { EngineSettings } from '../../functions/evidence/tables/duckdb-store.ts';

/** One backtest row as text; members left out are filled with a row that is fine. */
export type Row = Readonly<Record<string, string | number>>;

export const BACKTEST_HEADER =
  'origin_date,sku,store,region,target_date,horizon,actual,candidate,baseline,category,fold_id,trained_through,features_asof';

export function row(members: Row = {}): Row {
  return {
    origin_date: '2026-01-05',
    sku: 'milk',
    store: 'harbour',
    region: 'north',
    target_date: '2026-01-06',
    horizon: 1,
    actual: 10,
    candidate: 9,
    baseline: 8,
    category: 'fresh',
    fold_id: '',
    trained_through: '2026-01-05',
    features_asof: '',
    ...members,
  };
}

export function csvOf(header: string, rows: readonly Row[]): string {
  const names = header.split(',');
  return `${[header, ...rows.map((one) => names.map((name) => String(one[name] ?? '')).join(','))].join('\n')}\n`;
}

export function backtestCsv(rows: readonly Row[]): string {
  return csvOf(BACKTEST_HEADER, rows);
}

export function historyCsv(rows: readonly Row[]): string {
  return csvOf('sku,store,date,units', rows);
}

export const SOME_HISTORY = historyCsv([{ sku: 'milk', store: 'harbour', date: '2026-01-01', units: 3 }]);

type Content = string | Uint8Array;

/** What a backtest comes with; the rest is as the contract has it by default. */
export interface Beside {
  readonly history?: Content;
  readonly config?: Partial<OfflineConfig>;
  /** `sku,store,date,units` and `origin_date,sku,store,target_date,units`, as recorded by the system. */
  readonly recordedActuals?: Content;
  readonly recordedBaseline?: Content;
}

/** Runs the real engine over files with this content. */
export async function sumsOf(backtest: Content, beside: Beside = {}): Promise<OfflineSums> {
  return withTables(backtest, beside, (files, engine) => readOfflineSums(files, thresholds(beside.config), engine));
}

/** As `sumsOf`, by so many parts that are written down and read again, and added in another order. */
export async function sumsInParts(backtest: Content, beside: Beside, shards: number): Promise<OfflineSums> {
  return withTables(backtest, beside, async (files, engine) => {
    const { frame, shardFiles } = await splitOffline(files, { shards, directory: engine.directory }, engine);
    const parts: OfflineSums[] = [];
    for (const one of shardFiles) {
      const known = offlineFrame.parse(JSON.parse(JSON.stringify(frame)));
      const sums = await sumOfflineShard(one, known, thresholds(beside.config), engine);
      parts.push(offlineSums.parse(JSON.parse(JSON.stringify(sums))));
    }
    return mergeOffline(parts.toReversed());
  });
}

async function withTables<T>(
  backtest: Content,
  { history = SOME_HISTORY, recordedActuals, recordedBaseline }: Beside,
  use: (files: OfflineFiles, engine: EngineSettings) => Promise<T>,
): Promise<T> {
  return withFiles({ rows: backtest, history, recordedActuals, recordedBaseline }, (paths, directory) =>
    use({ rows: '', history: '', ...paths }, { memoryMb: 512, threads: 2, directory }),
  );
}

/** As the bare judge answers. */
export async function resultOf(backtest: Content, beside: Beside = {}): Promise<OfflineResult> {
  return judgeOffline(await sumsOf(backtest, beside), thresholds(beside.config)).result;
}

/** Lends files with this content. */
export async function withFiles<T>(
  contents: Readonly<Record<string, Content | undefined>>,
  use: (paths: Readonly<Record<string, string>>, directory: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'backtest-'));
  const paths: Record<string, string> = {};
  try {
    for (const [name, content] of Object.entries(contents)) {
      if (content === undefined) continue;
      paths[name] = join(directory, name);
      await writeFile(paths[name], content);
    }
    return await use(paths, directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

export function thresholds(members: Partial<OfflineConfig> = {}): OfflineConfig {
  return offlineConfig.parse(members);
}

/** A group of rows in units, with the same errors for each series at each origin, so that nothing is left to chance. */
export interface Group {
  readonly rows: number;
  readonly series: number;
  readonly origins: number;
  readonly actual: number;
  readonly candidate: number;
  readonly baseline: number;
  readonly candidateError: number;
  readonly baselineError: number;
  /** Series of which every second is this much better for the candidate, and the others as much worse; 0 without chance. */
  readonly spread: number;
}

export function group(members: Partial<Group> = {}): Group {
  const units = { actual: 10_000, candidate: 10_000, baseline: 10_000, candidateError: 900, baselineError: 1000 };
  return { rows: 1000, series: 50, origins: 4, ...units, spread: 0, ...members };
}

const micro = (units: number) => BigInt(Math.round(units * 1e6));

/** Sums of squares and products over clusters in which the candidate's errors alternate by the spread. */
function clustersOf(one: Group, clusters: number) {
  const [a, b, d] = [
    one.candidateError / clusters,
    one.baselineError / clusters,
    (one.spread * one.candidateError) / clusters,
  ];
  const [high, low] = [micro(a + d), micro(a - d)];
  const [half, other] = [BigInt(Math.ceil(clusters / 2)), BigInt(Math.floor(clusters / 2))];
  return {
    clusters,
    aa: String(half * high * high + other * low * low),
    ab: String((half * high + other * low) * micro(b)),
    bb: String(BigInt(clusters) * micro(b) ** 2n),
  };
}

export function foldSums(members: Partial<Group> = {}): FoldSums {
  const one = group({ origins: 1, ...members });
  return {
    n: one.rows,
    ...{ y: String(micro(one.actual)), c: String(micro(one.candidate)), b: String(micro(one.baseline)) },
    ...{ ec: String(micro(one.candidateError)), eb: String(micro(one.baselineError)) },
    bySeries: clustersOf(one, one.series),
  };
}

export function groupSums(members: Partial<Group> = {}): GroupSums {
  const one = group(members);
  const share = (units: number) => String(micro(units / one.origins));
  return {
    ...foldSums(one),
    bySeriesAndOrigin: clustersOf(one, one.series * one.origins),
    origins: Object.fromEntries(
      Array.from({ length: one.origins }, (_, index) => [
        `2026-0${1 + (index % 9)}-05`,
        { n: Math.round(one.rows / one.origins), ec: share(one.candidateError), eb: share(one.baselineError) },
      ]),
    ),
  };
}

/** What may be said of the sums of a backtest that is fine otherwise. */
export interface Backtest {
  readonly counts?: Partial<OfflineSums['counts']>;
  readonly rows?: Partial<OfflineSums['rows']>;
  readonly history?: Partial<OfflineSums['history']>;
  readonly recorded?: Partial<OfflineSums['recorded']>;
  readonly overall?: Partial<Group>;
  readonly segments?: Readonly<Record<string, Partial<Group>>>;
  readonly folds?: Readonly<Record<string, Partial<Group>>>;
  readonly origins?: readonly string[];
  readonly folds_with_many_origins?: number;
}

/** Sums of a candidate that passes under the default policy. */
export function goodSums(backtest: Backtest = {}): OfflineSums {
  const { overall = {}, segments = {}, folds = {} } = backtest;
  const { origins = ['2026-01-05', '2026-02-05', '2026-03-05', '2026-04-05'] } = backtest;
  const nothing = { bad_date: 0, conflicting_keys: 0, series_without_sales: 0, compared_rows: 0, differing_rows: 0 };
  return {
    shape: { category: false, fold: true, trained: true, features: false, quantiles: { cand: [], base: [] } },
    folds_with_many_origins: backtest.folds_with_many_origins ?? 0,
    counts: {
      ...{ rows: 1000, keyed_rows: 1000, kept_rows: 1000, duplicate_rows: 0, conflicting_keys: 0 },
      ...{ missing_actual: 0, invalid_actual: 0, candidate_missing: 0, candidate_nonfinite: 0, candidate_negative: 0 },
      ...{ baseline_missing: 0, baseline_nonfinite: 0, baseline_negative: 0, target_not_after_origin: 0 },
      ...{ horizon_mismatch: 0, trained_past_origin: 0, features_past_origin: 0, without_training_cutoff: 0 },
      ...backtest.counts,
    },
    origins: Object.fromEntries(origins.map((origin) => [origin, 250])),
    groups: {
      overall: groupSums(overall),
      ...Object.fromEntries(Object.entries(segments).map(([name, members]) => [name, groupSums(members)])),
    },
    folds: Object.fromEntries(Object.entries(folds).map(([origin, members]) => [origin, foldSums(members)])),
    scaled: {
      ...{
        mase_series: 0,
        mase_skipped: 50,
        rmsse_series: 0,
        squares_c: '0',
        squares_b: '0',
        mase_c: '0',
        mase_b: '0',
      },
      ...{ rmsse_c: '0', rmsse_b: '0', wrmsse_c: '0', wrmsse_b: '0', weights: '0' },
    },
    rows: {
      ...{ paired_rows: 1000, smape_c: '0', smape_b: '0', exact_rows: 500, exact_matches: 1, naive_rows: 1000 },
      ...{ naive_y: '10000000000', naive_ec: '900000000', naive_eb: '1000000000', naive_en: '1100000000' },
      ...backtest.rows,
    },
    quantiles: {},
    history: { rows: 5000, ...nothing, ...backtest.history },
    recorded: {
      ...{ actuals_compared: 0, actuals_differing: 0, baseline_compared: 0, baseline_differing: 0 },
      ...backtest.recorded,
    },
    series: [],
  };
}
