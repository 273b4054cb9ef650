import { describe, expect, it } from 'vitest';
import { CONTRACT, judgeShadow, type ShadowContext } from '../../../functions/evidence/shadow/shadow.ts';
import type { ShadowConfig } from '../../../functions/evidence/shadow/shadow-config.ts';
import type { DaySums, ShadowSums } from '../../../functions/evidence/shadow/shadow-sums.ts';
import { type Model, noise, plainSums, type Row, steady, thresholds, world } from './plain-shadow.ts';

const scaled =
  (by: number, model: Model = steady): Model =>
  (demand, at) =>
    Number(model(demand, at)) * by;
/** Off by half of what `steady` is. */
const better: Model = (demand, { series, day }) => demand * (1 + 0.1 * noise(series, day, 1));
const worse: Model = (demand, { series, day }) => demand * (1 + 0.4 * noise(series, day, 2));

const judgedRows = (rows: readonly Row[], config = thresholds(), context?: ShadowContext) =>
  judgeShadow(plainSums(rows, config), config, context).result;
const judged = (candidate: Model, members: Partial<ShadowConfig> = {}, days = 28) =>
  judgedRows(world({ candidate }, { days }), thresholds(members));

/** The sums with every day changed alike, to stand right at a threshold. */
function changed(sums: ShadowSums, change: (day: DaySums) => Partial<DaySums>): ShadowSums {
  return { ...sums, days: sums.days.map((day) => ({ ...day, ...change(day) })) };
}

describe('a shadow', () => {
  it('passes once enough cycles show that it is no worse by the margin', () => {
    expect(judged(better, {}, 27)).toMatchObject({ decision: 'CONTINUE', pending: ['INSUFFICIENT_CYCLES'] });
    expect(judged(better)).toMatchObject({ decision: 'PASS', reasons: [], pending: [] });
  });

  it('passes when it is production itself', () => {
    expect(judged(steady)).toMatchObject({
      ...{ decision: 'PASS', warnings: [] },
      accuracy: { rel_wape: 0, series_se: 0, p_series: 0, p_harm_series: 1, p_noninf: 0, dm: { mean: 0, se: 0 } },
      drift: { psi: 0, w1_norm: 0, level_shift: 0 },
    });
  });

  it('goes on while only one of both tests has shown it', () => {
    const sums = plainSums(world({ candidate: better }), thresholds());
    const half = { ...sums.bySeries, series: { groups: 12, aa: 10n ** 20n, ab: 0n, bb: 10n ** 20n } };
    const { result } = judgeShadow({ ...sums, bySeries: half }, thresholds());
    expect(result.accuracy.dm.p_noninf).toBeLessThan(0.01);
    expect(result.accuracy.p_noninf).toBe(result.accuracy.p_series);
    expect(result).toMatchObject({ decision: 'CONTINUE', pending: ['NOT_YET_NON_INFERIOR'] });
  });

  it('shares its chance of a wrong pass among the decisions that may pass', () => {
    expect(judged(better).accuracy.alpha_look).toBeCloseTo(0.05 / 5, 15);
    expect(judged(better, { min_cycles: 4, max_cycles: 4 }).accuracy.alpha_look).toBe(0.05);
    expect(judged(better, { alpha: 1e-30 })).toMatchObject({ pending: ['NOT_YET_NON_INFERIOR'] });
  });

  it('never passes on few rows or few series, however good they look', () => {
    expect(judged(better, { min_rows: 673 })).toMatchObject({
      decision: 'CONTINUE',
      pending: ['NOT_YET_NON_INFERIOR'],
    });
    expect(judged(better, { min_series: 13 })).toMatchObject({
      decision: 'CONTINUE',
      pending: ['NOT_YET_NON_INFERIOR'],
    });
  });

  it('is not shown where the days are no more than the longest horizon', () => {
    const long = world({ candidate: better }, { horizons: [1, 28] });
    const { pending } = judgeShadow(plainSums(long, thresholds()), thresholds());
    expect(pending).toMatchObject([{ got: expect.stringContaining('28 days for horizons of up to 28') }]);
    expect(judgedRows(long)).toMatchObject({
      ...{ decision: 'CONTINUE', pending: ['NOT_YET_NON_INFERIOR'] },
      accuracy: { p_noninf: null, dm: { n: 28, h: 28, se: null, p_noninf: null } },
    });
  });

  it('fails after the last cycle without proof, and never passes by tiredness', () => {
    expect(judged(worse, { spike_rate_max: 1 }, 55)).toMatchObject({ decision: 'CONTINUE', complete_cycles: 7 });
    expect(judged(worse, { spike_rate_max: 1 }, 56)).toMatchObject({
      ...{ decision: 'FAIL', reasons: ['NOT_NON_INFERIOR_AT_HORIZON'], pending: ['NOT_YET_NON_INFERIOR'] },
    });
  });

  it('has an error without bound where production has none, and no proof', () => {
    const perfect = world({ candidate: better, production: (demand) => demand });
    expect(judgedRows(perfect)).toMatchObject({
      ...{ decision: 'CONTINUE', pending: ['NOT_YET_NON_INFERIOR'] },
      accuracy: { rel_wape: 'inf', wape_production: 0, p_noninf: null, dm: { mean: 'inf' } },
      cycles: [{ rel_wape: 'inf' }, {}, {}, {}],
    });
  });

  it('has no share of demand where nothing was sold, and fails for nothing then', () => {
    const none = world({}).map((row) => ({ ...row, y: 0 }));
    expect(judgedRows(none)).toMatchObject({
      ...{
        decision: 'PASS',
        bias: { candidate: null, systematic: false },
        accuracy: { wape_candidate: null, rel_wape: 0 },
      },
    });
  });
});

describe('bias of a shadow', () => {
  it('is systematic when each cycle leans to the same side, beyond the limit and production', () => {
    for (const by of [1.09, 0.91]) {
      expect(judged(scaled(by)).reasons).toEqual(['SYSTEMATIC_BIAS']);
      expect(judged(scaled(by)).bias.systematic).toBe(true);
    }
  });

  it('is not told before there are enough cycles', () => {
    expect(judged(scaled(1.09), {}, 21)).toMatchObject({ decision: 'CONTINUE', bias: { systematic: false } });
  });

  it('is not systematic when one cycle does not lean, when it is small, or when production is as biased', () => {
    const mostly: Model = (demand, at) => Number(steady(demand, at)) * (at.day < 7 ? 1 : 1.2);
    expect(judged(mostly).bias.systematic).toBe(false);
    expect(judged(scaled(1.03)).bias.systematic).toBe(false);
    const both = world({ candidate: scaled(1.2), production: scaled(1.19) });
    expect(judgedRows(both).bias.systematic).toBe(false);
  });
});

describe('revisions of a shadow', () => {
  const revised =
    (by: number): Model =>
    (demand, at) =>
      Number(steady(demand, at)) * (1 + by * (at.ahead - 1.5));
  const on = (candidate: Model, production: Model, context = CONTRACT, members: Partial<ShadowConfig> = {}) =>
    judgedRows(world({ candidate, production }), thresholds({ alpha: 1e-30, ...members }), context);

  it('may be a quarter more than those of production', () => {
    expect(on(revised(0.124), revised(0.1)).reasons).toEqual([]);
    const unstable = on(revised(0.126), revised(0.1));
    expect(unstable.reasons).toEqual(['UNSTABLE_REVISIONS']);
    expect(unstable.instability.churn_ratio).toBeCloseTo(1.26, 2);
  });

  it('count from enough pairs on', () => {
    expect(on(revised(0.5), revised(0.1), CONTRACT, { churn_min_pairs: 337 }).reasons).toEqual([]);
    expect(on(revised(0.5), revised(0.1), CONTRACT, { churn_min_pairs: 336 }).reasons).toEqual(['UNSTABLE_REVISIONS']);
  });

  it('are without bound where production is never revised, and undefined where neither is', () => {
    expect(on(revised(0.01), steady)).toMatchObject({
      ...{ decision: 'FAIL', reasons: ['UNSTABLE_REVISIONS'], instability: { churn_ratio: 'inf' } },
    });
    expect(on(steady, revised(0.1)).instability.churn_ratio).toBe(0);
    expect(on(steady, steady).instability).toMatchObject({ churn_candidate: 0, churn_ratio: null });
  });

  it('are held against the error of a comparator that does not learn from day to day, where that is asked for', () => {
    // Production errs by some 10 % of demand: moves of up to 5 % of the level are fine.
    const context = { ...CONTRACT, revisions: 'error' } as const;
    const either = { ...CONTRACT, revisions: 'ratio-or-error' } as const;
    for (const rule of [context, either]) {
      expect(on(revised(0.045), steady, rule).reasons).toEqual([]);
      expect(on(revised(0.06), steady, rule).reasons).toEqual(['UNSTABLE_REVISIONS']);
    }
    expect(on(revised(0.045), revised(0.001), context).reasons).toEqual([]);
    expect(on(revised(0.045), revised(0.001), either).reasons).toEqual(['UNSTABLE_REVISIONS']);
    expect(on(revised(0.045), revised(0.001), either).instability.churn_ratio).toBeGreaterThan(40);
  });
});

describe('spikes of a shadow', () => {
  it('are a share of forecasts beyond the limit', () => {
    const sums = plainSums(world({}), thresholds());
    const spiking = (spikes: number) =>
      judgeShadow(
        changed(sums, ({ usable }) => ({ usable, spikes })),
        thresholds({ spike_rate_max: 1 / 24 }),
      ).result;
    expect(spiking(1)).toMatchObject({ reasons: [], instability: { spike_rate: 1 / 24 } });
    expect(spiking(2).reasons).toEqual(['SPIKES']);
  });
});

describe('drift of a shadow', () => {
  /** Off from the demand by as much as production, spread over the series instead of the days. */
  const spread: Model = (demand, { series, day }) => demand * (1 + 0.6 * noise(series, day, 3));
  const loose = { spike_rate_max: 1, bias_overall_max: 1, psi_alpha: 0.5, alpha: 1e-30 };

  it('fails beyond both limits and the critical value, and warns from half of them on', () => {
    const far = judged(spread, { ...loose, w1_fail: 0.15 });
    expect(far.drift.psi).toBeGreaterThan(0.25);
    expect(far).toMatchObject({ decision: 'FAIL', reasons: ['PREDICTION_DRIFT'] });
    expect(far.warnings).toContain('PREDICTION_DRIFT');
    expect(judged(spread, { ...loose, w1_fail: 5 }).reasons).toEqual([]);
    expect(judged(spread, { ...loose, w1_fail: 0.15, psi_fail: 5 }).reasons).toEqual([]);
    expect(judged(spread, { ...loose, w1_fail: 5, w1_warn: 5, psi_warn: 0 }).warnings).not.toContain(
      'PREDICTION_DRIFT',
    );
  });

  it('is no failure below its critical value, which needs no less for a warning', () => {
    const few = { ...loose, w1_fail: 0.15, psi_alpha: 1e-6 };
    const small = judgedRows(world({ candidate: spread }, { series: 3, days: 7 }), thresholds(few));
    expect(small.drift.psi ?? 9).toBeLessThan(small.drift.psi_critical ?? 0);
    expect(small).toMatchObject({ decision: 'CONTINUE', reasons: [] });
    expect(small.warnings).toContain('PREDICTION_DRIFT');
  });

  it('takes the series in each cycle for what is independent', () => {
    const { drift } = judged(spread, { psi_alpha: 0.001 });
    const longer = judged(spread, { psi_alpha: 0.001, max_cycles: 99 }, 56).drift;
    expect(drift.psi_critical ?? 0).toBeGreaterThan((longer.psi_critical ?? 0) * 1.4);
  });

  it('warns of a shift of all units by 5 %, to either side', () => {
    expect(judged(scaled(1.0501)).warnings).toEqual(['LEVEL_SHIFT']);
    expect(judged(scaled(0.9499)).warnings).toEqual(['LEVEL_SHIFT']);
    expect(judged(scaled(1.0499)).warnings).toEqual([]);
    const nothing = world({ candidate: better, production: () => 0 });
    expect(judgedRows(nothing)).toMatchObject({ drift: { level_shift: 'inf', w1_norm: null } });
    expect(judgedRows(nothing).warnings).toContain('LEVEL_SHIFT');
  });

  it('fails a candidate only where harm is shown as well, where that is asked for', () => {
    const members = { ...loose, alpha: 0.05, w1_fail: 0.15 };
    const context = { ...CONTRACT, drift: 'with-harm' } as const;
    const against = (production: Model) =>
      judgedRows(world({ candidate: spread, production }), thresholds(members), context);
    expect(against(steady).reasons).toEqual(['PREDICTION_DRIFT']);
    const early = world({ candidate: spread, production: steady }, { days: 21 });
    expect(judgedRows(early, thresholds(members), context).reasons).toEqual([]);
    const broken: Model = (demand, { series, day }) => demand * (1 + 0.9 * noise(series, day, 4));
    expect(against(broken)).toMatchObject({ decision: 'PASS', warnings: ['LEVEL_SHIFT', 'PREDICTION_DRIFT'] });
  });

  it('divides by the level of a series, but by no less than the floor', () => {
    const slow = world({ candidate: () => 0.02, production: () => 0.01 });
    const { drift } = judgedRows(slow, thresholds({ level_floor: 0.1 }));
    // 0.02 and 0.01 of a floor of 0.1 are 0.2 and 0.1, not 2 and 1.
    expect(drift.w1_norm).toBeCloseTo(1, 9);
    const bins = plainSums(slow, thresholds()).bySeries.production.counts.findIndex((count) => count > 0);
    expect(bins).toBeLessThan(6);
  });
});
