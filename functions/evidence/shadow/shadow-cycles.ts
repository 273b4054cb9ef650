import { plusDays } from '../../platform/duration.ts';
import type { ShadowConfig } from './shadow-config.ts';
import type { DaySums, LookScope, ShadowCycle } from './shadow-sums.ts';

type CycleRule = Pick<ShadowConfig, 'cycle_days' | 'cycle_min_actual_share'>;

/** Far below any share of rows and far above the rounding of a product. */
const EQUAL = 1e-9;

/**
 * Whole demand cycles, counted from the first target day that has a key. Complete is one with all its days and with
 * enough known actuals: those that are missing are not known yet, all others are. Cycles without a key are not listed.
 */
export function cyclesOf(days: readonly DaySums[], rule: CycleRule): readonly ShadowCycle[] {
  const present = days.filter(({ keys }) => keys > 0);
  const first = firstDay(present);
  if (first === null) return [];
  const groups = Map.groupBy(present, ({ day }) => cycleOf(day, { first, cycleDays: rule.cycle_days }));
  return [...groups]
    .map(([cycle, ofCycle]) => ({
      cycle,
      from: plusDays(first, cycle * rule.cycle_days),
      to: plusDays(first, (cycle + 1) * rule.cycle_days - 1),
      complete: isComplete(ofCycle, rule),
    }))
    .toSorted((a, b) => a.cycle - b.cycle);
}

/** First target day with a key; null: there is none. */
export function firstDay(days: readonly DaySums[]): string | null {
  return days.reduce<string | null>(
    (first, { day, keys }) => (keys > 0 && (first === null || day < first) ? day : first),
    null,
  );
}

export function cycleOf(day: string, { first, cycleDays }: Pick<LookScope, 'first' | 'cycleDays'>): number {
  return Math.floor((Date.parse(day) - Date.parse(first)) / 86_400_000 / cycleDays);
}

function isComplete(days: readonly DaySums[], rule: CycleRule): boolean {
  const keys = days.reduce((sum, day) => sum + day.keys, 0);
  const missing = days.reduce((sum, day) => sum + day.actualMissing, 0);
  return days.length === rule.cycle_days && keys - missing >= rule.cycle_min_actual_share * keys - EQUAL;
}
