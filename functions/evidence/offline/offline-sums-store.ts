import * as z from 'zod';
import { ReleaseError } from '../../platform/errors.ts';
import { type DemandProfile, regimeOf, volumeBands } from '../statistics/segments.ts';
import { DuckdbStore, type EngineSettings } from '../tables/duckdb-store.ts';
import {
  BACKTEST_COLUMNS,
  emptyTable,
  HISTORY_COLUMNS,
  OPTIONAL_BACKTEST_COLUMNS,
  type TableName,
} from '../tables/inspect-backtest.ts';
import {
  GROUPS,
  HISTORY_COUNTS,
  leakageSql,
  MACROS,
  PAIR_ROWS,
  QUALITY,
  READ_HISTORY,
  READ_ROWS,
  SETTLE_DUPLICATES,
  SETTLE_HISTORY,
  VALUE_ADDED,
} from './offline-sql.ts';
import type { GroupSums, OfflineSums } from './offline-sums.ts';

/** Local paths of the two tables; what they are is told by their content. */
export interface OfflineFiles {
  readonly backtest: string;
  readonly history: string;
}

const count = z.union([z.bigint(), z.number()]).transform(Number);
const units = z.bigint().transform((micros) => Number(micros) / 1e6);

const quality = z.object({
  rows: count,
  bad_date: count,
  duplicate_rows: count,
  conflicting_keys: count,
  keys: count,
  missing_actual: count,
  invalid_actual: count,
  candidate_missing: count,
  candidate_nonfinite: count,
  candidate_negative: count,
  baseline_missing: count,
  baseline_nonfinite: count,
  baseline_negative: count,
  paired_rows: count,
});
const leakage = z.object({
  target_not_after_origin: count,
  horizon_mismatch: count,
  trained_past_origin: count,
  features_past_origin: count,
  folds_with_many_origins: count,
  without_training_cutoff: count,
  n_origins: count,
  span_days: count,
  exact_rows: count,
  exact_matches: count,
});
const valueAdded = z.object({
  rows: count,
  actual: units,
  candidateError: units,
  baselineError: units,
  naiveError: units,
});
const history = z.object({
  rows: count,
  bad_date: count,
  conflicting_keys: count,
  series_without_history: count,
  compared_rows: count,
  differing_rows: count,
});
const DIMENSIONS = ['region', 'category', 'regime', 'volume', 'horizon'] as const;
const text = z.string().nullable();
const group = z.object({
  ...{ region: text, category: text, regime: text, volume: text, horizon: text, origin: text },
  ...{ by_region: z.boolean(), by_category: z.boolean(), by_regime: z.boolean() },
  ...{ by_volume: z.boolean(), by_horizon: z.boolean(), by_origin: z.boolean() },
  ...{ rows: count, series: count, origins: count, actual: units, candidate: units, baseline: units },
  ...{ candidateError: units, baselineError: units },
});
type Group = z.infer<typeof group>;
const profile = z.object({
  ...{
    sku: z.string(),
    store: z.string(),
    days: count.nullable(),
    demand_days: count,
    total: units,
    squares: z.bigint(),
  },
});

/**
 * Reads a backtest and its demand history and answers their sums.
 * @throws ReleaseError UNUSABLE_EVIDENCE with all faults, when a file cannot be read, lacks columns or has no rows
 */
export async function readOfflineSums(
  files: OfflineFiles,
  options: { readonly engine: EngineSettings; readonly exactMinUnits: number },
): Promise<OfflineSums> {
  const engine = await DuckdbStore.open(options.engine);
  try {
    await engine.run(MACROS);
    await openFiles(engine, files);
    await engine.run(SETTLE_DUPLICATES);
    await engine.run(SETTLE_HISTORY);
    await classify(engine);
    await engine.run(PAIR_ROWS);
    return await collect(engine, options.exactMinUnits);
  } finally {
    engine.close();
  }
}

async function openFiles(engine: DuckdbStore, files: OfflineFiles): Promise<void> {
  const faults = [
    ...(await faultsOf(() => readTable(engine, 'BACKTEST', files.backtest))),
    ...(await faultsOf(() => readTable(engine, 'HISTORY', files.history))),
  ];
  if (faults.length > 0) {
    throw new ReleaseError('UNUSABLE_EVIDENCE', 'The evidence cannot be judged.', { reasons: faults });
  }
}

async function readTable(engine: DuckdbStore, table: TableName, path: string): Promise<void> {
  const backtest = table === 'BACKTEST';
  const columns = backtest ? [...BACKTEST_COLUMNS, ...OPTIONAL_BACKTEST_COLUMNS] : HISTORY_COLUMNS;
  const view = backtest ? 'backtest_file' : 'history_file';
  await engine.openTable({ table, path, view, columns });
  await engine.reading(table, backtest ? READ_ROWS : READ_HISTORY);
  const [read] = await engine.rows(
    `SELECT count(*) AS n FROM ${backtest ? 'rows' : 'history'}_typed`,
    z.object({ n: count }),
  );
  if (read?.n === 0) {
    throw new ReleaseError('UNUSABLE_EVIDENCE', 'The evidence has no rows.', { reasons: [emptyTable(table)] });
  }
}

/** Faults of one file, so that those of both are told at once. */
async function faultsOf(read: () => Promise<void>): Promise<ReleaseError['reasons']> {
  try {
    await read();
    return [];
  } catch (error) {
    if (error instanceof ReleaseError && error.code === 'UNUSABLE_EVIDENCE') return error.reasons;
    throw error;
  }
}

/** Volume band and regime of each series, from what was sold up to the first origin. */
async function classify(engine: DuckdbStore): Promise<void> {
  const profiles = await engine.rows('SELECT * EXCLUDE (first_sale) FROM profiles ORDER BY sku, store', profile);
  const sold = new Map<string, number>();
  for (const { sku, total } of profiles) sold.set(sku, (sold.get(sku) ?? 0) + total);
  const bands = volumeBands(sold);
  const rows = profiles.map((row) => [row.sku, row.store, regimeOf(demandOf(row)), bands.get(row.sku) ?? 'N']);
  await engine.appendTexts('classes', rows);
}

function demandOf(row: z.infer<typeof profile>): DemandProfile {
  return { days: row.days ?? 0, demandDays: row.demand_days, sum: row.total, sumOfSquares: Number(row.squares) / 1e12 };
}

async function collect(engine: DuckdbStore, exactMinUnits: number): Promise<OfflineSums> {
  const groups = await engine.rows(GROUPS, group);
  return {
    quality: await one(engine, QUALITY, quality),
    leakage: await one(engine, leakageSql(exactMinUnits), leakage),
    overall: sumsOf(groups.find((row) => !DIMENSIONS.some((name) => row[`by_${name}`]) && !row.by_origin)),
    valueAdded: await one(engine, VALUE_ADDED, valueAdded),
    folds: byName(
      groups.filter((row) => row.by_origin).map((row) => ({ origin: row.origin ?? '', ...sumsOf(row) })),
      (fold) => fold.origin,
    ),
    segments: byName(
      DIMENSIONS.flatMap((name) =>
        groups
          .filter((row) => row[`by_${name}`] && row[name] !== null)
          .map((row) => ({ segment: `${name}:${row[name]}`, ...sumsOf(row) })),
      ),
      (segment) => segment.segment,
    ),
    history: await one(engine, HISTORY_COUNTS, history),
  };
}

async function one<T>(engine: DuckdbStore, sql: string, row: z.ZodType<T>): Promise<T> {
  const [first] = await engine.rows(sql, row);
  if (first === undefined) throw new Error('A statement without grouping answered no row.');
  return first;
}

function sumsOf(row: Group | undefined): GroupSums {
  return {
    rows: row?.rows ?? 0,
    series: row?.series ?? 0,
    origins: row?.origins ?? 0,
    actual: row?.actual ?? 0,
    candidate: row?.candidate ?? 0,
    baseline: row?.baseline ?? 0,
    candidateError: row?.candidateError ?? 0,
    baselineError: row?.baselineError ?? 0,
  };
}

/** Sorted by code unit, which is the same on every machine. */
function byName<T>(rows: readonly T[], name: (row: T) => string): readonly T[] {
  return rows.toSorted((a, b) => (name(a) < name(b) ? -1 : 1));
}
