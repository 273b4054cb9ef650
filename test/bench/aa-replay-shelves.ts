import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Unit } from '../../functions/inference/routing/unit.ts';
import { type Described, FIRST, forecastOf, GOOD } from '../../infra/demo/artifacts.ts';
import { type Demand, type DemandSeries, dateOf, historyOf, unitsOn } from '../../infra/demo/demand.ts';
import { coveredDays, openingStock, playDay, STOCK_RULES, type Stock } from '../../infra/demo/inventory.ts';
import { readDemand } from '../../infra/demo/read-demand.ts';
import { HISTORY_DAYS } from '../../infra/demo/replay.ts';
import { generatedDemand } from '../../infra/demo/retailer.ts';

const REAL = join(import.meta.dirname, '../../../shared/data/m5_wide.csv.gz');

/** Real demand where it is at hand, else the made-up retailer's. */
export function replayDemand(): { readonly demand: Demand; readonly source: string } {
  if (!existsSync(REAL)) {
    console.log(`No real demand at ${REAL}: the generated retailer stands in.`);
    return { demand: generatedDemand(1), source: 'generated retailer' };
  }
  const file = readDemand(readFileSync(REAL), 'm5_wide');
  if (!file.ok) throw new Error(file.faults.join('\n'));
  return { demand: file.demand, source: 'm5_wide' };
}

/** Days and series in one table each; a cell is `series * days + day`. */
export interface Shelves {
  readonly units: readonly Unit[];
  readonly days: number;
  readonly sold: Float64Array;
  readonly stockout: Uint8Array;
  readonly overstock: Float64Array;
  /** The forecast that was served and ordered by, and that of another model of nearly the same accuracy. */
  readonly served: Float64Array;
  readonly other: Float64Array;
}

/** Days in which shelves find to their usual fill. */
const WARM_UP = 21;

/** The last `days` of a demand as a shop would have lived them: each morning it orders by a model's forecasts. */
export function playShelves(
  demand: Demand,
  days: number,
  models: readonly [Described, Described] = [FIRST, GOOD],
): Shelves {
  const first = demand.days - days;
  const series = demand.series.filter((one) => one.start <= first - WARM_UP - 56);
  const cells = series.length * days;
  const shelves = {
    units: series.map(({ sku, store, region, category }) => ({ sku, store, region, category, segments: [] })),
    days,
    sold: new Float64Array(cells),
    stockout: new Uint8Array(cells),
    overstock: new Float64Array(cells),
    served: new Float64Array(cells),
    other: new Float64Array(cells),
  };
  const [serves, other] = [forecastOf(models[0]), forecastOf(models[1])];
  for (const [index, one] of series.entries()) {
    let stock: Stock | null = null;
    for (let day = first - WARM_UP; day < demand.days; day += 1) {
      const known = knownOf(demand, one, day);
      const forecasts = serves(one, known);
      const today = { demand: unitsOn(one, day), served: forecasts, past: known.history };
      const played = playDay(stock ?? openingStock(today, STOCK_RULES), today, STOCK_RULES);
      stock = played.stock;
      if (day < first) continue;
      const cell = index * days + day - first;
      shelves.sold[cell] = played.outcome.sold;
      shelves.stockout[cell] = played.outcome.stockout ? 1 : 0;
      shelves.overstock[cell] = played.outcome.overstock;
      shelves.served[cell] = forecasts[0] ?? 0;
      shelves.other[cell] = other(one, known)[0] ?? 0;
    }
  }
  return shelves;
}

/** What is known on the morning of a day. */
function knownOf(demand: Demand, series: DemandSeries, day: number) {
  const history = historyOf(series, day - 1, HISTORY_DAYS);
  return { history, asOf: dateOf(demand, day - 1), horizonDays: coveredDays(STOCK_RULES) };
}
