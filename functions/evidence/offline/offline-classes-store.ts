import * as z from 'zod';
import { adi, cv2, type DemandProfile, regimeOf } from '../statistics/segments.ts';
import type { DuckdbStore } from '../tables/duckdb-store.ts';
import { NAME_BACKTEST_SERIES, profilesOf } from './offline-sql.ts';
import { bySkuAndStore, type OfflineFrame, type SeriesProfile } from './offline-sums.ts';
import { count } from './offline-tables-store.ts';

/** Series that are looked at together: there may be more than fit into memory as objects. */
const PAGE = 20_000;

const profile = z.object({
  ...{ series: count, sku: z.string(), store: z.string(), listed: z.boolean() },
  ...{ days: count, demand_days: count, total: z.string(), squares: z.string() },
});

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
    const page = await db.rows(profilesOf({ after, upTo: after + PAGE }), profile);
    const texts = page.map(({ series, sku, store, listed, ...row }) => {
      const demand = demandOf(row);
      const [regime, volume] = [regimeOf(demand), bands.get(sku) ?? 'N'] as const;
      if (listed) classed.push({ sku, store, regime, volume, adi: adi(demand), cv2: cv2(demand) });
      return [String(series), regime, volume];
    });
    await db.appendTexts('class_texts', texts);
  }
  await db.run('CREATE TABLE classes AS SELECT CAST(series AS INTEGER) AS series, regime, volume FROM class_texts');
  return classed.sort(bySkuAndStore);
}

type DemandRow = Pick<z.infer<typeof profile>, 'days' | 'demand_days' | 'total' | 'squares'>;

function demandOf({ days, demand_days, total, squares }: DemandRow): DemandProfile {
  return { days, demandDays: demand_days, sum: BigInt(total), sumOfSquares: BigInt(squares) };
}
