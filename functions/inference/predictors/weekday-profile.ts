import { meanOf } from './forecaster.ts';

/**
 * Share of each weekday in the week's mean (1 is an average day), as a function of days relative to the end of the
 * history: 0 is its last day, 1 the day after, -6 the same weekday as 1.
 */
export type WeekdayProfile = (day: number) => number;

export const FLAT: WeekdayProfile = () => 1;

/**
 * Multiplicative weekday indices by ratio to the mean over the last whole weeks, `weeks` at most. Flat without one whole
 * week, or without a sale in it.
 */
export function weekdayProfile(history: readonly number[], weeks: number): WeekdayProfile {
  const whole = Math.min(weeks, Math.floor(history.length / 7));
  const recent = whole === 0 ? [] : history.slice(-7 * whole);
  const overall = meanOf(recent);
  if (overall === 0) return FLAT;
  const shares = new Array<number>(7).fill(0);
  recent.forEach((units, index) => {
    shares[index % 7] = (shares[index % 7] ?? 0) + units / whole / overall;
  });
  // The history's last day is the seventh of its last whole week.
  return (day) => shares[(((day + 6) % 7) + 7) % 7] ?? 1;
}
