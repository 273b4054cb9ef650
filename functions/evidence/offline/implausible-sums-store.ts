import * as z from 'zod';
import type { DuckdbStore } from '../tables/duckdb-store.ts';
import { classWindows, SUM_WEEKS, SUM_WINDOWS, sumClusters, sumFamilies, watchRows } from './implausible-sql.ts';
import {
  FAMILIES,
  type Family,
  type FamilySums,
  type ImplausibleSums,
  ORIGIN_FAMILIES,
  pairsOf,
  type ScopeSums,
  sampleOf,
} from './implausible-sums.ts';
import type { OfflineConfig } from './offline-config.ts';

/** Sums over the `paired` rows of all series, or of a sample where the whole backtest, `rows` long, is very large. */
export async function sumImplausible(db: DuckdbStore, config: OfflineConfig, rows: number): Promise<ImplausibleSums> {
  await db.run(watchRows(sampleOf(rows, config.implausible_max_rows)));
  await db.run(SUM_WEEKS);
  await db.run(SUM_WINDOWS);
  await db.run(classWindows(config));
  const whole = await readScopes(db, "'whole'", familyNames);
  const origins = await readScopes(db, 'origin_day', ORIGIN_FAMILIES);
  return {
    whole: whole.get('whole') ?? { rows: 0, series: 0, families: {} },
    origins: Object.fromEntries(origins),
  };
}

const familyNames: readonly Family[] = ['noise', 'slow', 'medium', 'known', 'totals', 'moves', 'weeks'];

const scopeRow = z.record(z.string(), z.union([z.string(), z.number(), z.bigint()]));

async function readScopes(
  db: DuckdbStore,
  group: string,
  families: readonly Family[],
): Promise<ReadonlyMap<string, ScopeSums>> {
  await db.run(sumClusters(group));
  const rows = await db.rows(sumFamilies(families), scopeRow);
  return new Map(
    rows.map((row) => [
      String(row['name']),
      {
        rows: Number(row['rows']),
        series: Number(row['series']),
        families: Object.fromEntries(families.map((family) => [family, familyOf(row, family)])),
      },
    ]),
  );
}

function familyOf(row: z.infer<typeof scopeRow>, family: Family): FamilySums {
  const variables: readonly string[] = FAMILIES[family];
  const named = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, String(row[`${family}:${name}`])]));
  return {
    clusters: Number(row[`${family}:clusters`]),
    totals: named(variables),
    products: named(pairsOf(variables).map(([a, b]) => `${a}*${b}`)),
  };
}
