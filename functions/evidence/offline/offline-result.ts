import * as z from 'zod';
import { implausibleResult } from './implausible-result.ts';

const count = z.int();
/** Null is undefined. */
const value = z.number().nullable();
/** A ratio to the baseline's error: `inf` means that only the baseline is perfect. */
const ratio = z.union([z.number(), z.literal('inf')]).nullable();

/** A group of paired rows with the test of its relative WAPE. `df` is 0 and the rest undefined with a single cluster. */
const tested = {
  sufficient: z.boolean(),
  rel_wape: ratio,
  se: value,
  df: count,
  n_rows: count,
  n_series: count,
  n_folds: count,
  /** Of "not worse than the baseline", and of "worse by the margin or more". */
  p_harm: value,
  p_noninf: value,
  /** One-sided upper confidence bound of rel_wape at level 1 - alpha. */
  ucb: value,
};
const verdict = z.enum(['INSUFFICIENT', 'REGRESSED', 'NON_INFERIOR', 'INCONCLUSIVE']);

/** Accuracy of one model. Bias and WAPE are shares of demand, MAE and RMSE units, sMAPE percent of 0 to 200. */
const accuracy = z.object({
  wape: value,
  bias: value,
  mae: value,
  rmse: value,
  smape: value,
  mase: value,
  rmsse: value,
  wrmsse: value,
  /** Series without a scale for MASE: no history, or demand that repeats itself exactly. */
  mase_skipped_series: count,
});

const quantileSet = z.object({
  rows: count,
  /** Rows on which a higher quantile is the lower number. */
  crossing: count,
  levels: z.record(
    z.string(),
    z.object({ pinball: value, coverage_le: value, coverage_lt: value, coverage_error: value }),
  ),
  wql: value,
});

export const offlineSegment = z.object({
  ...tested,
  wape_candidate: value,
  wape_baseline: value,
  bias_candidate: value,
  bias_baseline: value,
  /** Holm-adjusted over the sufficient segments; absent from the others. */
  p_harm_holm: z.number().exactOptional(),
  verdict,
});
export type OfflineSegment = z.infer<typeof offlineSegment>;

const compared = z.object({ compared: count, differing: count });

/** What the offline gate answers, in the shape of the evidence contract. */
export const offlineResult = z.object({
  gate: z.literal('offline'),
  decision: z.enum(['PASS', 'FAIL', 'INCONCLUSIVE']),
  reasons: z.array(z.string()),
  pending: z.array(z.string()),
  warnings: z.array(z.string()),
  /** Counts after `conflicting_keys` are over the rows that remain when duplicates are settled. */
  quality: z.object({
    rows: count,
    /** Rows without a readable origin date, target date, SKU or store. */
    bad_date: count,
    /** Rows that repeat another one value by value. */
    duplicate_rows: count,
    /** Keys (origin, SKU, store, target) that appear with different values; dropped whole. */
    conflicting_keys: count,
    missing_actual: count,
    invalid_actual: count,
    candidate_missing: count,
    candidate_nonfinite: count,
    candidate_negative: count,
    baseline_missing: count,
    baseline_nonfinite: count,
    baseline_negative: count,
    paired_rows: count,
    candidate_invalid_rate: value,
    exact_match_share: value,
  }),
  leakage: z.object({
    target_not_after_origin: count,
    horizon_mismatch: count,
    trained_past_origin: count,
    features_past_origin: count,
    folds_with_many_origins: count,
    n_origins: count,
    span_days: count,
  }),
  overall: z.object({
    ...tested,
    metrics: z.object({
      n: count,
      sum_y: z.number(),
      n_series: count,
      candidate: accuracy,
      baseline: accuracy,
      fva: z.object({ rows: count, snaive_wape: value, candidate: value, baseline: value }),
    }),
    quantiles: z.object({ cand: quantileSet.exactOptional(), base: quantileSet.exactOptional() }),
    verdict,
  }),
  /** By name, for example `region:CA`. */
  segments: z.record(z.string(), offlineSegment),
  /** Demand classes by `sku|store`, from the history up to the first origin. */
  series: z.record(
    z.string(),
    z.object({
      regime: z.enum(['smooth', 'erratic', 'intermittent', 'lumpy', 'none']),
      adi: value,
      cv2: value,
      volume: z.enum(['A', 'B', 'C', 'N']),
    }),
  ),
  /** By origin date, clustered by series; absent where no origin has enough data to be judged. */
  folds: z.record(z.string(), offlineSegment).exactOptional(),
  /** Submitted columns against what was recorded; absent where nothing was. */
  recorded: z.object({ actuals: compared, baseline: compared }).exactOptional(),
  /** Absent where too little data is there to tell, and where it is switched off. */
  implausible: implausibleResult.exactOptional(),
});
export type OfflineResult = z.infer<typeof offlineResult>;
