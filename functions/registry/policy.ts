import * as z from 'zod';
import { durationSchema, durationSeconds } from '../platform/duration.ts';
import { deadEnds } from './dead-ends.ts';

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
  shadowMinCycles: 2,
  shadowCycleDays: 7,
  shadowMargin: 0.05,
  canaryMargin: 0.25,
  poll: 'PT1S',
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
 * Thresholds of the shadow gate. A cycle is a whole demand cycle of business days; shares are fractions.
 * Keys are those of the evidence contract.
 */
export const shadowPolicy = z
  .strictObject({
    cycle_days: z.int().min(FLOORS.shadowCycleDays).max(31).default(7),
    /** Complete cycles needed before anything passes. */
    min_cycles: z.int().min(FLOORS.shadowMinCycles).max(26).default(4),
    /** After so many cycles without proof the candidate fails. */
    max_cycles: z.int().min(FLOORS.shadowMinCycles).max(52).default(8),
    /** Share of a cycle's rows whose actual must be known. */
    cycle_min_actual_share: z.number().min(0.5).max(1).default(0.95),
    /** Relative WAPE by which the candidate may be worse than production. */
    margin: z.number().min(0).max(FLOORS.shadowMargin).default(0.02),
    min_series: count().default(30),
    min_rows: count().default(500),
    max_invalid_rate: share().default(0.001),
    /** Systematic bias: same sign and beyond `bias_cycle_min` in every cycle, beyond `bias_overall_max` overall. */
    bias_overall_max: z.number().min(0).max(FLOORS.biasAbsMax).default(0.05),
    bias_cycle_min: share().default(0.02),
    bias_worse_by: share().default(0.02),
    /** How much more than production's the candidate's forecasts may move from origin to origin. */
    churn_ratio_max: z.number().min(1).max(3).default(1.25),
    churn_min_pairs: count().default(100),
    /** A spike: one forecast more than `spike_ratio` times the other, both taken as at least `spike_floor` units. */
    spike_ratio: z.number().min(2).max(20).default(5),
    spike_floor: z.number().min(0.1).default(5),
    spike_rate_max: share().default(0.01),
  })
  .refine((policy) => policy.max_cycles >= policy.min_cycles, {
    path: ['max_cycles'],
    message: 'Expected at least min_cycles.',
    params: { allowed: 'at least min_cycles' },
  });
export type ShadowPolicy = z.infer<typeof shadowPolicy>;

/** By how much a metric of the canary may be worse than its comparator, relative to it. */
const relMargin = (value: number) =>
  z.strictObject({ rel_margin: z.number().min(0).max(FLOORS.canaryMargin).default(value) }).prefault({});

/** Thresholds of the canary gate. Keys are those of the evidence contract. */
export const canaryPolicy = z.strictObject({
  /** Clusters (units of assignment) needed in each arm. */
  min_clusters: z.int().min(10).default(50),
  /** The canary may pass each time so many further business days are closed; it may fail on any. */
  pass_every_days: z.int().min(7).max(28).default(7),
  /** After so many closed business days without proof the candidate fails. */
  max_days: z.int().min(7).max(90).default(28),
  metrics: z
    .strictObject({
      /** Candidate against production's forecast on the same rows. */
      paired_wape: relMargin(0.02),
      stockout: relMargin(0.1),
      overstock: relMargin(0.1),
    })
    .prefault({}),
  /** Forecasts expected of the canary before its operational rates are judged. */
  min_expected: count().default(200),
  max_missing_rate: share().default(0.005),
  max_negative_rate: share().default(0.001),
  max_nonfinite: z.int().min(0).default(0),
  /** Days of mean demand that a stock may cover; what lies above is overstock, where outcomes do not say it themselves. */
  cover_days: z.int().min(1).max(365).default(14),
});
export type CanaryPolicy = z.infer<typeof canaryPolicy>;

const names = () => z.array(z.string().min(1).max(200)).max(1000).default([]);

/** What the canary exposes: to which units, in which steps, for how long at most. */
export const canaryPlan = z
  .strictObject({
    /** What is assigned as a whole: no unit ever sees both versions within a step. */
    unit: z.enum(['sku-store', 'store', 'sku']).default('sku-store'),
    /** The subset of the business that the canary is drawn from; an empty list does not restrict. */
    where: z.strictObject({ regions: names(), stores: names(), skus: names(), categories: names() }).prefault({}),
    /** Segments such as `category:medicine` that the canary never touches. */
    excludedSegments: z
      .array(
        z
          .string()
          .max(200)
          .regex(/^[a-z][a-z0-9-]*:.+$/, 'Expected kind:value, for example region:north.'),
      )
      .max(100)
      .default([]),
    /** Rising shares of the units; each is held for whole closed business days before the next, or before the verdict. */
    steps: z
      .array(
        z.strictObject({
          percentage: z.number().gt(0).lt(100),
          hold: durationSchema({ min: 'P1D', max: 'P60D' }).refine((hold) => durationSeconds(hold) % 86_400 === 0, {
            message: 'Expected whole days.',
            params: { allowed: 'whole days, for example P2D' },
          }),
        }),
      )
      .min(1)
      .max(20)
      .refine(
        (steps) =>
          steps.every((step, index) => step.percentage > (steps[index - 1]?.percentage ?? Number.NEGATIVE_INFINITY)),
        {
          message: 'Expected rising percentages.',
          params: { allowed: 'each percentage above the one before it, below 100' },
        },
      )
      .default([
        { percentage: 5, hold: 'P2D' },
        { percentage: 20, hold: 'P3D' },
        { percentage: 50, hold: 'P7D' },
      ]),
    /** Wall-clock bound from the approval on; past it without a verdict production wins. */
    maxDuration: durationSchema({ min: 'PT1M', max: 'P90D' }).default('P42D'),
  })
  .prefault({});

/**
 * A model's policy: what its promotions are judged by. Every field has a default; unknown fields are refused.
 * Stored whole and numbered; a promotion is judged by the version that it started under.
 */
const policyShape = z.strictObject({
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
  shadow: shadowPolicy.prefault({}),
  /** Wall-clock bound of the shadow stage from its approval on; past it without a verdict production wins. */
  shadowPlan: z
    .strictObject({ maxDuration: durationSchema({ min: 'PT1M', max: 'P120D' }).default('P70D') })
    .prefault({}),
  canary: canaryPolicy.prefault({}),
  canaryPlan,
  /** For how long after a promotion the previous version runs as shadow, as the comparator of what was promoted. */
  confirmation: durationSchema({ min: 'PT1M', max: 'P90D' }).default('P28D'),
  /** How often a running stage looks whether there is new evidence. */
  poll: durationSchema({ min: FLOORS.poll, max: 'P1D' })
    // A state machine that is told to wait for part of a second fails, with the candidate exposed.
    .refine((poll) => Number.isInteger(durationSeconds(poll)), {
      message: 'Expected whole seconds.',
      params: { allowed: 'whole seconds, for example PT90S' },
    })
    .default('PT3H'),
  /** The named forecast that serves when no version may: the last known value of the same weekday. */
  safeForecast: z.enum(['seasonal-naive']).default('seasonal-naive'),
});

export const policySchema = policyShape.superRefine((policy, context) => {
  for (const { path, input, message, allowed } of deadEnds(policy)) {
    context.addIssue({ code: 'custom', path: [...path], input, message, params: { allowed } });
  }
});
export type Policy = z.infer<typeof policySchema>;
