import { describe, expect, it } from 'vitest';
import { canaryConfig, fewClusters } from '../../../functions/evidence/canary/canary-config.ts';

const paths = (config: object) =>
  canaryConfig.safeParse(config).error?.issues.map(({ path, code }) => `${path.join('.')}: ${code}`);

describe('the thresholds of a canary', () => {
  it('have the defaults of the contract', () => {
    expect(canaryConfig.parse({})).toMatchObject({
      ...{ alpha_kpi: 0.04, alpha_ops: 0.009, alpha_srm: 0.001, alpha_pass: 0.05, cluster: 'sku_store' },
      ...{ expected_canary_share: 0.5, min_clusters: 50, pass_rule: 'planned', pass_every_days: 7, max_days: 28 },
      metrics: { wape: { rel_margin: 0.05 }, stockout: { rel_margin: 0.1 }, overstock: { rel_margin: 0.1 } },
      theta_clamp: [0, 1],
      ops: { min_expected: 200, max_missing_rate: 0.005, max_negative_rate: 0.001, max_nonfinite: 0, rate_tol: 0.5 },
    });
  });

  it('replace the metrics as a whole', () => {
    const metrics = { paired_wape: { rel_margin: 0.02 } };
    expect(canaryConfig.parse({ metrics }).metrics).toEqual(metrics);
  });

  it.each([
    [{ alpha_kpl: 0.1 }, ': unrecognized_keys'],
    [{ metrics: {} }, 'metrics: custom'],
    [{ metrics: { stockout: {} } }, 'metrics.stockout: custom'],
    [{ metrics: { stockouts: { rel_margin: 0.1 } } }, 'metrics: unrecognized_keys'],
    [{ metrics: { wape: { rel_margin: 0 } } }, 'metrics.wape.rel_margin: too_small'],
    [{ theta_clamp: [1, 0] }, 'theta_clamp: custom'],
    [{ max_days: 6 }, 'max_days: custom'],
    [{ ops: { rate_tol: -1 } }, 'ops.rate_tol: too_small'],
    [{ ops: { metrics: ['latency'] } }, 'ops.metrics.0: invalid_value'],
    [{ expected_canary_share: 1 }, 'expected_canary_share: too_big'],
  ])('refuse %j', (config, path) => {
    expect(paths(config)).toContain(path);
  });

  it('tell before the start that a cohort of regions has too few clusters to ever pass', () => {
    expect(fewClusters(canaryConfig.parse({ cluster: 'region' }))).toMatchObject([{ code: 'TOO_FEW_CLUSTERS' }]);
    expect(fewClusters(canaryConfig.parse({ cluster: 'store' }))).toEqual([]);
  });
});
