import * as z from 'zod';
import { durationSchema } from '../platform/duration.ts';

const share = () => z.number().min(0).max(1);
const count = () => z.int().min(1);

/** No policy may be milder than these; a policy that tries is refused, naming the limit. */
export const FLOORS = {
  quorum: 1,
  expiry: 'P21D',
  offlineMinOrigins: 3,
  offlineMarginOverall: 0.05,
  offlineMarginSegment: 0.2,
  biasAbsMax: 0.3,
} as const;

/**
 * Thresholds of the offline gate. Shares are fractions (0.05 is 5 %); a positive bias is too much forecast.
 * Keys are those of the evidence contract.
 */
export const offlinePolicy = z.strictObject({
  /** Distinct origin dates that a backtest needs at least. */
  min_folds: z.int().min(FLOORS.offlineMinOrigins).default(3),
  /** Days between the first and the last origin at least. */
  min_span_days: count().default(14),
  /** Paired rows needed overall; fewer is inconclusive, never a pass. */
  min_rows: count().default(500),
  /** Series (sku and store) needed overall. */
  min_series: count().default(30),
  /** Rows that a segment needs before it is judged. */
  segment_min_rows: count().default(500),
  segment_min_series: count().default(30),
  /** Relative WAPE by which the candidate may be worse than the baseline overall. */
  margin_overall: z.number().min(0).max(FLOORS.offlineMarginOverall).default(0.01),
  /** Relative WAPE by which the candidate must be better overall. */
  min_improvement: share().default(0.01),
  /** Relative WAPE by which it may be worse in a segment. */
  margin_segment: z.number().min(0).max(FLOORS.offlineMarginSegment).default(0.05),
  /** Segments that must be judged, for example `region:CA`; too little data in one is inconclusive. */
  critical_segments: z.array(z.string().min(3).max(120)).max(100).default([]),
  /** Share of rows on which the candidate may have no usable forecast. */
  max_invalid_rate: share().default(0.001),
  /** Share of keys that may appear twice with different values. */
  max_conflict_rate: share().default(0),
  /** Weighted bias beyond which the candidate fails, if it is also worse than the baseline's by `bias_worse_by`. */
  bias_abs_max: z.number().min(0).max(FLOORS.biasAbsMax).default(0.1),
  bias_worse_by: share().default(0.02),
  segment_bias_abs_max: z.number().min(0).max(FLOORS.biasAbsMax).default(0.2),
  segment_bias_worse_by: share().default(0.05),
  /** Whether a backtest that does not say how far its training reached fails. */
  require_training_cutoff: z.boolean().default(true),
});
export type OfflinePolicy = z.infer<typeof offlinePolicy>;

/**
 * A model's policy: what its promotions are judged by. Every field has a default; unknown fields are refused.
 * Stored whole and numbered; a promotion is judged by the version that it started under.
 */
export const policySchema = z.strictObject({
  approvals: z
    .strictObject({
      /** Distinct people who must approve the entry into each stage. */
      quorum: z
        .strictObject({
          shadow: count().max(10).default(1),
          canary: count().max(10).default(1),
          production: count().max(10).default(1),
        })
        .prefault({}),
      /** How long people have to decide. */
      expiry: durationSchema({ min: 'PT1M', max: FLOORS.expiry }).default('P7D'),
    })
    .prefault({}),
  offline: offlinePolicy.prefault({}),
  /** The named forecast that serves when no version may: the last known value of the same weekday. */
  safeForecast: z.enum(['seasonal-naive']).default('seasonal-naive'),
});
export type Policy = z.infer<typeof policySchema>;
