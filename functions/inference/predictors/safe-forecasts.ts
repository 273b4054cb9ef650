import type { BuiltIn } from './forecaster.ts';
import { SAFE_FORECAST, seasonalNaive, weekdayMean } from './seasonal-naive.ts';

/**
 * The forecasts that may serve where no version may, by the names that policies and pointer documents know them by. Each
 * needs nothing but the request and cannot fail. No name is a version's: a version has no hyphen.
 */
const FORECASTS = {
  [SAFE_FORECAST]: seasonalNaive,
  /** Steadier, and slower to follow: the mean of the last four same weekdays. */
  'weekday-mean': weekdayMean({ weeks: 4 }),
} as const satisfies Readonly<Record<string, BuiltIn>>;

export type SafeForecast = keyof typeof FORECASTS;

export const SAFE_FORECASTS = [SAFE_FORECAST, 'weekday-mean'] as const satisfies readonly SafeForecast[];

export function isSafeForecast(name: string): name is SafeForecast {
  return Object.hasOwn(FORECASTS, name);
}

/** The safe forecast of that name; seasonal naive where the name is unknown here, as to a reader older than the document. */
export function safeForecast(name: string): BuiltIn {
  return FORECASTS[isSafeForecast(name) ? name : SAFE_FORECAST];
}
