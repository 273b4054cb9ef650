import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FIXED_THRESHOLDS, type OfflineThresholds } from '../../functions/evidence/offline/offline.ts';
import type { GroupSums, OfflineSums } from '../../functions/evidence/offline/offline-sums.ts';
import { readOfflineSums } from '../../functions/evidence/offline/offline-sums-store.ts';
import { policySchema } from '../../functions/registry/policy.ts';

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

/** Runs the real engine over two files with this content. */
export async function sumsOf(
  backtest: string | Uint8Array,
  history: string | Uint8Array = SOME_HISTORY,
): Promise<OfflineSums> {
  const directory = await mkdtemp(join(tmpdir(), 'backtest-'));
  const files = { backtest: join(directory, 'backtest'), history: join(directory, 'history') };
  try {
    await writeFile(files.backtest, backtest);
    await writeFile(files.history, history);
    return await readOfflineSums(files, { engine: { memoryMb: 512, threads: 2, directory }, exactMinUnits: 5 });
  } finally {
    await rm(directory, { recursive: true });
  }
}

export function thresholds(members: Partial<OfflineThresholds> = {}): OfflineThresholds {
  return { ...policySchema.parse({}).offline, ...FIXED_THRESHOLDS, ...members };
}

export function groupSums(members: Partial<GroupSums> = {}): GroupSums {
  const units = { actual: 10_000, candidate: 10_000, baseline: 10_000, candidateError: 900, baselineError: 1000 };
  return { rows: 1000, series: 50, origins: 4, ...units, ...members };
}

/** Sums of a candidate that passes under the default policy. */
export function goodSums(members: { readonly [K in keyof OfflineSums]?: Partial<OfflineSums[K]> } = {}): OfflineSums {
  const settled = { duplicate_rows: 0, conflicting_keys: 0, keys: 1000, missing_actual: 0, invalid_actual: 0 };
  const candidate = { candidate_missing: 0, candidate_nonfinite: 0, candidate_negative: 0 };
  const baseline = { baseline_missing: 0, baseline_nonfinite: 0, baseline_negative: 0 };
  return {
    quality: { rows: 1000, bad_date: 0, ...settled, ...candidate, ...baseline, paired_rows: 1000, ...members.quality },
    leakage: {
      ...{ target_not_after_origin: 0, horizon_mismatch: 0, trained_past_origin: 0, features_past_origin: 0 },
      ...{ folds_with_many_origins: 0, without_training_cutoff: 0, n_origins: 4, span_days: 84 },
      ...{ exact_rows: 500, exact_matches: 1 },
      ...members.leakage,
    },
    overall: groupSums(members.overall),
    valueAdded: {
      ...{ rows: 1000, actual: 10_000, candidateError: 900, baselineError: 1000, naiveError: 1100 },
      ...members.valueAdded,
    },
    folds: asList(members.folds),
    segments: asList(members.segments),
    history: {
      ...{
        rows: 5000,
        bad_date: 0,
        conflicting_keys: 0,
        series_without_history: 0,
        compared_rows: 0,
        differing_rows: 0,
      },
      ...members.history,
    },
  };
}

function asList<T>(list: Partial<readonly T[]> | undefined): readonly T[] {
  return Array.from({ length: list?.length ?? 0 }, (_, index) => list?.[index]).filter((one) => one !== undefined);
}
