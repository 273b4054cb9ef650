/** What a version forecasts from. */
export interface ForecastRequest {
  readonly sku: string;
  readonly store: string;
  /** Units per day, without gaps; the last is that of `asOf`. Finite and not negative. */
  readonly history: readonly number[];
  /** Business date `YYYY-MM-DD`. */
  readonly asOf: string;
  readonly horizonDays: number;
  readonly features?: Readonly<Record<string, unknown>>;
}

/**
 * One version of a model: units for each of the `horizonDays` days after `asOf`. It may throw, and what it answers may be
 * of any number and size: whoever calls it looks at each value.
 */
export type Forecaster = (request: ForecastRequest) => readonly number[] | Promise<readonly number[]>;

/** A forecaster that needs the past alone and answers at once, as all that are built in. */
export type BuiltIn = (request: Pick<ForecastRequest, 'history' | 'horizonDays'>) => readonly number[];

/** The mean, taken so that no sum can overflow; 0 of nothing. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((mean, value, index) => mean + (value - mean) / (index + 1), 0);
}

/** The history from its first sale on: before it a product was not on offer, and says nothing of its demand. */
export function fromFirstSale(history: readonly number[]): readonly number[] {
  const first = history.findIndex((units) => units > 0);
  return first === -1 ? [] : history.slice(first);
}

/** The forecast of each day by a function of the days ahead, from 1. */
export function perDay(horizonDays: number, unitsAhead: (days: number) => number): readonly number[] {
  return Array.from({ length: horizonDays }, (_, index) => unitsAhead(index + 1));
}
