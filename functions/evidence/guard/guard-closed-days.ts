import { type Drift, drift } from '../statistics/drift.ts';
import type { Histogram } from '../statistics/histogram.ts';
import type { GuardDay } from './guard-days.ts';

/** Errors of one target day, in units, against the version before and against the seasonal naive forecast. */
export interface DayErrors {
  readonly date: string;
  /** Forecasts of the version, and how many of them have an outcome. */
  readonly keys: number;
  readonly known: number;
  /** Stores of these forecasts, and how many of them have an outcome. */
  readonly stores: number;
  readonly knownStores: number;
  readonly previousRows: number;
  readonly previousOwn: number;
  readonly previousError: number;
  readonly naiveRows: number;
  readonly naiveOwn: number;
  readonly naiveError: number;
}

/** The closed days of a promoted version: those before it served that are the reference, and those since. */
export interface ClosedDays {
  readonly reference: readonly DayErrors[];
  readonly live: readonly DayErrors[];
  /** Days since then that are not closed. */
  readonly open: readonly DayErrors[];
}

export interface ClosingRule {
  /** First day that the promoted document forecast. */
  readonly since: string;
  /** Last day that counts; null: all. */
  readonly until: string | null;
  readonly minShare: number;
  readonly referenceDays: number;
}

/** A day is closed when enough of its forecasts have an outcome. */
export function closedDays(days: readonly DayErrors[], rule: ClosingRule): ClosedDays {
  const counted = days
    .filter(({ date }) => rule.until === null || date <= rule.until)
    .toSorted((a, b) => (a.date < b.date ? -1 : 1));
  const isClosed = ({ keys, known }: DayErrors) => known >= rule.minShare * keys;
  const closed = counted.filter(isClosed);
  return {
    reference: closed.filter(({ date }) => date < rule.since).slice(-rule.referenceDays),
    live: closed.filter(({ date }) => date >= rule.since),
    open: counted.filter((day) => day.date >= rule.since && !isClosed(day)),
  };
}

/**
 * Share of the calendar's days since the version serves that are closed, of the same share of the reference days: 1 where as
 * many can be judged as ever. Null: none is closed.
 */
export function coverageOf({ reference, live }: ClosedDays, { since }: Pick<ClosingRule, 'since'>): number | null {
  const [first, until, last] = [reference[0], reference.at(-1), live.at(-1)];
  if (last === undefined) return null;
  const usual = first === undefined || until === undefined ? 1 : reference.length / daysFrom(first.date, until.date);
  return Math.min(1, live.length / daysFrom(since, last.date) / usual);
}

function daysFrom(first: string, last: string): number {
  return Math.max(1, Math.round((Date.parse(last) - Date.parse(first)) / 86_400_000) + 1);
}

export const SEASONAL_NAIVE = 'seasonal-naive';

/**
 * What the version is compared with, on all days alike, or a change of comparator would look like one of the version: the
 * version before as long as it runs beside, else the seasonal naive forecast.
 */
export function comparatorOf({ reference, live }: Pick<ClosedDays, 'reference' | 'live'>, previous: string): string {
  const last = live.at(-1) ?? reference.at(-1);
  return previous !== '' && (last === undefined || last.previousRows > 0) ? previous : SEASONAL_NAIVE;
}

/** Level ratios of the reference days, and of the week up to each live day, by date. */
export interface InputRatios {
  readonly reference: { readonly histogram: Histogram; readonly series: number };
  readonly weeks: ReadonlyMap<string, { readonly histogram: Histogram; readonly series: number }>;
}

/** Days of one block: those of one series and week move together, and count once. */
const BLOCK_DAYS = 7;

/** Daily rows for the guard's judge: accuracy and input; operations are on another clock. */
export function dailyRows(days: ClosedDays, comparator: string, input: InputRatios | null): readonly GuardDay[] {
  const previous = comparator !== SEASONAL_NAIVE;
  const blocks = Math.floor(days.reference.length / BLOCK_DAYS);
  return [...days.reference, ...days.live].map((day) => {
    const rows = previous ? day.previousRows : day.naiveRows;
    const moved = input === null || blocks === 0 ? null : movedOn(day.date, input, blocks);
    return {
      date: day.date,
      absError: rows === 0 ? null : previous ? day.previousOwn : day.naiveOwn,
      comparatorAbsError: rows === 0 ? null : previous ? day.previousError : day.naiveError,
      ...{ invalid: null, rows: null, expectedRows: null, comparatorInvalid: null, comparatorRows: null },
      ...{ inputPsi: moved?.psi ?? null, inputPsiCritical: moved?.psi_critical ?? null },
    };
  });
}

function movedOn(date: string, { reference, weeks }: InputRatios, blocks: number): Drift | null {
  const week = weeks.get(date);
  if (week === undefined || week.series === 0 || reference.series === 0) return null;
  const effective = { ref: reference.series * blocks, cur: week.series };
  return drift(reference.histogram, week.histogram, { effective });
}
