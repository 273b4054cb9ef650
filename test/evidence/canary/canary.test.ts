import { describe, expect, it } from 'vitest';
import { type CanaryLookInput, FIRST_LOOK, judgeCanary } from '../../../functions/evidence/canary/canary.ts';
import type { CanaryConfig } from '../../../functions/evidence/canary/canary-config.ts';
import { canaryResult } from '../../../functions/evidence/canary/canary-result.ts';
import type { CanarySums } from '../../../functions/evidence/canary/canary-sums.ts';
import { clustersAt, configOf, metricOf, momentsOf, sumsOf, windowsOf } from './clusters.ts';

function look(sums: CanarySums, input: Partial<CanaryLookInput> = {}, config: Partial<CanaryConfig> = {}) {
  return judgeCanary({ sums, ops: [], state: FIRST_LOOK, ...input }, configOf(config)).result;
}
const harm = metricOf(clustersAt(0.15), clustersAt(0.1));
/** Worse than the margin, by clusters that differ far too much to tell. */
const unsure = metricOf(
  clustersAt(0.12).map((one, index) => ({ ...one, n: one.n + (index % 2 === 0 ? 90 : -90) })),
  clustersAt(0.1),
);

describe('a look at a canary', () => {
  it('passes at a planned look, when every metric is shown to be within its margin', () => {
    expect(look(sumsOf(7))).toMatchObject({
      ...{ decision: 'PASS', reasons: [], pending: [], look: 1, days: 7 },
      state: { look: 1, pass_looks_used: 1, failed: false },
    });
  });

  it('does not pass on any other day, whatever was shown', () => {
    expect(look(sumsOf(6))).toMatchObject({ decision: 'CONTINUE', pending: ['PASS_LOOK_NOT_DUE'] });
    const used = { look: 7, pass_looks_used: 1, p_run: {}, failed: false };
    expect(look(sumsOf(8), { state: used })).toMatchObject({
      ...{ decision: 'CONTINUE', pending: ['PASS_LOOK_NOT_DUE'] },
      state: { look: 8, pass_looks_used: 1 },
    });
    expect(look(sumsOf(14), { state: used }).decision).toBe('PASS');
  });

  it('uses up a planned look that does not pass', () => {
    expect(look(sumsOf(7, { stockout: unsure }))).toMatchObject({
      ...{ decision: 'CONTINUE', pending: ['NOT_YET_NON_INFERIOR:stockout'] },
      state: { pass_looks_used: 1 },
    });
  });

  it('fails on any day when harm is proven and the estimate is at its margin', () => {
    expect(look(sumsOf(1, { overstock: harm }))).toMatchObject({
      ...{ decision: 'FAIL', reasons: ['KPI_REGRESSED:overstock'] },
      state: { look: 1, failed: true },
    });
  });

  it('does not fail by harm that is proven but smaller than the margin', () => {
    const slight = metricOf(clustersAt(0.105), clustersAt(0.1));
    const found = look(sumsOf(3, { stockout: slight }));
    expect(found.metrics.stockout?.p_harm_holm).toBeLessThan(0.04);
    expect(found.decision).toBe('CONTINUE');
  });

  it('holds an earlier p value against today while the estimate is at its margin, and only then', () => {
    const state = { look: 4, pass_looks_used: 0, p_run: { stockout: 0.005 }, failed: false };
    expect(look(sumsOf(5, { stockout: unsure })).reasons).toEqual([]);
    expect(look(sumsOf(5, { stockout: unsure }), { state })).toMatchObject({
      reasons: ['KPI_REGRESSED:stockout'],
      metrics: { stockout: { p_harm_running: 0.005, p_harm_holm: 0.015 } },
    });
    expect(look(sumsOf(5), { state }).reasons).toEqual([]);
    // Adjusted for three metrics it is no proof.
    const weak = { ...state, p_run: { stockout: 0.02 } };
    expect(look(sumsOf(5, { stockout: unsure }), { state: weak }).reasons).toEqual([]);
  });

  it('never forgets: the running p value falls or stays, and a canary that failed stays failed', () => {
    const state = { look: 3, pass_looks_used: 0, p_run: { stockout: 0.3, overstock: 0.2 }, failed: true };
    const found = look(sumsOf(7), { state });
    expect(found).toMatchObject({ decision: 'FAIL', reasons: ['FAILED_AT_EARLIER_LOOK'] });
    expect(found.state).toMatchObject({ look: 4, failed: true, p_run: { stockout: 0.3, overstock: 0.2 } });
  });

  it('does not pass, nor fail, by too few clusters', () => {
    const few = metricOf(clustersAt(0.9, 0.1, 49), clustersAt(0.1, 0.1, 49));
    const found = look(sumsOf(7, { stockout: few }));
    expect(found).toMatchObject({ decision: 'CONTINUE', pending: ['INSUFFICIENT:stockout'] });
    expect(found.metrics.stockout).toEqual({
      ...{ clusters_canary: 49, clusters_control: 49, sufficient: false },
      margin: expect.closeTo(0.01, 4),
    });
    expect(found.state.p_run).not.toHaveProperty('stockout');
  });

  it('does not pass by silence', () => {
    const { stockout: _, ...others } = sumsOf(7).metrics;
    expect(look({ ...sumsOf(7), metrics: others })).toMatchObject({
      decision: 'CONTINUE',
      pending: ['INSUFFICIENT:stockout'],
    });
  });

  it('needs an absolute margin where nothing ran out before', () => {
    const none = clustersAt(0, 0).map((one) => ({ ...one, n: 0, n0: 0 }));
    const never = sumsOf(7, { stockout: metricOf(none, none) });
    const found = judgeCanary({ sums: never, ops: [], state: FIRST_LOOK }, configOf());
    expect(found.pending).toMatchObject([
      { code: 'INSUFFICIENT:stockout', allowed: expect.stringContaining('abs_margin') },
    ]);
    expect(found.result.metrics.stockout).toMatchObject({ margin: null, sufficient: false });
    const metrics = { ...configOf().metrics, stockout: { rel_margin: 0.1, abs_margin: 0.01 } };
    expect(look(never, {}, { metrics })).toMatchObject({ decision: 'PASS', metrics: { stockout: { margin: 0.01 } } });
  });

  it('is held to an absolute margin where one is given, whatever share the relative one would be', () => {
    const metrics = { ...configOf().metrics, stockout: { rel_margin: 0.1, abs_margin: 0.015 } };
    const sums = sumsOf(7, { stockout: metricOf(clustersAt(0, 0), clustersAt(0, 0)) });
    expect(look(sums, {}, { metrics }).metrics.stockout?.margin).toBe(0.015);
  });

  it('fails after max_days without proof, and not before', () => {
    const used = { look: 27, pass_looks_used: 3, p_run: {}, failed: false };
    expect(look(sumsOf(27, { stockout: unsure }), { state: used }).decision).toBe('CONTINUE');
    expect(look(sumsOf(28, { stockout: unsure }), { state: used })).toMatchObject({
      ...{ decision: 'FAIL', reasons: ['NOT_NON_INFERIOR_AT_HORIZON'] },
      pending: ['NOT_YET_NON_INFERIOR:stockout'],
      state: { pass_looks_used: 4, failed: true },
    });
  });

  it('fails by a unit in the wrong arm, however fine the numbers', () => {
    const { quality } = sumsOf(7);
    expect(look({ ...sumsOf(7), quality: { ...quality, arm_conflicts: 1 } })).toMatchObject({
      ...{ decision: 'FAIL', reasons: ['COHORT_CONTAMINATION'], pending: [] },
    });
  });

  it('fails when an arm has lost more units than chance would, with less of alpha at each look', () => {
    const lost = { ...sumsOf(7), clusters: { canary: 400, control: 500 } };
    expect(look(lost)).toMatchObject({ reasons: [], srm: { alpha_look: 0.0005 } });
    const more = { ...sumsOf(7), clusters: { canary: 400, control: 520 } };
    expect(look(more)).toMatchObject({ decision: 'FAIL', reasons: ['SAMPLE_RATIO_MISMATCH'] });
    const late = { look: 9, pass_looks_used: 0, p_run: {}, failed: false };
    expect(look(more, { state: late })).toMatchObject({ reasons: [] });
    expect(look(more, { state: late }).srm.alpha_look).toBeCloseTo(0.001 / 110, 15);
    expect(look(more, {}, { expected_canary_share: 0.43 }).reasons).toEqual([]);
  });

  it('tells every reason at once', () => {
    const broken = { sums: sumsOf(1, { stockout: harm, overstock: harm }), ops: windowsOf({ nonfinite: 1 }) };
    expect(look(broken.sums, broken).reasons).toEqual([
      'KPI_REGRESSED:overstock',
      'KPI_REGRESSED:stockout',
      'NONFINITE_PREDICTIONS',
    ]);
  });

  it('fails a candidate that errs where production is perfect, and says that the change has no bound', () => {
    const perfect = clustersAt(0.1).map((one) => ({ ...one, d: 0 }));
    const found = look(sumsOf(1, { paired_wape: metricOf(perfect) }));
    expect(found).toMatchObject({
      reasons: ['KPI_REGRESSED:paired_wape'],
      metrics: { paired_wape: { tau: 'inf', lcb: 'inf', ucb: 'inf', p_harm: 0 } },
    });
  });

  it('takes an identical candidate for harmless', () => {
    const same = clustersAt(1).map((one) => ({ ...one, d: one.n }));
    expect(look(sumsOf(7, { paired_wape: metricOf(same) }))).toMatchObject({
      decision: 'PASS',
      metrics: { paired_wape: { tau: 0, se: 0, p_harm: 1, ucb: 0, non_inferior: true } },
    });
  });

  it('is of the shape of the contract', () => {
    for (const found of [look(sumsOf(7)), look(sumsOf(0)), look(sumsOf(1, { stockout: harm }))]) {
      expect(canaryResult.parse(found)).toEqual(found);
    }
  });
});

describe('a look that was taken before', () => {
  const spent = { look: 7, pass_looks_used: 1, p_run: { stockout: 0.5 }, failed: false };

  it('spends nothing, and decides nothing that rests on the days', () => {
    const restated = look(sumsOf(7, { stockout: harm }), { state: spent, repeated: true });
    expect(restated).toMatchObject({ decision: 'CONTINUE', reasons: [], look: 7 });
    expect(restated.state).toEqual(spent);
    expect(look(sumsOf(28), { state: spent, repeated: true }).decision).toBe('CONTINUE');
  });

  it('fails by operations all the same, which are judged at any time', () => {
    const found = look(sumsOf(7), { state: spent, repeated: true, ops: windowsOf({ nonfinite: 1 }) });
    expect(found).toMatchObject({ decision: 'FAIL', reasons: ['NONFINITE_PREDICTIONS'], state: { failed: true } });
  });

  it('may come before the first', () => {
    expect(look(sumsOf(0), { repeated: true })).toMatchObject({ decision: 'CONTINUE', look: 0, days: 0 });
  });
});

describe('the clusters of an arm', () => {
  it('are told as the sums over them', () => {
    expect(momentsOf(clustersAt(0.1, 0.1, 5))).toMatchObject({ clusters: 5, d: 5_000_000_000n });
  });
});
