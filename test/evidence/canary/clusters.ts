import {
  type CanaryConfig,
  type CanaryMetric,
  canaryConfig,
} from '../../../functions/evidence/canary/canary-config.ts';
import {
  type CanarySums,
  type MetricSums,
  NO_OPS,
  NO_SUMS,
  type OpsCounts,
  type OpsWindow,
} from '../../../functions/evidence/canary/canary-sums.ts';
import { type ArmMoments, momentsOf as momentsOfUnits } from '../../../functions/evidence/statistics/ratio-effect.ts';
import { dayAfter } from '../stages/stage-world.ts';

/** One unit of assignment: numerator and denominator now and before, in units. */
export interface Cluster {
  readonly n: number;
  readonly d: number;
  readonly n0: number;
  readonly d0: number;
}

/** The moments that the statements compute, here by the plain meaning of the words. */
export function momentsOf(clusters: readonly Cluster[]): ArmMoments {
  const micro = (units: number) => BigInt(Math.round(units * 1e6));
  return momentsOfUnits(
    clusters.map(({ n, d, n0, d0 }) => ({ n: micro(n), d: micro(d), n0: micro(n0), d0: micro(d0) })),
  );
}

/** Clusters, each a little different, whose ratio is `rate` now and `before` before. */
export function clustersAt(rate: number, before = 0.1, count = 60): readonly Cluster[] {
  return Array.from({ length: count }, (_, index) => {
    const [wobble, own] = [((index * 7) % 10) / 10_000 - 0.00045, (index % 5) / 1000 - 0.002];
    return { n: (rate + wobble + own) * 1000, d: 1000, n0: (before + own) * 1000, d0: 1000 };
  });
}

/** The sums of a metric of these clusters. */
export function metricOf(canary: readonly Cluster[], control: readonly Cluster[] = []): MetricSums {
  const [t, c] = [momentsOf(canary), momentsOf(control)];
  return { canary: t, control: c, before: { n: t.n0 + c.n0, d: t.d0 + c.d0 } };
}

/** No effect on anything. */
export const FINE: Readonly<Partial<Record<CanaryMetric, MetricSums>>> = {
  paired_wape: metricOf(clustersAt(0.97)),
  stockout: metricOf(clustersAt(0.1), clustersAt(0.1)),
  overstock: metricOf(clustersAt(0.1), clustersAt(0.1)),
};

/** A look after so many closed days. */
export function sumsOf(days: number, metrics: CanarySums['metrics'] = {}): CanarySums {
  return {
    ...NO_SUMS,
    days: Array.from({ length: days }, (_, index) => dayAfter('2026-04-01', index)),
    clusters: { canary: 60, control: 60 },
    metrics: { ...FINE, ...metrics },
  };
}

const MARGINS = { paired_wape: { rel_margin: 0.02 }, stockout: { rel_margin: 0.1 }, overstock: { rel_margin: 0.1 } };

/** The metrics of a promotion, with other settings as by default. */
export function configOf(members: Partial<CanaryConfig> = {}): CanaryConfig {
  return { ...canaryConfig.parse({ metrics: MARGINS }), ...members };
}

/** Windows in which each arm's counts are these. */
export function windowsOf(
  canary: Partial<OpsCounts>,
  control: Partial<OpsCounts> = {},
  count = 1,
): readonly OpsWindow[] {
  const whole = { ...NO_OPS, requests: 1000, errors: 2, slow: 5, expected: 1000 };
  return Array.from({ length: count }, (_, index) => ({
    window: dayAfter('2026-04-01', index),
    canary: { ...whole, ...canary },
    control: { ...whole, ...control },
  }));
}
