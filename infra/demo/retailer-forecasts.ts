import type { Series } from './retailer-demand.ts';

/**
 * A forecaster sees the demand up to and including the origin and nothing later: it is handed a cut-off copy.
 * Its answer is units per day for origin + 1 … origin + horizon, one list per series.
 */
export type Forecaster = (past: readonly Series[], horizon: number) => readonly (readonly number[])[];

/** The latest known value of the same weekday: the safe forecast. */
export const seasonalNaive: Forecaster = (past, horizon) =>
  past.map(({ units }) =>
    days(horizon).map((ahead) => units[units.length - 1 + ahead - 7 * Math.ceil(ahead / 7)] ?? 0),
  );

/** The mean of the last four same weekdays. */
export const weekdayMean: Forecaster = (past, horizon) =>
  past.map(({ units }) =>
    days(horizon).map((ahead) => {
      const latest = units.length - 1 + ahead - 7 * Math.ceil(ahead / 7);
      return mean([0, 1, 2, 3].map((weeks) => units[latest - 7 * weeks] ?? 0));
    }),
  );

/** Days of the past that the weekday profiles are made of: half a year. */
const PROFILE_DAYS = 182;
const SMOOTHING = 0.08;

/** Exponential smoothing of the level, times a weekday profile shared by the products of a category in a shop. */
export const smoothedLevel: Forecaster = (past, horizon) => {
  const profiles = new Map<string, readonly number[]>();
  for (const group of new Set(past.map(groupOf))) {
    profiles.set(group, weekdayProfile(past.filter((series) => groupOf(series) === group)));
  }
  return past.map((series) => {
    const profile = profiles.get(groupOf(series)) ?? [];
    const share = (day: number) => profile[day % 7] || 1;
    const start = mean(series.units.slice(0, 28));
    const level = series.units.reduce((so, units, day) => so + SMOOTHING * (units / share(day) - so), start);
    return days(horizon).map((ahead) => level * share(series.units.length - 1 + ahead));
  });
};

/** As smoothedLevel, but systematically low: what a model trained on the absolute error of slow movers tends to. */
export const underforecast: Forecaster = (past, horizon) =>
  smoothedLevel(past, horizon).map((forecast) => forecast.map((units) => 0.7 * units));

function groupOf(series: Series): string {
  return `${series.category} ${series.store}`;
}

function weekdayProfile(group: readonly Series[]): readonly number[] {
  const sums = new Array<number>(7).fill(0);
  for (const { units } of group) {
    for (let day = Math.max(0, units.length - PROFILE_DAYS); day < units.length; day += 1) {
      sums[day % 7] = (sums[day % 7] ?? 0) + (units[day] ?? 0);
    }
  }
  const average = mean(sums);
  return sums.map((sum) => (average === 0 ? 1 : sum / average));
}

function days(horizon: number): readonly number[] {
  return Array.from({ length: horizon }, (_, index) => index + 1);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
