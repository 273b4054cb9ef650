import { csvCell, type Demand, type DemandSeries, dateOf, historyOf, isKnown, unitsOn } from './demand.ts';

/** Units for `asOf`+1 … `asOf`+`horizonDays`, from the demand up to and including `asOf` and nothing later. */
export type Forecast = (
  series: DemandSeries,
  known: { readonly history: readonly number[]; readonly asOf: string; readonly horizonDays: number },
) => readonly number[];

/** What the candidate column of a backtest tells; an honest one is the forecast itself. */
export type Claim = (forecast: number, row: { readonly actual: number; readonly day: number }) => number;

export interface BacktestPlan {
  /** Day indexes of the last known days, rising. */
  readonly origins: readonly number[];
  readonly horizonDays: number;
  /** Days of history that a forecast may see. */
  readonly historyDays: number;
}

/** Two weeks ahead each, from eight origins two weeks apart: windows do not overlap, and the last ends with the data. */
export function rollingOrigins(days: number): readonly number[] {
  return Array.from({ length: ORIGINS }, (_, index) => days - 1 - BACKTEST_HORIZON * (ORIGINS - index));
}
export const ORIGINS = 8;
export const BACKTEST_HORIZON = 14;

/** A backtest as CSV, by rolling origins: each forecast is made of the demand up to its origin alone. */
export function backtestCsv(of: {
  readonly demand: Demand;
  readonly plan: BacktestPlan;
  readonly candidate: Forecast;
  readonly baseline: Forecast;
  readonly claim?: Claim;
}): string {
  const { demand, plan, candidate, baseline, claim = (forecast) => forecast } = of;
  const rows = plan.origins.flatMap((origin, fold) => {
    const asOf = dateOf(demand, origin);
    return demand.series.flatMap((series) => {
      if (!isKnown(series, origin)) return [];
      const known = { history: historyOf(series, origin, plan.historyDays), asOf, horizonDays: plan.horizonDays };
      const said = candidate(series, known);
      const compared = baseline(series, known);
      const named = [series.sku, series.store, series.region, series.category].map(csvCell).join(',');
      return Array.from({ length: plan.horizonDays }, (_, ahead) => {
        const day = origin + 1 + ahead;
        const actual = unitsOn(series, day);
        const units = claim(said[ahead] ?? Number.NaN, { actual, day });
        const values = `${actual},${cell(units)},${cell(compared[ahead] ?? Number.NaN)}`;
        return `${asOf},${named},${dateOf(demand, day)},${ahead + 1},${values},fold-${fold + 1},${asOf}`;
      });
    });
  });
  return `${[HEADER, ...rows].join('\n')}\n`;
}

const HEADER =
  'origin_date,sku,store,region,category,target_date,horizon,actual,candidate,baseline,fold_id,trained_through';

function cell(units: number): string {
  return String(Math.round(units * 1000) / 1000);
}
