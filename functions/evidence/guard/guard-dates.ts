import { plusDays } from '../../platform/duration.ts';
import type { RoutedObject } from '../stages/prediction-files-store.ts';

/** A gap that no model has that is asked every week. */
const GAP_DAYS = 7;

/**
 * As-of dates, newest first, without those that are still to come and far from all others: a mistyped year would be the
 * newest date for good. Dates that follow each other stay, whatever the clock says, for history may be replayed.
 */
export function withoutMistyped(dates: readonly string[], today: string): readonly string[] {
  const gap = dates.findIndex((date, index) => date > plusDays(dates[index + 1] ?? date, GAP_DAYS));
  const beyond = dates[gap];
  if (beyond === undefined || beyond <= plusDays(today, 1)) return dates;
  return withoutMistyped(dates.slice(gap + 1), today);
}

/** What was routed on one as-of date, by the promoted document and later ones or by those before. */
interface RoutedDate {
  readonly date: string;
  readonly live: boolean;
  readonly bytes: number;
}

/** Share of the bytes of a usual date that another needs; a few forecasts are compressed less than many. */
const LEAST_OF_USUAL = 0.5;

/**
 * The first as-of date that the promoted document, or a later one, routed; undefined: none yet. Neither a few forecasts of
 * long ago nor what was asked again for dates that an earlier document routed makes another first day of it.
 */
export function firstLiveDate(objects: readonly RoutedObject[], promoted: number): string | undefined {
  const dates = [...Map.groupBy(objects, ({ date, revision }) => `${date} ${revision >= promoted}`).values()]
    .map((same) => routedDate(same, promoted))
    .toSorted((a, b) => (a.date < b.date ? -1 : 1));
  const least = LEAST_OF_USUAL * usualBytes(dates);
  const usual = dates.filter(({ bytes }) => bytes >= least);
  const before = usual.findLast(({ live }) => !live)?.date ?? '';
  const live = (usual.some((one) => one.live) ? usual : dates).filter((one) => one.live);
  return (live.find(({ date }) => date >= before) ?? live[0])?.date;
}

function routedDate(same: readonly RoutedObject[], promoted: number): RoutedDate {
  const { date = '', revision = 0 } = same[0] ?? {};
  return { date, live: revision >= promoted, bytes: same.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Of the dates on which half of all bytes lie, those of the least. */
function usualBytes(dates: readonly RoutedDate[]): number {
  const sizes = dates.map(({ bytes }) => bytes).toSorted((a, b) => b - a);
  const half = sizes.reduce((sum, bytes) => sum + bytes, 0) / 2;
  let above = 0;
  for (const bytes of sizes) {
    above += bytes;
    if (above >= half) return bytes;
  }
  return 0;
}
