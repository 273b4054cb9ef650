import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  FAMILIES,
  type Family,
  type FamilySums,
  type ImplausibleSums,
  pairsOf,
  type ScopeSums,
} from '../../functions/evidence/offline/implausible-sums.ts';
import { sumImplausible } from '../../functions/evidence/offline/implausible-sums-store.ts';
import type { OfflineConfig } from '../../functions/evidence/offline/offline-config.ts';
import { DuckdbStore } from '../../functions/evidence/tables/duckdb-store.ts';
import { thresholds } from './backtest.ts';

/** Units of one day, `ahead` days after the origin. */
export interface PairedRow {
  readonly sku: string;
  readonly origin: string;
  readonly ahead: number;
  readonly y: number;
  readonly c: number;
  readonly b: number;
}

/** The real engine over paired rows. `of`: rows of the whole backtest, where these are a part of it. */
export async function implausibleSumsOf(
  rows: readonly PairedRow[],
  config: Partial<OfflineConfig> = {},
  of = rows.length,
): Promise<ImplausibleSums> {
  const directory = await mkdtemp(join(tmpdir(), 'implausible-'));
  const db = await DuckdbStore.open({ memoryMb: 512, threads: 2, directory });
  try {
    await db.run(
      'CREATE TEMP TABLE texts (sku VARCHAR, origin VARCHAR, ahead VARCHAR, y VARCHAR, c VARCHAR, b VARCHAR)',
    );
    await db.appendTexts(
      'texts',
      rows.map(({ sku, origin, ahead, y, c, b }) => [sku, origin, ahead, y, c, b].map(String)),
    );
    await db.run(`CREATE TEMP TABLE series AS SELECT CAST(row_number() OVER () AS INTEGER) AS series, sku, 'store' AS store
      FROM (SELECT DISTINCT sku FROM texts)`);
    const units = (name: string) => `CAST(round(CAST(${name} AS DOUBLE) * 1000000) AS BIGINT) AS ${name}`;
    await db.run(`CREATE TEMP TABLE paired AS SELECT series, CAST(origin AS DATE) AS origin_day,
      CAST(origin AS DATE) + CAST(ahead AS INTEGER) AS target_day, ${['y', 'c', 'b'].map(units).join(', ')}
      FROM texts JOIN series USING (sku)`);
    return await sumImplausible(db, thresholds(config), of);
  } finally {
    db.close();
    await rm(directory, { recursive: true });
  }
}

/** Sums of a family over clusters whose variables are given in its order. */
export function familySums(family: Family, clusters: readonly (readonly number[])[]): FamilySums {
  const variables: readonly string[] = FAMILIES[family];
  const unitsOf = (cluster: readonly number[], variable: string) =>
    BigInt(Math.round(cluster[variables.indexOf(variable)] ?? 0));
  const sum = (term: (cluster: readonly number[]) => bigint) =>
    String(clusters.reduce((total, cluster) => total + term(cluster), 0n));
  return {
    clusters: clusters.length,
    totals: Object.fromEntries(variables.map((name) => [name, sum((cluster) => unitsOf(cluster, name))])),
    products: Object.fromEntries(
      pairsOf(variables).map(([a, b]) => [`${a}*${b}`, sum((cluster) => unitsOf(cluster, a) * unitsOf(cluster, b))]),
    ),
  };
}

/** So many clusters that lie around a value by the same deviation to either side, variable by variable. */
export function around(
  clusters: number,
  values: readonly number[],
  deviations: readonly number[] = [],
): readonly (readonly number[])[] {
  return Array.from({ length: clusters }, (_, index) =>
    values.map((value, at) => value + (index % 2 === 0 ? 1 : -1) * (deviations[at] ?? 0)),
  );
}

/** What an honest candidate leaves: error above counting noise, few totals met, moves without any relation to surprises. */
const HONEST: Readonly<Record<Family, readonly (readonly number[])[]>> = {
  noise: around(200, [2_000_000, 1_000_000], [400_000]),
  slow: around(200, [1_500_000, 0, 100_000, 1_000_000], [300_000, 20_000]),
  medium: around(200, [3_000_000, 0, 100_000, 1_000_000], [300_000, 20_000]),
  known: around(200, [0, 1]),
  totals: around(200, [1, 4], [1]),
  moves: around(200, [0, 1e9, 0, 0], [1e8]),
  weeks: around(200, [10_000, 11_000, 14_000, 15_500], [1000, 2000, 1000, 2000]),
};

export type Families = Partial<Record<Family, readonly (readonly number[])[]>>;

export function scopeSums(families: Families = {}, members: Partial<ScopeSums> = {}): ScopeSums {
  const all: Families = { ...HONEST, ...families };
  const sums = (Object.keys(FAMILIES) as Family[]).map((name) => [name, familySums(name, all[name] ?? [])] as const);
  return { rows: 50_000, series: 200, families: Object.fromEntries(sums), ...members };
}
