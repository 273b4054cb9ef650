import * as z from 'zod';
import { type Finding, finding } from '../finding.ts';

const share = () => z.number().min(0).max(1);
const alpha = (value: number) => z.number().gt(0).max(0.5).default(value);
const count = () => z.int().min(0);

/**
 * What a canary is compared by, all better when lower: absolute error of the served forecasts per unit, the same against
 * production's forecasts on the same rows, stocked-out rows per row, overstock units per unit sold.
 */
export const CANARY_METRICS = ['wape', 'paired_wape', 'stockout', 'overstock'] as const;
export type CanaryMetric = (typeof CANARY_METRICS)[number];

/** Operational events that are compared between the arms. */
export const OPS_METRICS = ['errors', 'slow'] as const;
export type OpsMetric = (typeof OPS_METRICS)[number];

/**
 * By how much the canary may be worse: `rel_margin` as a share of the ratio of both arms before the canary, or
 * `abs_margin` in the unit of the ratio, which counts where both are given: it is there also where nothing ran out of
 * stock before. For `paired_wape` both are the relative change itself.
 */
export const canaryMargin = z
  .strictObject({
    rel_margin: z.number().gt(0).max(10).exactOptional(),
    abs_margin: z.number().gt(0).exactOptional(),
  })
  .refine(({ rel_margin, abs_margin }) => rel_margin !== undefined || abs_margin !== undefined, {
    message: 'Expected a margin.',
    params: { allowed: 'rel_margin, abs_margin or both' },
  });
export type CanaryMargin = z.infer<typeof canaryMargin>;

/** The metrics that decide, each with its margin; all of them have to be shown. */
export const canaryMetrics = z
  .strictObject({
    wape: canaryMargin.exactOptional(),
    paired_wape: canaryMargin.exactOptional(),
    stockout: canaryMargin.exactOptional(),
    overstock: canaryMargin.exactOptional(),
  })
  .refine((metrics) => Object.keys(metrics).length > 0, {
    message: 'Expected a metric.',
    params: { allowed: CANARY_METRICS.join(', ') },
  });

/** Operational thresholds of the canary arm; rates are shares. */
export const canaryOps = z.strictObject({
  /** Forecasts expected of the canary before their rates are judged. */
  min_expected: count().default(200),
  max_missing_rate: share().default(0.005),
  max_negative_rate: share().default(0.001),
  max_nonfinite: count().default(0),
  /** How much higher than the control's a rate must be, relative to it, to be harm. */
  rate_tol: z.number().min(0).default(0.5),
  max_error_rate: share().default(0.05),
  /** Invocations before the error rate is judged on its own. */
  min_requests: count().default(200),
  metrics: z.array(z.enum(OPS_METRICS)).default([...OPS_METRICS]),
});

/**
 * Thresholds of the canary judge; shares are fractions (0.05 is 5 %). Keys and defaults are those of the evidence
 * contract; a policy may only be stricter. An unknown key is refused.
 */
export const canaryConfig = z
  .strictObject({
    /** Chance that a harmless canary fails by its KPIs, at whatever look; the same for operations and sample ratio. */
    alpha_kpi: alpha(0.04),
    alpha_ops: alpha(0.009),
    alpha_srm: alpha(0.001),
    /** Chance that a canary on its margin passes, over all planned looks; each has an equal part of it. */
    alpha_pass: alpha(0.05),
    /** What was assigned as a whole. */
    cluster: z.enum(['sku_store', 'store', 'sku', 'region']).default('sku_store'),
    /** Share of the clusters that the plan gives to the canary. */
    expected_canary_share: z.number().gt(0).lt(1).default(0.5),
    /** Clusters needed in each arm. */
    min_clusters: z.int().min(2).default(50),
    /** The canary passes at planned looks alone: one each time `pass_every_days` further days are closed. */
    pass_rule: z.literal('planned').default('planned'),
    pass_every_days: z.int().min(1).max(366).default(7),
    /** After so many closed days without proof the canary fails. */
    max_days: z.int().min(1).max(3660).default(28),
    metrics: canaryMetrics.default({
      wape: { rel_margin: 0.05 },
      stockout: { rel_margin: 0.1 },
      overstock: { rel_margin: 0.1 },
    }),
    /** Bounds of how much of the difference before the canary is taken off: 0 nothing, 1 all of it. */
    theta_clamp: z
      .tuple([share(), share()])
      .refine(([low, high]) => low <= high, { message: 'Expected rising bounds.', params: { allowed: '[low, high]' } })
      .default([0, 1]),
    ops: canaryOps.prefault({}),
  })
  .refine(({ max_days, pass_every_days }) => max_days >= pass_every_days, {
    path: ['max_days'],
    message: 'Expected at least pass_every_days: there would be no look to pass at.',
    params: { allowed: 'at least pass_every_days' },
  });
export type CanaryConfig = z.infer<typeof canaryConfig>;

/**
 * What should be known before a canary starts: where whole regions are assigned there are never enough clusters for any
 * test, so that it would go on to its horizon and fail there.
 */
export function fewClusters({ cluster, min_clusters }: CanaryConfig): readonly Finding[] {
  return finding(cluster === 'region', 'TOO_FEW_CLUSTERS', {
    got: 'regions as units of assignment',
    allowed: `stores, SKUs or both, at least ${min_clusters} per arm`,
  });
}
