/**
 * Everything that the offline gate needs to know of a backtest, as counts and sums: no rows. Sums are made of integers
 * of a millionth of a unit, so that the order of the rows cannot change a digit. Units are pieces.
 */
export interface OfflineSums {
  readonly quality: Quality;
  readonly leakage: LeakageCounts;
  readonly overall: GroupSums;
  readonly valueAdded: ValueAddedSums;
  /** One group per origin date, in order of date. */
  readonly folds: readonly (GroupSums & { readonly origin: string })[];
  /** Named as in `region:CA`; in order of name. */
  readonly segments: readonly (GroupSums & { readonly segment: string })[];
  readonly history: HistoryCounts;
}

/** Sums over the paired rows of a group: those on which actual, candidate and baseline are all usable. */
export interface GroupSums {
  readonly rows: number;
  readonly series: number;
  readonly origins: number;
  readonly actual: number;
  readonly candidate: number;
  readonly baseline: number;
  /** Sum of |candidate - actual|. */
  readonly candidateError: number;
  /** Sum of |baseline - actual|. */
  readonly baselineError: number;
}

/** How usable the rows were. Counts after `conflicting_keys` are over the rows that remain when duplicates are settled. */
export interface Quality {
  readonly rows: number;
  /** Rows without a readable origin date, target date, SKU or store. */
  readonly bad_date: number;
  /** Rows that repeat another one value by value. */
  readonly duplicate_rows: number;
  /** Keys (origin, SKU, store, target) that appear with different values; dropped whole. */
  readonly conflicting_keys: number;
  readonly keys: number;
  readonly missing_actual: number;
  readonly invalid_actual: number;
  readonly candidate_missing: number;
  readonly candidate_nonfinite: number;
  readonly candidate_negative: number;
  readonly baseline_missing: number;
  readonly baseline_nonfinite: number;
  readonly baseline_negative: number;
  readonly paired_rows: number;
}

/** Signs that the backtest saw the future, or is no backtest over time. */
export interface LeakageCounts {
  readonly target_not_after_origin: number;
  readonly horizon_mismatch: number;
  readonly trained_past_origin: number;
  readonly features_past_origin: number;
  readonly folds_with_many_origins: number;
  /** Rows that do not say how far the training reached. */
  readonly without_training_cutoff: number;
  readonly n_origins: number;
  readonly span_days: number;
  /** Paired rows with enough units to make an exact forecast unlikely, and how many of them are exact. */
  readonly exact_rows: number;
  readonly exact_matches: number;
}

/** Against the seasonal naive forecast: the latest same weekday that was known at the origin. */
export interface ValueAddedSums {
  readonly rows: number;
  readonly actual: number;
  readonly candidateError: number;
  readonly baselineError: number;
  readonly naiveError: number;
}

export interface HistoryCounts {
  readonly rows: number;
  readonly bad_date: number;
  readonly conflicting_keys: number;
  /** Series of the backtest that have no history before the first origin. */
  readonly series_without_history: number;
  /** Rows whose actual could be compared with the history, and how many differ from it. */
  readonly compared_rows: number;
  readonly differing_rows: number;
}

/** sum|c-y| / sum|b-y| - 1. Infinity when only the baseline is perfect, 0 when both are, null without rows. */
export function relativeWape(sums: GroupSums): number | null {
  if (sums.rows === 0) return null;
  if (sums.baselineError === 0) return sums.candidateError === 0 ? 0 : Number.POSITIVE_INFINITY;
  return sums.candidateError / sums.baselineError - 1;
}

/** A share of demand; null when nothing was sold. */
export function perUnit(sum: number, actual: number): number | null {
  return actual === 0 ? null : sum / actual;
}

/** 1 - error / naive error; null when the naive forecast is perfect or has no rows. */
export function valueAdded(error: number, naiveError: number): number | null {
  return naiveError === 0 ? null : 1 - error / naiveError;
}
