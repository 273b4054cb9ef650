import * as z from 'zod';
import type { Reason } from '../../platform/errors.ts';
import { isReleaseError, ReleaseError } from '../../platform/errors.ts';
import { volumeBands } from '../statistics/segments.ts';
import { MACROS } from '../tables/cell-sql.ts';
import { DuckdbStore, type EngineSettings, literal } from '../tables/duckdb-store.ts';
import { emptyTable, type TableName } from '../tables/inspect-backtest.ts';
import {
  type CanonicalSelect,
  type OfflineShape,
  selectHistory,
  selectRecorded,
  selectRows,
  shapeOf,
} from './offline-shape.ts';
import {
  decidingTexts,
  doDecide,
  FOLDS_WITH_MANY_ORIGINS,
  HISTORY_IS_SETTLED,
  KEYED,
  KNOWN_SERIES,
  nameThings,
  ORIGINS,
  READ_HISTORY,
  READ_HISTORY_TEXTS,
  ROWS_ARE_SETTLED,
  readRows,
  readTexts,
  SETTLE_HISTORY,
  SETTLE_ROWS,
  SKU_UNITS,
  SUSPECT_HISTORY,
  SUSPECT_ROWS,
} from './offline-sql.ts';
import type { OfflineFrame } from './offline-sums.ts';
import { NOTHING_RECORDED, REPLACE_RECORDED } from './offline-sums-sql.ts';

/** Local paths of the tables; what they are is told by their content. */
export interface OfflineFiles {
  readonly rows: string;
  readonly history: string;
  /** What was sold on the backtest's dates as it was recorded: `sku,store,date,units`. It replaces the submitted actuals. */
  readonly recordedActuals?: string;
  /** What the baseline forecast, as it was logged: `origin_date,sku,store,target_date,units`. */
  readonly recordedBaseline?: string;
}

/** Each date of a backtest once, in order. */
export interface BacktestDates {
  readonly origins: readonly string[];
  readonly targets: readonly string[];
}

/** What was recorded for dates that are only known once the backtest is read. */
export type ReadRecorded = (
  dates: BacktestDates,
) => Promise<Pick<OfflineFiles, 'recordedActuals' | 'recordedBaseline'>>;

/** The same tables in canonical form, as `splitOffline` writes them: one part of a backtest. */
export interface OfflineShardFiles {
  readonly rows: string;
  readonly history: string;
  readonly recordedActuals: string;
  readonly recordedBaseline: string;
}

export const count = z.union([z.bigint(), z.number()]).transform(Number);

/**
 * Opens submitted files as canonical tables and answers which columns there are.
 * @throws ReleaseError UNUSABLE_EVIDENCE with the faults of all files at once
 */
export async function openFiles(db: DuckdbStore, files: OfflineFiles): Promise<OfflineShape> {
  await db.run(MACROS);
  const rows = await attempt(async () => {
    const { source, columns } = await db.tableSource({ table: 'BACKTEST', path: files.rows });
    const shape = shapeOf(columns);
    await openView(db, 'offline_rows', { ...selectRows(columns, shape), source });
    await readNames(db, 'BACKTEST', readTexts(shape), 'row_texts');
    return shape;
  });
  const history = await attempt(async () => {
    const { source, columns } = await db.tableSource({ table: 'HISTORY', path: files.history });
    await openView(db, 'offline_history', { ...selectHistory(columns), source });
    await readNames(db, 'HISTORY', READ_HISTORY_TEXTS, 'history_texts');
  });
  const recorded = await attempt(() => openRecorded(db, files));
  const faults = [rows, history, recorded].flatMap((one) => one.faults);
  if (faults.length > 0 || rows.value === undefined) throw unusable(faults);
  return rows.value;
}

/** Opens one part of a backtest, which may be empty. */
export async function openShard(db: DuckdbStore, files: OfflineShardFiles, shape: OfflineShape): Promise<void> {
  await db.run(MACROS);
  const views = {
    ...{ offline_rows: files.rows, offline_history: files.history },
    ...{ recorded_actuals: files.recordedActuals, recorded_baseline: files.recordedBaseline },
  };
  for (const [view, path] of Object.entries(views)) {
    await db.run(`CREATE TEMP VIEW ${view} AS FROM read_parquet(${literal(path)})`);
  }
  await db.run(readTexts(shape));
  await db.run(READ_HISTORY_TEXTS);
}

/** Brings the canonical tables into the form in which they are summed: `rows_typed` and `history_typed`. */
export async function encodeTables(db: DuckdbStore, shape: OfflineShape): Promise<void> {
  await db.run(nameThings(shape));
  // The engine takes a CSV for a few rows, and would hold all of it in memory to look up the names in it.
  await db.run("SET disabled_optimizers = 'join_order,build_side_probe_side'");
  await db.reading('BACKTEST', readRows(shape, await fewestTexts(db, shape)));
  await db.compressWhenTight();
  await db.reading('HISTORY', READ_HISTORY);
  await db.compressWhenTight();
  await db.run('RESET disabled_optimizers');
  await db.run(KEYED);
}

/** The fewest texts by which a row finds its line; the last choice decides by definition. */
async function fewestTexts(db: DuckdbStore, shape: OfflineShape): Promise<readonly string[]> {
  const choices = decidingTexts(shape);
  for (const texts of choices) {
    const [found] = await db.rows(doDecide(texts), z.object({ alone: z.boolean() }));
    if (found?.alone === true) return texts;
  }
  return choices.at(-1) ?? [];
}

/** One row per key from here on, with recorded values in place of submitted ones. */
export async function settleRows(db: DuckdbStore): Promise<void> {
  await db.run(SUSPECT_ROWS);
  await db.run((await isEmpty(db, 'rows_suspect')) ? ROWS_ARE_SETTLED : SETTLE_ROWS);
  const nothing = (await isEmpty(db, 'recorded_actuals')) && (await isEmpty(db, 'recorded_baseline'));
  await db.run(nothing ? NOTHING_RECORDED : REPLACE_RECORDED);
}

/** One record per series and day from here on. The cutoff has to be set. */
export async function settleHistory(db: DuckdbStore): Promise<void> {
  await db.run(SUSPECT_HISTORY);
  await db.run((await isEmpty(db, 'history_suspect')) ? HISTORY_IS_SETTLED : SETTLE_HISTORY);
  await db.run(KNOWN_SERIES);
}

/** What is known of all rows that are open. */
export async function readOrigins(db: DuckdbStore): Promise<Omit<OfflineFrame, 'shape' | 'volumes'>> {
  const origins = await db.rows(ORIGINS, z.object({ origin: z.string(), n: count }));
  const [found] = await db.rows(FOLDS_WITH_MANY_ORIGINS, z.object({ folds: count }));
  return {
    origins: origins.map(({ origin }) => origin),
    folds_with_many_origins: found?.folds ?? 0,
    keyed_rows: origins.reduce((sum, { n }) => sum + n, 0),
  };
}

/** The first origin ends the history from which scales and demand classes are made. */
export async function setCutoff(db: DuckdbStore, origins: readonly string[]): Promise<void> {
  const [first] = origins;
  await db.run(
    `CREATE OR REPLACE TABLE cutoff AS SELECT CAST(${first === undefined ? 'NULL' : literal(first)} AS DATE) AS day`,
  );
}

/** Units up to the cutoff by SKU, of the history that is open. */
export async function readSkuUnits(db: DuckdbStore): Promise<ReadonlyMap<string, number>> {
  const rows = await db.rows(SKU_UNITS, z.object({ sku: z.string(), units: z.number() }));
  return new Map(rows.map(({ sku, units }) => [sku, units]));
}

export function volumesOf(units: ReadonlyMap<string, number>): OfflineFrame['volumes'] {
  return Object.fromEntries(volumeBands(units));
}

/**
 * Lends an engine. Numbers that are too large for it are a fault of the evidence.
 * @throws ReleaseError UNUSABLE_EVIDENCE
 */
export async function withEngine<T>(settings: EngineSettings, use: (db: DuckdbStore) => Promise<T>): Promise<T> {
  const db = await DuckdbStore.open(settings);
  try {
    await db.useCompressedTables();
    return await use(db);
  } catch (cause) {
    if (!isOutOfRange(cause)) throw cause;
    throw unusable([outOfRange], cause);
  } finally {
    db.close();
  }
}

const outOfRange = {
  code: 'BACKTEST_OUT_OF_RANGE',
  path: 'backtest',
  message: 'The numbers are so large that their sums cannot be held exactly.',
  allowed: 'units of a day as any series sells them, and forecasts like them',
  next: 'Look for forecasts that exploded, or for a wrong unit.',
};

function isOutOfRange(cause: unknown): boolean {
  return cause instanceof Error && /^(Out of Range Error|Conversion Error: .*out of range)/.test(cause.message);
}

/** Opens what was recorded for the dates of the rows that are encoded, in place of what was opened as such. */
export async function openRecordedLater(db: DuckdbStore, recorded: ReadRecorded): Promise<void> {
  await openRecorded(
    db,
    await recorded({ origins: await datesOf(db, 'origin'), targets: await datesOf(db, 'target') }),
  );
}

async function datesOf(db: DuckdbStore, which: 'origin' | 'target'): Promise<readonly string[]> {
  const day = `${which}_day`;
  const sql = `SELECT DISTINCT CAST(${day} AS VARCHAR) AS day FROM rows_typed WHERE ${day} IS NOT NULL ORDER BY 1`;
  return (await db.rows(sql, z.object({ day: z.string() }))).map((row) => row.day);
}

async function openView(
  db: DuckdbStore,
  view: string,
  { select, faults, source }: CanonicalSelect & { readonly source: string },
): Promise<void> {
  if (faults.length > 0) throw unusable(faults);
  await db.run(`CREATE OR REPLACE TEMP VIEW ${view} AS SELECT ${select} FROM ${source}`);
}

async function readNames(db: DuckdbStore, table: TableName, sql: string, names: string): Promise<void> {
  await db.reading(table, sql);
  if (await isEmpty(db, names)) throw unusable([emptyTable(table)]);
}

async function openRecorded(
  db: DuckdbStore,
  files: Pick<OfflineFiles, 'recordedActuals' | 'recordedBaseline'>,
): Promise<void> {
  const recorded = [
    ['RECORDED_ACTUALS', files.recordedActuals],
    ['RECORDED_BASELINE', files.recordedBaseline],
  ] as const;
  for (const [table, path] of recorded) {
    const { source, columns } =
      path === undefined
        ? { source: '(SELECT 1) WHERE false', columns: new Map() }
        : await db.tableSource({ table, path });
    await openView(db, table.toLowerCase(), { ...selectRecorded(table, columns), source });
    // Nothing of a broken file is seen before it is read.
    await db.reading(
      table,
      `CREATE OR REPLACE TABLE ${table.toLowerCase()}_rows AS SELECT count(*) AS n FROM ${table.toLowerCase()}`,
    );
  }
}

async function isEmpty(db: DuckdbStore, table: string): Promise<boolean> {
  return (await db.rows(`SELECT 1 AS one FROM ${table} LIMIT 1`, z.object({ one: z.number() }))).length === 0;
}

/** The faults of one file, so that those of all are told at once. */
async function attempt<T>(read: () => Promise<T>): Promise<{ readonly value?: T; readonly faults: readonly Reason[] }> {
  try {
    return { value: await read(), faults: [] };
  } catch (error) {
    if (isReleaseError(error, 'UNUSABLE_EVIDENCE')) return { faults: error.reasons };
    throw error;
  }
}

function unusable(reasons: readonly Reason[], cause?: unknown): ReleaseError {
  return new ReleaseError('UNUSABLE_EVIDENCE', 'The evidence cannot be judged.', { reasons: [...reasons], cause });
}
