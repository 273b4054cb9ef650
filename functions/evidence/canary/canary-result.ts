import * as z from 'zod';
import { CANARY_METRICS } from './canary-config.ts';

const share = z.number().nullable();
/** Null: undefined, as 0 / 0. `inf`: unbounded, as anything / 0. */
const unbounded = z.union([z.number(), z.literal('inf')]).nullable();
const probability = z.number().min(0).max(1);

/** What a look leaves behind for the next. */
export const canaryState = z.strictObject({
  /** Looks so far. */
  look: z.int().min(0).default(0),
  pass_looks_used: z.int().min(0).default(0),
  /** Running minimum of the always-valid p value, by metric. */
  p_run: z.record(z.string(), probability).default({}),
  /** Sticky: a canary that failed once stays failed. */
  failed: z.boolean().default(false),
});
export type CanaryState = z.infer<typeof canaryState>;

/** Rows as they were handed in, and what of them could not be used. */
const quality = z.object({
  rows: z.int(),
  /** Rows without a readable key, arm or units. */
  bad_rows: z.int(),
  /** Rows that repeat another one value by value. */
  duplicate_rows: z.int(),
  /** Keys that appear with different values; left out whole. */
  conflicting_keys: z.int(),
  /** Clusters seen in both arms or outside their frozen one; left out whole. */
  arm_conflicts: z.int(),
});

/** Clusters that returned data, against the share that the plan gives to the canary. Null: too few to test. */
const sampleRatio = z.object({
  canary: z.number(),
  control: z.number(),
  chi2: share,
  p: share,
  alpha_look: z.number(),
});

/**
 * One metric at one look. The members from `tau` on are there when it is sufficient: enough clusters, a ratio in both
 * arms and a margin. Ratios are those of the arms, and are left out for a paired metric.
 */
const metric = z.object({
  clusters_canary: z.int(),
  clusters_control: z.int(),
  /** In the unit of the ratio; null: there was nothing before the canary to take a share of. */
  margin: share,
  sufficient: z.boolean(),
  /** Canary less control, less `theta` times what was there before; for a paired metric the relative change. */
  tau: unbounded.exactOptional(),
  theta: z.number().exactOptional(),
  ratio_canary: share.exactOptional(),
  ratio_control: share.exactOptional(),
  ratio_pre_canary: share.exactOptional(),
  ratio_pre_control: share.exactOptional(),
  se: z.number().exactOptional(),
  /** Always-valid p value of this look, its running minimum, and that adjusted for the other metrics. */
  p_harm: probability.exactOptional(),
  p_harm_running: probability.exactOptional(),
  p_harm_holm: probability.exactOptional(),
  /** Lower bound of harm at any look, and the upper bound that a pass is held to. */
  lcb: unbounded.exactOptional(),
  ucb: unbounded.exactOptional(),
  non_inferior: z.boolean().exactOptional(),
});
export type CanaryMetricResult = z.infer<typeof metric>;

/** Operations of the arms; no member where nothing was counted. */
const ops = z.object({
  missing_rate: share.exactOptional(),
  negative_rate: share.exactOptional(),
  nonfinite: z.number().exactOptional(),
  error_rate_canary: share.exactOptional(),
  error_rate_control: share.exactOptional(),
  /** Log e values of harm; null where the events are not known. */
  errors_log_e: share.exactOptional(),
  slow_log_e: share.exactOptional(),
});
export type CanaryOpsResult = z.infer<typeof ops>;

/** Everything that the canary judge measured at one look, in the shape of the evidence contract. */
export const canaryResult = z.object({
  gate: z.literal('canary'),
  decision: z.enum(['PASS', 'FAIL', 'CONTINUE']),
  reasons: z.array(z.string()),
  pending: z.array(z.string()),
  warnings: z.array(z.string()),
  look: z.int(),
  /** Closed days with outcomes since the canary began. */
  days: z.int(),
  quality,
  srm: sampleRatio,
  metrics: z.partialRecord(z.enum(CANARY_METRICS), metric),
  ops,
  state: canaryState,
});
export type CanaryResult = z.infer<typeof canaryResult>;
