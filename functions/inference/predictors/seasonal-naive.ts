import { type BuiltIn, meanOf, perDay } from './forecaster.ts';

/** The forecast that serves where no version may, by the name under which it is logged. It can be no version's name. */
export const SAFE_FORECAST = 'seasonal-naive';

/**
 * The mean of the last known `weeks` same weekdays; of as many as there are, and of all days where there is none.
 * One week is the seasonal naive method (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., 5.2):
 * the value at `7 * ceil(days ahead / 7)` days before the target.
 */
export function weekdayMean({ weeks }: { readonly weeks: number }): BuiltIn {
  return ({ history, horizonDays }) =>
    perDay(horizonDays, (days) => {
      const latest = history.length - 1 + days - 7 * Math.ceil(days / 7);
      const known: number[] = [];
      for (let at = latest; at >= 0 && known.length < weeks; at -= 7) known.push(history[at] ?? 0);
      return known.length > 0 ? meanOf(known) : meanOf(history);
    });
}

/** The latest known value of the same weekday: the safe forecast. It needs nothing but the request and cannot fail. */
export const seasonalNaive: BuiltIn = weekdayMean({ weeks: 1 });
