import * as z from 'zod';
import type { DuckdbStore, EngineSettings } from '../tables/duckdb-store.ts';
import { isAsked } from './implausible-sums.ts';
import { sumImplausible } from './implausible-sums-store.ts';
import { classifySeries } from './offline-classes-store.ts';
import type { OfflineConfig } from './offline-config.ts';
import type { Model, OfflineShape } from './offline-shape.ts';
import { DROP_ACTIVE, profileHistory } from './offline-sql.ts';
import {
  additive,
  type FoldSums,
  type GroupSums,
  type OfflineFrame,
  type OfflineSums,
  type QuantileSums,
} from './offline-sums.ts';
import {
  bucketName,
  COUNT_HISTORY,
  countRows,
  crossGroup,
  type Dimension,
  FOLD_SERIES,
  GROUP_CROSSINGS,
  GROUP_ORIGINS,
  GROUP_SERIES,
  KEPT_ORIGINS,
  KNOWN_DAYS,
  pairRows,
  SCALED,
  SUM_CELLS,
  SUM_SERIES,
  sumQuantiles,
  sumRows,
} from './offline-sums-sql.ts';
import {
  count,
  encodeTables,
  type OfflineFiles,
  type OfflineShardFiles,
  openFiles,
  openRecordedLater,
  openShard,
  type ReadRecorded,
  readOrigins,
  readSkuUnits,
  setCutoff,
  settleHistory,
  settleRows,
  volumesOf,
  withEngine,
} from './offline-tables-store.ts';

/**
 * Reads a backtest and its demand history and answers their sums. `recorded` is asked once the dates are known.
 * @throws ReleaseError UNUSABLE_EVIDENCE with all faults, when a file cannot be read, lacks columns or has no rows, or
 *   holds numbers whose sums are beyond all bounds
 */
export async function readOfflineSums(
  files: OfflineFiles,
  config: OfflineConfig,
  engine: EngineSettings,
  recorded?: ReadRecorded,
): Promise<OfflineSums> {
  return withEngine(engine, async (db) => {
    const shape = await openFiles(db, files);
    await encodeTables(db, shape);
    if (recorded !== undefined) await openRecordedLater(db, recorded);
    const known = await readOrigins(db);
    await setCutoff(db, known.origins);
    await settleRows(db);
    await settleHistory(db);
    const volumes = volumesOf(await readSkuUnits(db));
    return sumTables(db, { shape, ...known, volumes }, config);
  });
}

/**
 * Sums of one part of a backtest, which is added to the others by `mergeOffline`.
 * @throws ReleaseError UNUSABLE_EVIDENCE for sums beyond all bounds
 */
export async function sumOfflineShard(
  files: OfflineShardFiles,
  frame: OfflineFrame,
  config: OfflineConfig,
  engine: EngineSettings,
): Promise<OfflineSums> {
  return withEngine(engine, async (db) => {
    await openShard(db, files, frame.shape);
    await encodeTables(db, frame.shape);
    await setCutoff(db, frame.origins);
    await settleRows(db);
    await settleHistory(db);
    return sumTables(db, frame, config);
  });
}

async function sumTables(db: DuckdbStore, frame: OfflineFrame, config: OfflineConfig): Promise<OfflineSums> {
  await db.run(profileHistory(config.season));
  await db.run(DROP_ACTIVE);
  const series = await classifySeries(db, frame);
  await db.run(pairRows(config));
  await db.run(SUM_CELLS);
  await db.compressWhenTight();
  await db.run(SUM_SERIES);
  await db.run(KNOWN_DAYS);
  const { shape } = frame;
  const sums = additive.parse({
    counts: await one(db, countRows(shape), numbers),
    origins: await readOriginRows(db),
    ...(await sumGroups(db, shape, config)),
    scaled: await one(db, SCALED, numbers),
    rows: await one(db, sumRows(config), numbers),
    quantiles: {
      ...(await readQuantiles(db, shape, 'cand')),
      ...(await readQuantiles(db, shape, 'base')),
    },
    history: {
      ...(await one(db, COUNT_HISTORY, numbers)),
      series_without_sales: series.filter(({ regime }) => regime === 'none').length,
    },
    recorded: await one(db, 'FROM recorded_counts', numbers),
    ...(isAsked(config, frame.keyed_rows) ? { implausible: await sumImplausible(db, config, frame.keyed_rows) } : {}),
  });
  return { ...sums, shape, folds_with_many_origins: frame.folds_with_many_origins, series };
}

/** A row of counts and of sums as text. */
const numbers = z.record(z.string(), z.union([count, z.string()]));

async function readOriginRows(db: DuckdbStore): Promise<OfflineSums['origins']> {
  const rows = await db.rows(KEPT_ORIGINS, z.object({ origin: z.string(), n: count }));
  return Object.fromEntries(rows.map(({ origin, n }) => [origin, n]));
}

const products = { clusters: count, aa: z.string(), ab: z.string(), bb: z.string() };
const totals = { n: count, y: z.string(), c: z.string(), b: z.string(), ec: z.string(), eb: z.string() };
const crossingRow = z.object({ name: z.string(), ...totals, ...products });
const seriesRow = z.object({ name: z.string(), ...products });
const originRow = z.object({ name: z.string(), origin: z.string(), n: count, ec: z.string(), eb: z.string() });

async function sumGroups(
  db: DuckdbStore,
  { category }: OfflineShape,
  config: OfflineConfig,
): Promise<Pick<OfflineSums, 'groups' | 'folds'>> {
  const groups = new Map<string, GroupSums>();
  let folds: OfflineSums['folds'] = {};
  for (const dimension of dimensions(category)) {
    await db.run(crossGroup(dimension));
    const named = (name: string) => (dimension === 'horizon' ? bucketName(config, Number(name)) : name);
    for (const group of await readGroups(db)) groups.set(named(group.name), group.sums);
    if (dimension === 'overall') folds = await readFolds(db);
  }
  return { groups: Object.fromEntries(groups), folds };
}

function dimensions(category: boolean): readonly Dimension[] {
  const names: readonly Dimension[] = ['overall', 'region', 'regime', 'volume', 'horizon'];
  return category ? [...names, 'category'] : names;
}

async function readGroups(db: DuckdbStore): Promise<readonly { readonly name: string; readonly sums: GroupSums }[]> {
  const bySeries = new Map((await db.rows(GROUP_SERIES, seriesRow)).map(({ name, ...sums }) => [name, sums]));
  const byOrigin = Map.groupBy(await db.rows(GROUP_ORIGINS, originRow), ({ name }) => name);
  return (await db.rows(GROUP_CROSSINGS, crossingRow)).map(({ name, clusters, aa, ab, bb, ...total }) => ({
    name,
    sums: {
      ...total,
      bySeries: bySeries.get(name) ?? { clusters: 0, aa: '0', ab: '0', bb: '0' },
      bySeriesAndOrigin: { clusters, aa, ab, bb },
      origins: Object.fromEntries(
        (byOrigin.get(name) ?? []).map(({ origin, n, ec, eb }) => [origin, { n, ec, eb }] as const),
      ),
    },
  }));
}

async function readFolds(db: DuckdbStore): Promise<OfflineSums['folds']> {
  const rows = await db.rows(FOLD_SERIES, crossingRow);
  return Object.fromEntries(
    rows.map(({ name, clusters, aa, ab, bb, ...total }): readonly [string, FoldSums] => [
      name,
      { ...total, bySeries: { clusters, aa, ab, bb } },
    ]),
  );
}

async function readQuantiles(
  db: DuckdbStore,
  shape: OfflineShape,
  model: Model,
): Promise<Partial<Record<Model, QuantileSums>>> {
  const levels = shape.quantiles[model];
  if (levels.length === 0) return {};
  const sums = await one(db, sumQuantiles(shape, model), numbers);
  const text = (name: string) => String(sums[name]);
  const whole = (name: string) => Number(sums[name]);
  return {
    [model]: {
      ...{ n: whole('n'), y: text('y'), crossing: whole('crossing') },
      levels: Object.fromEntries(
        levels.map(({ column }) => [
          column,
          {
            ...{ above: text(`${column}_above`), below: text(`${column}_below`) },
            ...{ le: whole(`${column}_le`), lt: whole(`${column}_lt`) },
          },
        ]),
      ),
    },
  };
}

async function one<T>(db: DuckdbStore, sql: string, row: z.ZodType<T>): Promise<T> {
  const [first] = await db.rows(sql, row);
  if (first === undefined) throw new Error('A statement without grouping answered no row.');
  return first;
}
