import { type BuiltIn, fromFirstSale, meanOf, perDay } from './forecaster.ts';
import { weekdayProfile } from './weekday-profile.ts';

export interface SmoothingParameters {
  /** Weight of the newest day in the level, above 0 and up to 1. */
  readonly smoothing: number;
  /** Weeks that the weekday profile is made of, at most. */
  readonly profileWeeks: number;
}

/** Days whose mean the level starts from. */
const START_DAYS = 28;

/**
 * Simple exponential smoothing (Brown 1959) of the level of one series, times its weekday profile: each day is divided by
 * its weekday's share before it moves the level. A weekday on which nothing is ever sold is forecast as 0 and moves
 * nothing.
 */
export function exponentialSmoothing({ smoothing, profileWeeks }: SmoothingParameters): BuiltIn {
  return ({ history, horizonDays }) => {
    const known = fromFirstSale(history);
    const share = weekdayProfile(known, profileWeeks);
    let level = meanOf(known.slice(0, START_DAYS));
    known.forEach((units, index) => {
      const usual = share(index - known.length + 1);
      if (usual > 0) level += smoothing * (units / usual - level);
    });
    return perDay(horizonDays, (days) => level * share(days));
  };
}
