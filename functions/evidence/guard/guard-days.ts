/** What one closed business day says of the model in production and of its comparator, on the same rows. */
export interface GuardDay {
  /** YYYY-MM-DD. */
  readonly date: string;
  /** Sums of absolute errors; null, or not a number that can be, where there is none. */
  readonly absError: number | null;
  readonly comparatorAbsError: number | null;
  /** Forecasts that are no number, or negative, and all that were made. */
  readonly invalid: number | null;
  readonly rows: number | null;
  readonly expectedRows: number | null;
  readonly comparatorInvalid: number | null;
  readonly comparatorRows: number | null;
  /** Drift of the day's input, and what it exceeds by chance alone. */
  readonly inputPsi: number | null;
  readonly inputPsiCritical: number | null;
}

/** As read: the date may be none. */
export type GuardRow = Omit<GuardDay, 'date'> & { readonly date: string | null };

export interface GuardDays {
  /** In order, each date once. */
  readonly days: readonly GuardDay[];
  /** Dates that came with different values; left out whole, for "the last one counts" would depend on the order. */
  readonly conflicts: readonly string[];
  /** Rows without a date that exists. */
  readonly undated: number;
}

/** Rows in any order as days: equal rows of a date collapse, different ones contradict each other. */
export function guardDays(rows: readonly GuardRow[]): GuardDays {
  const dated = rows.flatMap(({ date, ...rest }) => (date === null ? [] : [{ date, ...rest }]));
  const days: GuardDay[] = [];
  const conflicts: string[] = [];
  for (const [date, own] of Map.groupBy(dated, (row) => row.date)) {
    const [first, ...more] = own;
    if (first !== undefined && more.every((row) => sameDay(row, first))) days.push(first);
    else conflicts.push(date);
  }
  const undated = rows.length - dated.length;
  return { days: days.sort((a, b) => (a.date < b.date ? -1 : 1)), conflicts: conflicts.sort(), undated };
}

function sameDay(a: GuardDay, b: GuardDay): boolean {
  const values = (day: GuardDay) => [
    ...[day.absError, day.comparatorAbsError, day.invalid, day.rows, day.expectedRows],
    ...[day.comparatorInvalid, day.comparatorRows, day.inputPsi, day.inputPsiCritical],
  ];
  const others = values(b);
  return values(a).every((value, index) => Object.is(value, others[index]));
}
