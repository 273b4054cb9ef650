import { plusDays } from '../../platform/duration.ts';
import { type Finding, finding, percent } from '../finding.ts';
import type { DayErrors } from './guard-closed-days.ts';
import type { Arrival, Spread } from './guard-item.ts';

/*
 * Silence: data that should be there and is not. It is never a pass, for nothing was learnt, and of itself no fault of the
 * version: nobody asked it, or nobody said what was sold. A version that was asked and gave no forecast is another thing, a
 * fault of operations (VOLUME_DROP in guard-operations.ts), and is gone back from.
 */

/** What a policy says of silence. */
export interface SilenceRules {
  /** Seconds that data may be later than usual. */
  readonly graceSeconds: number;
  /** Share of the usual stores, SKUs or regions whose absence is silence. */
  readonly missingShare: number;
}

/** Business dates that say what is usual; with fewer than the least nothing is. */
const USUAL_DATES = 28;
const LEAST_DATES = 7;
const DAY_MS = 86_400_000;
/** Dates that a finding names; the others are counted. */
const NAMED_DATES = 5;
/** Further ahead nobody has to look: data that stays away so long was noticed long ago. */
const MAX_MISSING = 60;

/**
 * Business dates after the newest one that should have data by now: their weekday usually has some, and the time after which
 * it usually comes, with the grace, is over. The usual time is the median of the last dates', so that one late day moves
 * nothing. Where history is replayed it shrinks by a day with each date, and nothing is overdue for weeks.
 */
export function overdueDates(
  arrivals: readonly Arrival[],
  now: string,
  { graceSeconds }: Pick<SilenceRules, 'graceSeconds'>,
): { readonly dates: readonly string[]; readonly last: Arrival; readonly usualHours: number } | null {
  const usual = arrivals.toSorted((a, b) => (a.date < b.date ? -1 : 1)).slice(-USUAL_DATES);
  const last = usual.at(-1);
  if (last === undefined || usual.length < LEAST_DATES) return null;
  const lags = usual.map(({ date, at }) => Date.parse(at) - Date.parse(date)).sort((a, b) => a - b);
  const lag = lags[Math.floor(lags.length / 2)] ?? 0;
  const weekdays = usualWeekdays(usual.map(({ date }) => date));
  const isOverdue = (date: string) => Date.parse(date) + lag + graceSeconds * 1000 < Date.parse(now);
  const dates: string[] = [];
  for (let days = 1; days <= MAX_MISSING && isOverdue(plusDays(last.date, days)); days++) {
    const date = plusDays(last.date, days);
    if (weekdays.has(weekdayOf(date))) dates.push(date);
  }
  return { dates, last, usualHours: Math.round(lag / 3_600_000) };
}

/** Weekdays that have data in at least half of the weeks. */
function usualWeekdays(dates: readonly string[]): ReadonlySet<number> {
  const [first = '', last = ''] = [dates[0], dates.at(-1)];
  const weeks = Math.max(1, Math.round((Date.parse(last) - Date.parse(first) + DAY_MS) / (7 * DAY_MS)));
  const counts = Map.groupBy(dates, weekdayOf);
  return new Set([...counts].filter(([, own]) => own.length * 2 >= weeks).map(([weekday]) => weekday));
}

function weekdayOf(date: string): number {
  return new Date(Date.parse(date)).getUTCDay();
}

/** NO_FORECASTS or NO_OUTCOMES: which business dates have none, since when, and what would be usual. */
export function overdue(
  code: 'NO_FORECASTS' | 'NO_OUTCOMES',
  arrivals: readonly Arrival[],
  now: string,
  rules: SilenceRules,
): readonly Finding[] {
  const found = overdueDates(arrivals, now, rules);
  if (found === null) return [];
  const { dates, last, usualHours } = found;
  return finding(dates.length > 0, code, {
    got: `none of ${named(dates)}; the last are of ${last.date} and came at ${last.at}`,
    allowed: `there ${usualHours} h after a business date begins, as usual, or ${rules.graceSeconds / 3600} h later`,
  });
}

/** Days of sales without a forecast after which nobody seems to ask any more, whatever the clock says. */
const SILENT_DAYS = 3;

/** NO_FORECASTS by the dates in the data alone: days were sold for which nobody asked. */
export function soldWithoutForecast(of: {
  readonly asOf: string;
  readonly newestOutcomes: string;
}): readonly Finding[] {
  const { asOf, newestOutcomes } = of;
  return finding(asOf !== '' && newestOutcomes >= plusDays(asOf, SILENT_DAYS), 'NO_FORECASTS', {
    got: `no forecast since ${asOf}, with sales up to ${newestOutcomes}`,
    allowed: `fewer than ${SILENT_DAYS} days`,
  });
}

const KINDS = ['stores', 'skus', 'regions'] as const;
/** Dates without a gap that say how many stores, SKUs and regions are usual. */
const USUAL_SPREADS = 7;

/**
 * What was asked for on further as-of dates beside what is known, each marked when too much of the usual is missing. Usual
 * is the median of the last whole dates: a gap that stays does not become usual before it is four weeks old.
 */
export function spreadsAfter(
  known: readonly Spread[],
  further: readonly Omit<Spread, 'isShort'>[],
  { missingShare }: Pick<SilenceRules, 'missingShare'>,
): readonly Spread[] {
  const dates = new Map(known.map((one) => [one.date, one]));
  for (const one of further.toSorted((a, b) => (a.date < b.date ? -1 : 1))) {
    const before = [...dates.values()].filter(({ date }) => date < one.date);
    dates.set(one.date, { ...one, isShort: missingKinds(one, usualOf(before), missingShare).length > 0 });
  }
  return [...dates.values()].toSorted((a, b) => (a.date < b.date ? -1 : 1)).slice(-USUAL_DATES);
}

/** STORES_MISSING: how many of how many stores, SKUs or regions were asked for on the last dates, since when. */
export function missingStores(
  spreads: readonly Spread[],
  { missingShare }: Pick<SilenceRules, 'missingShare'>,
): readonly Finding[] {
  const whole = spreads.findLastIndex(({ isShort }) => !isShort);
  const short = spreads.slice(whole + 1);
  const [first, last] = [short[0], short.at(-1)];
  const usual = usualOf(spreads.slice(0, whole + 1));
  if (first === undefined || last === undefined || usual === null) return [];
  const kinds = missingKinds(last, usual, missingShare).map((kind) => `${last[kind]} of ${usual[kind]} ${kind}`);
  const since = short.length > 1 ? `, and too few on all ${short.length} dates since ${first.date}` : '';
  return finding(kinds.length > 0, 'STORES_MISSING', {
    got: `${kinds.join(', ')} on ${last.date}${since}`,
    allowed: `more than ${percent(1 - missingShare)} of the stores, SKUs and regions of the last whole dates`,
  });
}

type Counted = Pick<Spread, (typeof KINDS)[number]>;

function usualOf(before: readonly Spread[]): Counted | null {
  const whole = before.filter(({ isShort }) => !isShort).slice(-USUAL_SPREADS);
  if (whole.length < 2) return null;
  const median = (kind: (typeof KINDS)[number]) =>
    whole.map((one) => one[kind]).sort((a, b) => a - b)[Math.floor(whole.length / 2)] ?? 0;
  return { stores: median('stores'), skus: median('skus'), regions: median('regions') };
}

function missingKinds(one: Counted, usual: Counted | null, share: number): readonly (typeof KINDS)[number][] {
  if (usual === null) return [];
  return KINDS.filter((kind) => usual[kind] > 1 && one[kind] <= usual[kind] * (1 - share));
}

/**
 * OUTCOMES_INCOMPLETE: days of which somebody said what was sold, and left out too many of the forecasts. A day of which
 * nobody said anything may be one on which all stores are closed.
 * @param told days that have outcomes
 */
export function incompleteOutcomes(
  open: readonly DayErrors[],
  told: ReadonlySet<string>,
  { missingShare }: Pick<SilenceRules, 'missingShare'>,
): readonly Finding[] {
  const partly = open.filter(({ date, keys, known }) => told.has(date) && known <= keys * (1 - missingShare));
  const last = partly.at(-1);
  return finding(last !== undefined, 'OUTCOMES_INCOMPLETE', {
    got: `sales of ${last?.knownStores} of ${last?.stores} stores (${last?.known} of ${last?.keys} forecasts) on ${last?.date}; too few on ${named(partly.map(({ date }) => date))}`,
    allowed: `more than ${percent(1 - missingShare)} of the forecasts of a day`,
  });
}

function named(dates: readonly string[]): string {
  const rest = dates.length - NAMED_DATES;
  return `${dates.slice(0, NAMED_DATES).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** Codes of silence: what none of them is, is a fault or a change of the version. */
export const SILENCE_CODES: ReadonlySet<string> = new Set([
  'NO_FORECASTS',
  'NO_OUTCOMES',
  'STORES_MISSING',
  'OUTCOMES_INCOMPLETE',
]);
