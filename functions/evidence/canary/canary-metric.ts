import { change, type Finding, percent } from '../finding.ts';
import { studentTQuantile } from '../statistics/distributions.ts';
import { alwaysValidP, mixtureHalfWidth } from '../statistics/mixture.ts';
import { pairedEffect, type RatioEffect, ratioEffect } from '../statistics/ratio-effect.ts';
import type { CanaryConfig, CanaryMargin, CanaryMetric } from './canary-config.ts';
import type { CanaryMetricResult } from './canary-result.ts';
import { type MetricSums, NO_METRIC } from './canary-sums.ts';

/** One metric at one look, before it is adjusted for the others. `bounds` null: too little to judge it. */
export interface MeasuredMetric {
  readonly metric: CanaryMetric;
  readonly clusters: { readonly canary: number; readonly control: number };
  readonly margin: number | null;
  readonly effect: RatioEffect | null;
  readonly bounds: MetricBounds | null;
}

export interface MetricBounds {
  readonly pHarm: number;
  readonly pRunning: number;
  readonly lower: number;
  readonly upper: number;
  readonly nonInferior: boolean;
}

/** Looks at which a canary may pass; each has an equal part of the chance to pass wrongly (Bonferroni). */
export function plannedLooks({
  max_days,
  pass_every_days,
}: Pick<CanaryConfig, 'max_days' | 'pass_every_days'>): number {
  return Math.floor(max_days / pass_every_days);
}

/**
 * One metric at one look: harm by the one-sided normal-mixture p value with the margin as its scale, its running minimum
 * over the looks before (Johari et al. 2017; Howard et al. 2021), and the upper t bound that a planned look passes by.
 */
export function measureMetric(
  metric: CanaryMetric,
  given: MetricSums | undefined,
  config: CanaryConfig,
  pBefore: number,
): MeasuredMetric {
  const sums = given ?? NO_METRIC;
  const paired = metric === 'paired_wape';
  const effect = paired ? pairedEffect(sums.canary) : ratioEffect(sums.canary, sums.control, config.theta_clamp);
  const clusters = { canary: sums.canary.clusters, control: sums.control.clusters };
  const margin = marginOf(config.metrics[metric] ?? {}, paired ? 1 : ratioBefore(sums));
  const enough = clusters.canary >= config.min_clusters && (paired || clusters.control >= config.min_clusters);
  const found = { metric, clusters, margin, effect };
  if (!enough || effect === null || margin === null) return { ...found, bounds: null };
  const df = paired ? clusters.canary - 1 : clusters.canary + clusters.control - 2;
  return { ...found, bounds: boundsOf(effect, { margin, df, pBefore, config }) };
}

function boundsOf(
  { tau, se }: RatioEffect,
  of: { readonly margin: number; readonly df: number; readonly pBefore: number; readonly config: CanaryConfig },
): MetricBounds {
  const { margin, df, pBefore, config } = of;
  const variance = se ** 2;
  const pHarm = alwaysValidP(tau, variance, margin);
  const upper = tau + (se === 0 ? 0 : studentTQuantile(1 - config.alpha_pass / plannedLooks(config), df) * se);
  return {
    pHarm,
    pRunning: Math.min(pHarm, pBefore),
    lower: tau - mixtureHalfWidth(variance, margin, config.alpha_kpi),
    upper,
    nonInferior: upper < margin,
  };
}

/**
 * An absolute margin where one is given, whatever was before; else the share of the ratio before, or null where that was 0
 * or unknown: there is nothing to take a share of.
 */
export function marginOf({ rel_margin, abs_margin }: CanaryMargin, before: number | null): number | null {
  if (abs_margin !== undefined) return abs_margin;
  return rel_margin === undefined || before === null || before <= 0 ? null : rel_margin * before;
}

function ratioBefore({ before: { n, d } }: MetricSums): number | null {
  return d === 0n ? null : Number(n) / Number(d);
}

/** As the contract has it; `pHolm` is the running p value adjusted for the other metrics. */
export function metricResult(found: MeasuredMetric, pHolm: number | undefined): CanaryMetricResult {
  const { metric, clusters, margin, effect, bounds } = found;
  const head = { clusters_canary: clusters.canary, clusters_control: clusters.control, margin };
  if (effect === null || bounds === null || pHolm === undefined) return { ...head, sufficient: false };
  const { theta, ratioCanary, ratioControl, ratioPreCanary, ratioPreControl, se } = effect;
  const ratios = {
    ...{ ratio_canary: ratioCanary, ratio_control: ratioControl },
    ...{ ratio_pre_canary: ratioPreCanary, ratio_pre_control: ratioPreControl },
  };
  return {
    ...head,
    ...{ sufficient: true, tau: told(effect.tau), theta },
    ...(metric === 'paired_wape' ? {} : ratios),
    ...{ se, p_harm: bounds.pHarm, p_harm_running: bounds.pRunning, lcb: told(bounds.lower), ucb: told(bounds.upper) },
    ...{ non_inferior: bounds.nonInferior, p_harm_holm: pHolm },
  };
}

function told(value: number): number | 'inf' {
  return value === Number.POSITIVE_INFINITY ? 'inf' : value;
}

/** What the metric was found to be, for people. */
export function describeEffect({ metric, effect, bounds }: MeasuredMetric): string {
  if (effect === null) return 'undefined';
  const upTo = bounds === null || !Number.isFinite(bounds.upper) ? '' : `, at most ${difference(metric, bounds.upper)}`;
  if (metric === 'paired_wape') return `${change(effect.tau)}${upTo}`;
  const { ratioCanary, ratioControl, tau } = effect;
  return `${percent(ratioCanary, 2)} in the canary, ${percent(ratioControl, 2)} in the control; ${difference(metric, tau)} by the canary${upTo}`;
}

export function describeMargin({ metric, margin }: MeasuredMetric): string {
  if (margin === null) return 'a margin: there was nothing before the canary to take a share of, so give abs_margin';
  return `less than ${difference(metric, margin)}`;
}

function difference(metric: CanaryMetric, value: number): string {
  return metric === 'paired_wape' ? change(value) : `${value > 0 ? '+' : ''}${(value * 100).toFixed(2)} points`;
}

/** Why a metric cannot be judged. */
export function insufficient(found: MeasuredMetric, config: CanaryConfig): Finding {
  const { metric, clusters, margin } = found;
  const paired = metric === 'paired_wape';
  const enough = clusters.canary >= config.min_clusters && (paired || clusters.control >= config.min_clusters);
  const code = `INSUFFICIENT:${metric}`;
  if (enough && margin === null) return { code, got: 'none before the canary', allowed: describeMargin(found) };
  const control = paired ? '' : ` and ${clusters.control} control`;
  return {
    code,
    got: `${clusters.canary} canary${control} clusters with data`,
    allowed: `at least ${config.min_clusters} clusters per arm`,
  };
}
