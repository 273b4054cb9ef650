import { gzipSync } from 'node:zlib';
import { DAYS, dateOf, generateDemand, type Series, seededRandom } from './retailer-demand.ts';
import { type Forecaster, seasonalNaive, smoothedLevel, underforecast, weekdayMean } from './retailer-forecasts.ts';

/** Gzipped CSV files in the form that a pipeline hands in. */
export interface Retailer {
  readonly history: Buffer;
  readonly backtests: {
    /** Mean of the last same weekdays, against the safe forecast. */
    readonly first: Buffer;
    /** Smoothed level with a weekday profile, against the first. */
    readonly second: Buffer;
    /** Systematically too low, against the first. */
    readonly biased: Buffer;
  };
}

const HORIZON_DAYS = 14;
/** Eight origins two weeks apart; their windows do not overlap, and the last one ends with the data. */
const ORIGINS = Array.from({ length: 8 }, (_, index) => DAYS - 1 - HORIZON_DAYS * (8 - index));

/**
 * A made-up retailer with two years of daily demand, and backtests of three candidates over the last sixteen weeks.
 * Each forecast is computed from the demand up to its origin. The same seed gives the same bytes.
 */
export function generateRetailer(seed: number): Retailer {
  const demand = generateDemand(seededRandom(seed));
  return {
    history: gzipSync(historyCsv(demand)),
    backtests: {
      first: gzipSync(backtestCsv(demand, weekdayMean, seasonalNaive)),
      second: gzipSync(backtestCsv(demand, smoothedLevel, weekdayMean)),
      biased: gzipSync(backtestCsv(demand, underforecast, weekdayMean)),
    },
  };
}

function historyCsv(demand: readonly Series[]): string {
  const dates = Array.from({ length: DAYS }, (_, day) => dateOf(day));
  const rows = demand.flatMap(({ sku, store, region, category, units }) =>
    units.map((sold, day) => `${dates[day]},${sku},${store},${region},${category},${sold}`),
  );
  return csv('date,sku,store,region,category,units', rows);
}

function backtestCsv(demand: readonly Series[], candidate: Forecaster, baseline: Forecaster): string {
  const rows = ORIGINS.flatMap((origin, fold) => {
    const past = demand.map((series) => ({ ...series, units: series.units.slice(0, origin + 1) }));
    const forecasts = candidate(past, HORIZON_DAYS);
    const compared = baseline(past, HORIZON_DAYS);
    return demand.flatMap((series, index) =>
      Array.from({ length: HORIZON_DAYS }, (_, ahead) => {
        const target = origin + 1 + ahead;
        const forecast = forecasts[index]?.[ahead]?.toFixed(3);
        const other = compared[index]?.[ahead]?.toFixed(3);
        const key = [
          dateOf(origin),
          series.sku,
          series.store,
          series.region,
          series.category,
          dateOf(target),
          ahead + 1,
        ];
        return [...key, series.units[target], forecast, other, `fold-${fold + 1}`, dateOf(origin)].join(',');
      }),
    );
  });
  const header =
    'origin_date,sku,store,region,category,target_date,horizon,actual,candidate,baseline,fold_id,trained_through';
  return csv(header, rows);
}

function csv(header: string, rows: readonly string[]): string {
  return `${[header, ...rows].join('\n')}\n`;
}
