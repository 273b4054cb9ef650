import { type ArmMoments, addMoments } from '../statistics/ratio-effect.ts';
import { CANARY_METRICS, type CanaryMetric } from './canary-config.ts';

/** Rows as they were handed in, and what of them could not be used; members are those of the result. */
export interface CanaryQuality {
  readonly rows: number;
  readonly bad_rows: number;
  readonly duplicate_rows: number;
  readonly conflicting_keys: number;
  readonly arm_conflicts: number;
}

/** One metric up to a look, over the clusters that returned data for it. */
export interface MetricSums {
  readonly canary: ArmMoments;
  /** Without a cluster for a paired metric. */
  readonly control: ArmMoments;
  /** Numerator and denominator before the canary, over all clusters of both arms, whether they return data now or not. */
  readonly before: { readonly n: bigint; readonly d: bigint };
}

/** Everything up to one look. */
export interface CanarySums {
  readonly quality: CanaryQuality;
  /** Closed days with outcomes since the canary began, in order. */
  readonly days: readonly string[];
  /** Clusters that returned data. */
  readonly clusters: { readonly canary: number; readonly control: number };
  readonly metrics: Readonly<Partial<Record<CanaryMetric, MetricSums>>>;
}

/** What one arm's operations came to in one window. */
export interface OpsCounts {
  readonly requests: number;
  readonly errors: number;
  /** Null: nobody measured it. */
  readonly slow: number | null;
  /** Forecasts. */
  readonly expected: number;
  readonly missing: number;
  readonly nonfinite: number;
  readonly negative: number;
}

export interface OpsWindow {
  readonly window: string;
  readonly canary: OpsCounts;
  readonly control: OpsCounts;
}

export const NO_MOMENTS: ArmMoments = {
  clusters: 0,
  ...{ n: 0n, d: 0n, n0: 0n, d0: 0n, nn: 0n, nd: 0n, dd: 0n },
  ...{ n0n0: 0n, n0d0: 0n, d0d0: 0n, nn0: 0n, nd0: 0n, dn0: 0n, dd0: 0n },
};
export const NO_METRIC: MetricSums = { canary: NO_MOMENTS, control: NO_MOMENTS, before: { n: 0n, d: 0n } };

/**
 * Sums of parts as of the whole: exact, and the same in any order and number of parts. A part holds clusters whole: cut
 * by a hash of the cluster.
 */
export function mergeCanarySums(parts: readonly CanarySums[]): CanarySums {
  const names = new Set(parts.flatMap(({ metrics }) => metricNames(metrics)));
  const count = (of: (part: CanarySums) => number) => parts.reduce((sum, part) => sum + of(part), 0);
  const metrics: Partial<Record<CanaryMetric, MetricSums>> = {};
  for (const name of names) {
    metrics[name] = parts.reduce((sum, part) => addMetric(sum, part.metrics[name] ?? NO_METRIC), NO_METRIC);
  }
  return {
    quality: {
      rows: count(({ quality }) => quality.rows),
      bad_rows: count(({ quality }) => quality.bad_rows),
      duplicate_rows: count(({ quality }) => quality.duplicate_rows),
      conflicting_keys: count(({ quality }) => quality.conflicting_keys),
      arm_conflicts: count(({ quality }) => quality.arm_conflicts),
    },
    days: [...new Set(parts.flatMap(({ days }) => days))].sort(),
    clusters: { canary: count(({ clusters }) => clusters.canary), control: count(({ clusters }) => clusters.control) },
    metrics,
  };
}

function metricNames(metrics: CanarySums['metrics']): readonly CanaryMetric[] {
  return CANARY_METRICS.filter((name) => metrics[name] !== undefined);
}

function addMetric(one: MetricSums, other: MetricSums): MetricSums {
  return {
    canary: addMoments(one.canary, other.canary),
    control: addMoments(one.control, other.control),
    before: { n: one.before.n + other.before.n, d: one.before.d + other.before.d },
  };
}

/** Nothing is known yet. */
export const NO_SUMS: CanarySums = {
  quality: { rows: 0, bad_rows: 0, duplicate_rows: 0, conflicting_keys: 0, arm_conflicts: 0 },
  days: [],
  clusters: { canary: 0, control: 0 },
  metrics: {},
};

/** An arm of which a window says nothing. */
export const NO_OPS: OpsCounts = {
  ...{ requests: 0, errors: 0, slow: 0, expected: 0, missing: 0, nonfinite: 0, negative: 0 },
};
