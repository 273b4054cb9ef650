import { describe, expect, it } from 'vitest';
import type { CanaryConfig } from '../../../functions/evidence/canary/canary-config.ts';
import { measureMetric } from '../../../functions/evidence/canary/canary-metric.ts';
import {
  canaryPower,
  checkPower,
  clustersNeeded,
  type PowerEvidence,
  type PowerMetric,
} from '../../../functions/evidence/canary/power.ts';
import { normalQuantile } from '../../../functions/evidence/statistics/distributions.ts';
import { seededRandom } from '../../../infra/demo/retailer-demand.ts';
import { type Cluster, configOf, metricOf, momentsOf } from './clusters.ts';

const STEPS = [
  { percentage: 5, hold: 'P2D' },
  { percentage: 50, hold: 'P7D' },
];
const at = (looks: number, paired = false) => ({ alpha: 0.05, looks, paired });

/** Clusters whose ratio of `rate` varies with a standard deviation of `sigma`, and not with what was before. */
function varied(sigma: number, count = 400, rate = 0.1, random = seededRandom(7)): readonly Cluster[] {
  const draw = () => normalQuantile(Math.min(0.999999, Math.max(0.000001, random())));
  return Array.from({ length: count }, () => ({
    n: (rate + sigma * draw()) * 1000,
    d: 1000,
    n0: rate * 1000,
    d0: 1000,
  }));
}

function metric(sigmas: Readonly<Record<number, number>>): PowerMetric {
  const windows = Object.entries(sigmas).map(([days, sigma]) => ({
    days: Number(days),
    moments: momentsOf(varied(sigma)),
  }));
  return { before: { n: 10_000n, d: 100_000n }, windows };
}

function check(
  metrics: PowerEvidence['metrics'],
  more: Partial<PowerEvidence> = {},
  config: Partial<CanaryConfig> = {},
) {
  const wanted = { stockout: { rel_margin: 0.1 } };
  const evidence = { clusters: { canary: 200, control: 200 }, days: 56, metrics, ...more };
  const { power, findings } = checkPower(evidence, { steps: STEPS }, configOf({ metrics: wanted, ...config }));
  expect(canaryPower.parse(power)).toEqual(power);
  return { ...power.metrics[0], codes: findings.map(({ code }) => code), findings };
}

describe('the clusters that a margin needs', () => {
  it('are about 19 (sigma / margin)^2 per arm with four looks, and 12.4 with one', () => {
    expect(clustersNeeded(10, at(4)) / 100).toBeCloseTo(19, 1);
    expect(clustersNeeded(10, at(1)) / 100).toBeCloseTo(12.4, 1);
    expect(clustersNeeded(10, at(4, true)) / 100).toBeCloseTo(9.5, 1);
  });

  it('are more than that where they are few, for they are known worse', () => {
    expect(clustersNeeded(1, at(4))).toBe(21);
    expect(clustersNeeded(0.1, at(4))).toBeGreaterThanOrEqual(2);
  });

  it('can be reported for a margin that is next to nothing as well', () => {
    for (const ratio of [1e8, 1e12, 1e160, Number.POSITIVE_INFINITY]) {
      expect(Number.isSafeInteger(clustersNeeded(ratio, at(4))), `${ratio}`).toBe(true);
    }
  });

  it('let a harmless canary pass in four of five cases', () => {
    const random = seededRandom(11);
    const config = configOf({ metrics: { stockout: { rel_margin: 0.2 } }, pass_every_days: 28 });
    const count = clustersNeeded(0.04 / 0.02, at(1));
    let passed = 0;
    for (let run = 0; run < 400; run += 1) {
      const sums = metricOf(varied(0.04, count, 0.1, random), varied(0.04, count, 0.1, random));
      passed += measureMetric('stockout', sums, { ...config, min_clusters: 10 }, 1).bounds?.nonInferior ? 1 : 0;
    }
    expect(passed / 400).toBeGreaterThan(0.74);
    expect(passed / 400).toBeLessThan(0.86);
  });
});

describe('the power check', () => {
  it('finds nothing where the margin can be shown, and says from which day on', () => {
    expect(check({ stockout: metric({ 7: 0.05, 14: 0.03, 28: 0.02 }) })).toMatchObject({
      ...{ powered: true, codes: [], days_needed: 14, margin: expect.closeTo(0.01, 9) },
      ...{ clusters_canary: 200, clusters_control: 200 },
    });
  });

  it('refuses too small a cohort with what would do', () => {
    const found = check({ stockout: metric({ 28: 0.02 }) }, { clusters: { canary: 20, control: 380 } });
    expect(found).toMatchObject({ powered: false, codes: ['CANARY_UNDERPOWERED:stockout'], days_needed: null });
    expect(found.clusters_needed).toBeGreaterThan(70);
    expect(found.clusters_needed).toBeLessThan(85);
    expect(found.percentage_needed).toBeGreaterThan(9);
    expect(found.percentage_needed).toBeLessThan(15);
    expect(found.findings[0]).toMatchObject({
      got: '20 canary and 380 control clusters at 50 %',
      allowed: expect.stringMatching(
        /^7\d|^8\d.*per arm to show 1.00 points in 4 weeks; 1\d % of these units would do/,
      ),
    });
  });

  it('says so when no share of the units would do', () => {
    const found = check({ stockout: metric({ 28: 0.05 }) });
    expect(found).toMatchObject({ powered: false, percentage_needed: null });
    expect(found.findings[0]?.allowed).toContain('more units, a wider margin or more days');
  });

  it('takes the variance on from the windows that were measured, to those that are longer', () => {
    // All chance: four times the days, half the spread. All lasting: it stays.
    expect(check({ stockout: metric({ 7: 0.04, 14: 0.04 / Math.SQRT2 }) }).sigma).toBeCloseTo(0.02, 2);
    expect(check({ stockout: metric({ 7: 0.04, 14: 0.04 }) }).sigma).toBeCloseTo(0.04, 2);
    expect(check({ stockout: metric({ 7: 0.04 }) }).sigma).toBeCloseTo(0.04, 2);
  });

  it('counts planned looks within the hold for alpha, but not for passing', () => {
    const metrics = { stockout: metric({ 7: 0.01, 14: 0.05, 21: 0.05, 28: 0.05 }) };
    expect(check(metrics)).toMatchObject({ powered: true, days_needed: 7 });
    const evidence = { clusters: { canary: 200, control: 200 }, days: 56, metrics };
    const held = [{ percentage: 50, hold: 'P14D' }];
    const config = configOf({ metrics: { stockout: { rel_margin: 0.1 } } });
    expect(checkPower(evidence, { steps: held }, config).power.metrics[0]?.powered).toBe(false);
  });

  it('needs the clusters that the judge needs, however little they differ', () => {
    const few = check({ stockout: metric({ 28: 0.001 }) }, { clusters: { canary: 49, control: 400 } });
    expect(few).toMatchObject({ powered: false, clusters_needed: 50, percentage_needed: 12 });
  });

  it('asks for an absolute margin where nothing ran out before', () => {
    const never = { before: { n: 0n, d: 1000n }, windows: metric({ 28: 0.001 }).windows };
    expect(check({ stockout: never }).findings).toMatchObject([
      { code: 'CANARY_MARGIN_UNDEFINED:stockout', allowed: expect.stringContaining('abs_margin') },
    ]);
    const given = { metrics: { stockout: { rel_margin: 0.1, abs_margin: 0.01 } } };
    expect(check({ stockout: never }, {}, given)).toMatchObject({ powered: true, margin: 0.01 });
  });

  it('says when nothing is known of a metric yet', () => {
    expect(check({}, { days: 9 }).findings).toMatchObject([
      { code: 'CANARY_POWER_UNKNOWN:stockout', got: 'none in 9 days', allowed: 'outcomes with stock columns' },
    ]);
    const paired = { metrics: { paired_wape: { rel_margin: 0.02 } } };
    expect(check({}, {}, paired).findings[0]?.allowed).toBe('forecasts with outcomes');
  });

  it('judges a paired metric by the canary alone', () => {
    const rows = varied(0.02, 400, 1).map((one) => ({ ...one, d: 1000 }));
    const paired = { before: { n: 0n, d: 0n }, windows: [{ days: 28, moments: momentsOf(rows) }] };
    const config = { metrics: { paired_wape: { rel_margin: 0.01 } } };
    const found = check({ paired_wape: paired }, { clusters: { canary: 50, control: 0 } }, config);
    expect(found).toMatchObject({ powered: true, margin: 0.01, clusters_needed: 50 });
    expect(check({ paired_wape: paired }, { clusters: { canary: 30, control: 500 } }, config)).toMatchObject({
      codes: ['CANARY_UNDERPOWERED:paired_wape'],
    });
  });
});
