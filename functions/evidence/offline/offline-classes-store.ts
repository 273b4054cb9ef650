import * as z from 'zod';
import { adi, cv2, type DemandProfile, regimeOf } from '../statistics/segments.ts';
import type { DuckdbStore } from '../tables/duckdb-store.ts';
import { NAME_BACKTEST_SERIES, profilesOf } from './offline-sql.ts';
import { bySkuAndStore, type OfflineFrame, type SeriesProfile } from './offline-sums.ts';
import { count } from './offline-tables-store.ts';

/** Series that are looked at together: there may be more than fit into memory as objects. */
const PAGE = 20_000;

const texts = z.array(z.string());
const profiles = z.tuple([
  z.array(z.int()),
  texts,
  texts,
  z.array(z.boolean()),
  z.array(count),
  z.array(count),
  texts,
  texts,
]);

/**
 * Makes `classes`: regime and volume band of each series of the backtest, from what was sold up to the first origin.
 * Answers those of the series that have a row left, in order of SKU and store.
 */
export async function classifySeries(db: DuckdbStore, { volumes }: OfflineFrame): Promise<readonly SeriesProfile[]> {
  const bands = new Map(Object.entries(volumes));
  const classed: SeriesProfile[] = [];
  await db.run(NAME_BACKTEST_SERIES);
  await db.run('CREATE TABLE class_texts (series VARCHAR, regime VARCHAR, volume VARCHAR)');
  const [found] = await db.rows('SELECT coalesce(max(series), 0) AS last FROM series', z.object({ last: count }));
  for (let after = 0; after < (found?.last ?? 0); after += PAGE) {
    const [series, skus, stores, listed, ...demands] = await db.columns(
      profilesOf({ after, upTo: after + PAGE }),
      profiles,
    );
    const rows = series.map((number, index) => {
      const [sku = '', store = ''] = [skus[index], stores[index]];
      const demand = demandOf(demands, index);
      const [regime, volume] = [regimeOf(demand), bands.get(sku) ?? 'N'] as const;
      if (listed[index] === true) classed.push({ sku, store, regime, volume, adi: adi(demand), cv2: cv2(demand) });
      return [String(number), regime, volume];
    });
    await db.appendTexts('class_texts', rows);
  }
  await db.run('CREATE TABLE classes AS SELECT CAST(series AS INTEGER) AS series, regime, volume FROM class_texts');
  return classed.sort(bySkuAndStore);
}

type Demands = readonly [
  days: readonly number[],
  demandDays: readonly number[],
  totals: readonly string[],
  squares: readonly string[],
];

function demandOf([days, demandDays, totals, squares]: Demands, index: number): DemandProfile {
  return {
    ...{ days: days[index] ?? 0, demandDays: demandDays[index] ?? 0 },
    ...{ sum: BigInt(totals[index] ?? 0), sumOfSquares: BigInt(squares[index] ?? 0) },
  };
}
