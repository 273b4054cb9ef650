import * as z from 'zod';
import { canaryConfig, canaryMargin, canaryOps } from '../evidence/canary/canary-config.ts';
import { guardConfig } from '../evidence/guard/guard-config.ts';
import { offlineConfig, STRICT_OFFLINE } from '../evidence/offline/offline-config.ts';
import { shadowConfig } from '../evidence/shadow/shadow-config.ts';
import { durationSchema } from '../platform/duration.ts';

/*
 * What a policy says of each judge: the judge's own thresholds, with the stricter defaults of a promotion. Of each there
 * are two: as a policy may be written, held within bounds that no policy can be milder than, and (`stored…`) as one is
 * read back, which may be of a time with other bounds.
 */

type Threshold = z.ZodDefault<z.ZodNumber>;

const byDefault = (field: Threshold, value: number) => field.unwrap().default(value);
const atMost = (field: Threshold, max: number) => field.unwrap().max(max).default(field.parse(undefined));
const atLeast = (field: Threshold, min: number) => field.unwrap().min(min).default(field.parse(undefined));
const between = (field: Threshold, min: number, max: number) =>
  field.unwrap().min(min).max(max).default(field.parse(undefined));

/** Says which settings there are when one is misspelt, since a default would be in force instead of it. */
export function settings<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `There is no setting ${issue.keys.join(', ')} here; there are ${Object.keys(shape).join(', ')}.`
        : undefined,
  });
}

/** Rules between the thresholds of one judge, which its own schema knows. */
function rulesOf(config: z.ZodType) {
  return (policy: unknown, context: z.core.$RefinementCtx): void => {
    // A threshold that is none by itself was told already.
    if (context.issues.length > 0) return;
    for (const { path, message, ...issue } of config.safeParse(policy).error?.issues ?? []) {
      const input = path.reduce(memberOf, policy);
      context.addIssue({ code: 'custom', path: [...path], message, input, params: paramsOf(issue) });
    }
  };
}

function memberOf(value: unknown, name: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function paramsOf(issue: object): Record<string, unknown> {
  return 'params' in issue && typeof issue.params === 'object' ? { ...issue.params } : {};
}

const offlineShape = {
  ...offlineConfig.shape,
  min_improvement: byDefault(offlineConfig.shape.min_improvement, STRICT_OFFLINE.min_improvement),
  max_unreadable_rate: byDefault(offlineConfig.shape.max_unreadable_rate, STRICT_OFFLINE.max_unreadable_rate),
  require_training_cutoff: z.boolean().default(STRICT_OFFLINE.require_training_cutoff),
};

/** Thresholds of the offline gate in a promotion. */
export const offlinePolicy = settings({
  ...offlineShape,
  alpha: between(offlineShape.alpha, 0.005, 0.05),
  min_folds: atLeast(offlineShape.min_folds, 3),
  min_span_days: atLeast(offlineShape.min_span_days, 7),
  min_rows: atLeast(offlineShape.min_rows, 20),
  min_series: atLeast(offlineShape.min_series, 10),
  // A segment that needs more than this is hardly ever judged.
  segment_min_rows: between(offlineShape.segment_min_rows, 20, 5_000),
  segment_min_series: between(offlineShape.segment_min_series, 5, 500),
  margin_overall: atMost(offlineShape.margin_overall, 0.05),
  margin_segment: atMost(offlineShape.margin_segment, 0.2),
  max_invalid_rate: atMost(offlineShape.max_invalid_rate, 0.01),
  max_conflict_rate: atMost(offlineShape.max_conflict_rate, 0.001),
  bias_abs_max: atMost(offlineShape.bias_abs_max, 0.3),
  bias_worse_by: atMost(offlineShape.bias_worse_by, 0.1),
  segment_bias_abs_max: atMost(offlineShape.segment_bias_abs_max, 0.3),
  segment_bias_worse_by: atMost(offlineShape.segment_bias_worse_by, 0.2),
  min_fva: between(offlineShape.min_fva, 0, 1),
  min_fva_rows: atMost(offlineShape.min_fva_rows, 5_000),
  coverage_error_max: atMost(offlineShape.coverage_error_max, 0.15),
  wql_rel_max: atMost(offlineShape.wql_rel_max, 0.2),
  min_quantile_rows: atMost(offlineShape.min_quantile_rows, 5_000),
  leak_exact_min_units: atMost(offlineShape.leak_exact_min_units, 50),
  leak_exact_min_rows: atMost(offlineShape.leak_exact_min_rows, 500),
  leak_exact_max_share: atMost(offlineShape.leak_exact_max_share, 0.5),
  max_unreadable_rate: atMost(offlineShape.max_unreadable_rate, 0.01),
  margin_fold: atMost(offlineShape.margin_fold, 0.2),
  fold_min_rows: between(offlineShape.fold_min_rows, 20, 5_000),
  fold_min_series: between(offlineShape.fold_min_series, 5, 500),
  max_actuals_mismatch: atMost(offlineShape.max_actuals_mismatch, 0.01),
  max_baseline_mismatch: atMost(offlineShape.max_baseline_mismatch, 0.01),
  // Whether implausibly good forecasts are looked for is said by `implausible`, and not by a limit that nothing reaches.
  implausible_alpha: atLeast(offlineShape.implausible_alpha, 0.0005),
  implausible_min_rows: atMost(offlineShape.implausible_min_rows, 50_000),
  implausible_min_series: atMost(offlineShape.implausible_min_series, 1_000),
  implausible_max_rows: atLeast(offlineShape.implausible_max_rows, 100_000),
  implausible_slow_noise: between(offlineShape.implausible_slow_noise, 0.4, 0.95),
  implausible_medium_noise: between(offlineShape.implausible_medium_noise, 0.2, 0.9),
  implausible_known_series: atMost(offlineShape.implausible_known_series, 0.3),
  implausible_met_totals: atMost(offlineShape.implausible_met_totals, 0.9),
  implausible_followed: atMost(offlineShape.implausible_followed, 0.9),
}).superRefine(rulesOf(offlineConfig));
export const storedOfflinePolicy = z.object({
  ...offlineShape,
  critical_segments: z.array(z.string()).default([]),
});
export type OfflinePolicy = z.infer<typeof offlinePolicy>;

const shadowShape = shadowConfig.shape;

/** Thresholds of the shadow gate in a promotion. */
export const shadowPolicy = settings({
  ...shadowShape,
  alpha: between(shadowShape.alpha, 0.005, 0.05),
  cycle_days: between(shadowShape.cycle_days, 7, 31),
  min_cycles: between(shadowShape.min_cycles, 2, 26),
  max_cycles: between(shadowShape.max_cycles, 2, 52),
  cycle_min_actual_share: atLeast(shadowShape.cycle_min_actual_share, 0.8),
  margin: atMost(shadowShape.margin, 0.05),
  min_series: atLeast(shadowShape.min_series, 10),
  min_rows: atLeast(shadowShape.min_rows, 20),
  max_invalid_rate: atMost(shadowShape.max_invalid_rate, 0.01),
  bias_overall_max: atMost(shadowShape.bias_overall_max, 0.3),
  bias_cycle_min: atMost(shadowShape.bias_cycle_min, 0.1),
  bias_worse_by: atMost(shadowShape.bias_worse_by, 0.1),
  churn_ratio_max: between(shadowShape.churn_ratio_max, 1, 3),
  churn_min_pairs: atMost(shadowShape.churn_min_pairs, 5_000),
  spike_ratio: between(shadowShape.spike_ratio, 2, 20),
  spike_floor: between(shadowShape.spike_floor, 0.1, 50),
  spike_rate_max: atMost(shadowShape.spike_rate_max, 0.1),
  level_floor: atMost(shadowShape.level_floor, 5),
  psi_warn: atMost(shadowShape.psi_warn, 0.5),
  psi_fail: atMost(shadowShape.psi_fail, 0.5),
  w1_warn: atMost(shadowShape.w1_warn, 0.4),
  w1_fail: atMost(shadowShape.w1_fail, 0.4),
  level_shift_warn: atMost(shadowShape.level_shift_warn, 0.3),
  // The smaller, the further a drift must exceed chance before it fails.
  psi_alpha: between(shadowShape.psi_alpha, 0.0001, 0.05),
}).superRefine(rulesOf(shadowConfig));
export const storedShadowPolicy = z.object(shadowShape);
export type ShadowPolicy = z.infer<typeof shadowPolicy>;

/** A margin of the canary with its default; an absolute one takes its place, also for a ratio that was 0 before. */
const margin = (value: number, widest: { readonly rel: number; readonly abs: number }) =>
  settings({
    rel_margin: z.number().gt(0).max(widest.rel).default(value),
    abs_margin: z.number().gt(0).max(widest.abs).exactOptional(),
  });
const storedMargin = (value: number) =>
  z.object({
    rel_margin: canaryMargin.shape.rel_margin.unwrap().default(value),
    abs_margin: canaryMargin.shape.abs_margin,
  });

// What is assigned as a whole, and to how many units, is the plan's; that passing waits for planned looks is no choice.
const { cluster: _cluster, expected_canary_share: _share, pass_rule: _rule, ...canaryShape } = canaryConfig.shape;
/** Days of mean demand that a stock may cover; what lies above is overstock, where outcomes do not say it themselves. */
const cover_days = z.int().min(1).max(365).default(14);

/** Thresholds of the canary gate in a promotion. */
export const canaryPolicy = settings({
  ...canaryShape,
  // The smaller, the more harm has to exceed chance before it fails.
  alpha_kpi: between(canaryShape.alpha_kpi, 0.005, 0.04),
  alpha_ops: between(canaryShape.alpha_ops, 0.001, 0.009),
  alpha_srm: between(canaryShape.alpha_srm, 0.0001, 0.001),
  alpha_pass: atMost(canaryShape.alpha_pass, 0.05),
  min_clusters: atLeast(canaryShape.min_clusters, 10),
  pass_every_days: between(canaryShape.pass_every_days, 7, 28),
  max_days: between(canaryShape.max_days, 7, 90),
  metrics: settings({
    wape: margin(0.05, { rel: 0.15, abs: 0.1 }).exactOptional(),
    // Candidate against production's forecast on the same rows: without the noise of who is in which arm.
    paired_wape: margin(0.02, { rel: 0.1, abs: 0.1 }).prefault({}),
    // In absolute terms two points of the rows, and a tenth of a unit per unit sold.
    stockout: margin(0.1, { rel: 0.25, abs: 0.02 }).prefault({}),
    overstock: margin(0.1, { rel: 0.25, abs: 0.1 }).prefault({}),
  }).prefault({}),
  ops: settings({
    ...canaryOps.shape,
    min_expected: atMost(canaryOps.shape.min_expected, 5_000),
    max_missing_rate: atMost(canaryOps.shape.max_missing_rate, 0.05),
    max_negative_rate: atMost(canaryOps.shape.max_negative_rate, 0.01),
    max_nonfinite: atMost(canaryOps.shape.max_nonfinite, 10),
    rate_tol: atMost(canaryOps.shape.rate_tol, 1),
    max_error_rate: atMost(canaryOps.shape.max_error_rate, 0.1),
    min_requests: atMost(canaryOps.shape.min_requests, 5_000),
  }).prefault({}),
  cover_days,
}).superRefine(({ cover_days: _, ...policy }, context) => rulesOf(canaryConfig)(policy, context));
export const storedCanaryPolicy = z.object({
  ...canaryShape,
  ops: z.object(canaryOps.shape).prefault({}),
  metrics: z
    .object({
      wape: storedMargin(0.05).exactOptional(),
      paired_wape: storedMargin(0.02).prefault({}),
      stockout: storedMargin(0.1).prefault({}),
      overstock: storedMargin(0.1).prefault({}),
    })
    .prefault({}),
  cover_days,
});
export type CanaryPolicy = z.infer<typeof canaryPolicy>;

const guardShape = guardConfig.shape;

/** Thresholds of the production guard after a promotion. */
export const guardPolicy = settings({
  ...guardShape,
  ref_days: between(guardShape.ref_days, 14, 90),
  window: between(guardShape.window, 3, 28),
  warn: atMost(guardShape.warn, 0.25),
  rollback: atMost(guardShape.rollback, 0.25),
  consecutive: atMost(guardShape.consecutive, 7),
  cusum_k: atMost(guardShape.cusum_k, 1),
  cusum_h: atMost(guardShape.cusum_h, 10),
  max_invalid_rate: atMost(guardShape.max_invalid_rate, 0.05),
  min_volume: atLeast(guardShape.min_volume, 0.5),
  phi_max: atMost(guardShape.phi_max, 0.95),
  psi_warn: atMost(guardShape.psi_warn, 0.5),
  psi_rollback: atMost(guardShape.psi_rollback, 0.5),
  drift_days: atMost(guardShape.drift_days, 7),
}).superRefine(rulesOf(guardConfig));
export const storedGuardPolicy = z.object(guardShape);
export type GuardPolicy = z.infer<typeof guardPolicy>;

/**
 * What the guard does beside judging by its thresholds. Silence is data that should be there and is not: forecasts that
 * nobody asked for, outcomes that nobody told. `rollback` makes it a reason to go back as long as the version is unconfirmed.
 */
export const watchPolicy = settings({
  /** What a reason to go back leads to once the version is confirmed: people are told, or it is gone back from. */
  afterConfirmation: z.enum(['alert', 'rollback']).default('alert'),
  silence: z.enum(['alert', 'rollback']).default('alert'),
  /** How much later than usual data may come. */
  grace: durationSchema({ min: 'PT1M', max: 'P3D' }).default('PT6H'),
  /** Share of the usual stores, SKUs or regions whose absence is silence. */
  missingShare: z.number().gt(0).max(0.8).default(0.5),
  /** Share of the days since the promotion, of what is usual, that must be closed before the version is confirmed. */
  minCoverage: z.number().min(0.5).max(1).default(0.8),
});
