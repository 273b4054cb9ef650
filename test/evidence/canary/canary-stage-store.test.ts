import { describe, expect, it } from 'vitest';
import type { CanaryMetric } from '../../../functions/evidence/canary/canary-config.ts';
import { canaryConfigOf, judgeCanaryStage } from '../../../functions/evidence/canary/canary-stage.ts';
import type { CanarySums } from '../../../functions/evidence/canary/canary-sums.ts';
import { pairedEffect } from '../../../functions/evidence/statistics/ratio-effect.ts';
import { Cohort } from '../../../functions/inference/routing/cohort.ts';
import { policySchema } from '../../../functions/registry/policy.ts';
import {
  batch,
  CANARY,
  canarySettings,
  datesFrom,
  exact,
  MemoryFiles,
  outcomesOf,
  RULE,
  readCanary,
  record,
  SERIES,
  type Series,
} from '../stages/stage-world.ts';

const STEPS = [
  { percentage: 20, hold: 'P2D' },
  { percentage: 50, hold: 'P7D' },
];
const policy = policySchema.parse({ canary: { min_clusters: 10, ops: { min_expected: 50 } } }).canary;
const config = canaryConfigOf(policy, { unit: 'sku-store', steps: STEPS });
const CONTEXT = {
  ...{ now: '2026-04-01T00:00:00.000Z', until: '2026-12-31T00:00:00.000Z', steps: STEPS, exposed: true },
  held: [],
  taken: undefined,
};
const newest = (looks: readonly CanarySums[], metric: CanaryMetric) => looks.at(-1)?.metrics[metric];
const unitOf = (series: Series) => ({ ...series, region: '', category: '', segments: [] });
const inCohort = (series: Series, percentage: number) => new Cohort({ ...RULE, percentage }).has(unitOf(series));
const stock = ({ sku }: Series, date: string) => ({
  stockout: (Number(sku.slice(4)) + Number(date.slice(8))) % 9 === 0 ? 1 : 0,
  on_hand: 40,
  overstock_units: Number(sku.slice(4)),
});

/** Three origins at 20 %, nine at 50 %, outcomes from eight weeks before until the last target but one. */
function canary(
  of: { readonly candidate?: typeof exact; readonly stock?: typeof stock | (() => object) } = {},
): MemoryFiles {
  const files = new MemoryFiles();
  const candidate = of.candidate ?? exact;
  for (const asOf of datesFrom('2026-03-20', 3)) files.log(batch({ asOf, candidate, revision: 6, percentage: 20 }));
  for (const asOf of datesFrom('2026-03-23', 9)) files.log(batch({ asOf, candidate, revision: 7, percentage: 50 }));
  files.outcomes(outcomesOf(datesFrom('2026-01-25', 67), of.stock ?? stock));
  return files;
}

describe('sums of a canary', () => {
  it('give a day to the step of its latest forecast, and close it with its outcomes', async () => {
    const { sums } = await readCanary(canary());
    // Targets 21 to 23 March were last forecast at 20 %, 24 March to 1 April at 50 %.
    expect(sums.steps.map(({ step, closedDays }) => [step, closedDays])).toEqual([
      [0, 3],
      [1, 9],
    ]);
    expect(sums.looks.map(({ days }) => days.at(-1))).toEqual(datesFrom('2026-03-24', 9));
    expect(sums.days).toEqual(datesFrom('2026-03-21', 12));
  });

  it('begin with the last step although a series is asked for no more, and count no forecast of the step before', async () => {
    const files = canary();
    const [gone, ...others] = SERIES;
    if (gone === undefined) throw new Error('No series.');
    const further = {
      revision: 6,
      percentage: 20,
      requestId: 'two-weeks',
      horizons: datesFrom('2026-03-01', 14).map((_, day) => day + 1),
    };
    const delisted = { ...gone, sku: 'sku-99' };
    files.log(batch({ asOf: '2026-03-22', series: [delisted], ...further }));
    const { sums } = await readCanary(files);
    expect(sums.looks.map(({ days }) => days.at(-1))).toEqual(datesFrom('2026-03-24', 9));
    const metrics = (looks: readonly CanarySums[]) => looks.map((one) => one.metrics);
    expect(metrics(sums.looks)).toEqual(metrics((await readCanary(canary())).sums.looks));
    // Where the step changed for more than few of them, the day is of the step before.
    files.log(batch({ asOf: '2026-03-22', series: others.map((one) => ({ ...one, sku: `${one.sku}9` })), ...further }));
    expect((await readCanary(files)).sums.looks).toEqual([]);
  });

  it('freeze the cohort with the first day of the last step: who comes later is compared with nobody', async () => {
    const files = canary();
    const later = SERIES.slice(0, 6).map((series) => ({ ...series, sku: `${series.sku}1` }));
    for (const asOf of datesFrom('2026-03-26', 6)) {
      files.log(batch({ asOf, series: later, revision: 7, percentage: 50, requestId: `late-${asOf}` }));
    }
    const sold = later.flatMap((series) => datesFrom('2026-03-24', 9).map((date) => ({ date, ...series, units: 9 })));
    files.outcomes([...outcomesOf(datesFrom('2026-03-24', 9), stock), ...sold]);
    const { sums } = await readCanary(files);
    const before = (await readCanary(canary())).sums;
    expect(sums.looks.map(({ metrics }) => metrics)).toEqual(before.looks.map(({ metrics }) => metrics));
    expect(sums.looks.at(-1)?.quality.arm_conflicts).toBe(0);
    expect(sums.units.canary + sums.units.control).toBe(SERIES.length + later.length);
  });

  it.each([
    ['two weeks of one series, long ago', { asOf: '2026-02-01', series: SERIES.slice(0, 1), days: 14 }],
    ['a day of one series with a mistyped year', { asOf: '1926-03-23', series: SERIES.slice(0, 1), days: 1 }],
    ['a day of one series with a year that is to come', { asOf: '2062-03-23', series: SERIES.slice(0, 1), days: 1 }],
    ['two weeks of all series, made up for at the last step', { asOf: '2026-03-01', series: SERIES, days: 14 }],
  ])('count no days that are none of the canary: %s', async (_, { asOf, series, days }) => {
    const files = canary();
    const horizons = datesFrom('2026-03-01', days).map((_, day) => day + 1);
    files.log(batch({ asOf, series, revision: 7, percentage: 50, horizons, requestId: 'elsewhen' }));
    const [found, before] = [(await readCanary(files)).sums, (await readCanary(canary())).sums];
    expect(found.days).toEqual(before.days);
    expect(found.steps).toEqual(before.steps);
    expect(found.looks.map(({ clusters, days }) => [clusters, days])).toEqual(
      before.looks.map(({ clusters, days }) => [clusters, days]),
    );
    // The days before the canary, that units are compared with themselves by, are the same as well.
    expect(newest(found.looks, 'stockout')?.before).toEqual(newest(before.looks, 'stockout')?.before);
  });

  it('count a day of fewer series, such as a Sunday, with the others', async () => {
    const files = canary();
    const open = SERIES.slice(0, 8);
    files.log(batch({ asOf: '2026-04-01', series: open, revision: 7, percentage: 50, horizons: [2] }));
    files.outcomes(outcomesOf(['2026-04-02', '2026-04-03'], stock));
    expect((await readCanary(files)).sums.days).toEqual(datesFrom('2026-03-21', 14));
  });

  it('compute the arms anew from the plan', async () => {
    const { sums } = await readCanary(canary());
    const assigned = SERIES.filter((series) => inCohort(series, 50)).length;
    expect(sums.units).toEqual({ canary: assigned, control: SERIES.length - assigned, mixed: 0 });
    expect(sums.steps.map(({ outside }) => outside)).toEqual([0, 0]);
    const moments = sums.looks[0]?.metrics;
    expect(moments?.stockout?.canary?.clusters).toBe(assigned);
    expect(moments?.stockout?.control?.clusters).toBe(SERIES.length - assigned);
  });

  it('compare both versions on the same rows of the canary, without days that sold out', async () => {
    const { sums } = await readCanary(canary());
    const sold = datesFrom('2026-03-24', 9).flatMap((date) =>
      SERIES.filter((series) => inCohort(series, 50) && stock(series, date).stockout === 0),
    ).length;
    const paired = newest(sums.looks, 'paired_wape')?.canary;
    expect(paired?.n).toBe(BigInt(sold * 1_000_000));
    expect(paired?.d).toBe(BigInt(sold * 2_100_000));
    expect(paired === undefined ? null : pairedEffect(paired)?.tau).toBeCloseTo(1 / 2.1 - 1, 12);
    expect(newest(sums.looks, 'paired_wape')?.control.clusters).toBe(0);
  });

  it('know each unit from the four weeks before', async () => {
    const { sums } = await readCanary(canary());
    const moments = newest(sums.looks, 'stockout')?.canary;
    const assigned = SERIES.filter((series) => inCohort(series, 50));
    const before = datesFrom('2026-02-21', 28);
    expect(moments?.d0).toBe(BigInt(assigned.length * 28));
    const soldOut = before.flatMap((date) => assigned.filter((series) => stock(series, date).stockout === 1)).length;
    expect(moments?.n0).toBe(BigInt(soldOut));
  });

  it('grow day by day', async () => {
    const { looks } = (await readCanary(canary())).sums;
    const rows = looks.map(({ metrics }) => Number(metrics.stockout?.control?.d));
    expect(rows).toEqual(rows.map((_, index) => (index + 1) * (rows[0] ?? 0)));
  });

  it('take overstock from the stock where outcomes do not say it', async () => {
    const on = (on_hand: number) => canary({ stock: () => ({ on_hand }) });
    const plenty = (await readCanary(on(1000), canarySettings({ coverDays: 2 }))).sums.looks[0]?.metrics.overstock
      ?.canary;
    const mean = Number(plenty?.n) / 1e6 / SERIES.filter((series) => inCohort(series, 50)).length;
    expect(mean).toBeGreaterThan(1000 - 2 * 15);
    expect(mean).toBeLessThan(1000 - 2 * 5);
    expect((await readCanary(on(1))).sums.looks[0]?.metrics.overstock?.canary?.n).toBe(0n);
    // An empty shelf is a stockout where nothing else is said.
    expect((await readCanary(on(0))).sums.looks[0]?.metrics.stockout?.canary?.n).toBeGreaterThan(0n);
  });

  it('say nothing of stock where outcomes do not', async () => {
    const { sums, stock: known } = await readCanary(canary({ stock: () => ({}) }));
    expect(known).toEqual({ stockout: false, overstock: false });
    expect(Object.keys(sums.looks[0]?.metrics ?? {}).toSorted()).toEqual(['paired_wape', 'wape']);
  });

  it('are those of nothing where nothing was logged', async () => {
    const { sums } = await readCanary(new MemoryFiles());
    expect(sums).toMatchObject({ looks: [], days: [], segments: [] });
    expect(sums.steps).toMatchObject([{ closedDays: 0 }, { closedDays: 0 }]);
    expect(sums.windows).toEqual([]);
  });

  it('cluster by what is assigned', async () => {
    const rule = { ...RULE, unit: 'store' } as const;
    const { sums } = await readCanary(canary(), canarySettings({ rule }));
    const { stockout } = sums.looks[0]?.metrics ?? {};
    // Units of stores in the control were served by the candidate: those stores are left out.
    const strayed = sums.looks[0]?.quality.arm_conflicts ?? 0;
    expect(strayed).toBeGreaterThan(0);
    expect((stockout?.canary.clusters ?? 0) + (stockout?.control.clusters ?? 0)).toBe(4 - strayed);
  });

  it('leave out who may not be in the canary, and who does not say', async () => {
    const rule = { ...RULE, excludedSegments: ['region:north'] };
    const { sums } = await readCanary(canary(), canarySettings({ rule }));
    expect(sums.units.canary + sums.units.control).toBe(20);
    expect(sums.steps[1]?.outside).toBeGreaterThan(0);
    const silent = { ...RULE, excludedSegments: ['brand:own'] };
    expect((await readCanary(canary(), canarySettings({ rule: silent }))).sums.units).toMatchObject({
      canary: 0,
      control: 0,
    });
  });

  it.each([
    [0, 0, 40],
    [100, 40, 0],
  ])('at %i %% have %i units in the canary and %i in the control', async (percentage, inside, outside) => {
    const files = new MemoryFiles();
    files.log(batch({ asOf: '2026-03-23', revision: 7, percentage }));
    const { sums } = await readCanary(files, canarySettings({ percentages: [20, percentage] }));
    expect([sums.units.canary, sums.units.control]).toEqual([inside, outside]);
    expect(sums.steps.map((step) => step.outside)).toEqual([0, 0]);
  });
});

describe('a canary that is judged from its log', () => {
  it('passes, when the candidate is better and stocks are as before', async () => {
    const { sums } = await readCanary(canary());
    const metrics = { paired_wape: { rel_margin: 0.02 }, stockout: { rel_margin: 1 }, overstock: { rel_margin: 1 } };
    expect(judgeCanaryStage(sums, { ...config, metrics }, { ...CONTEXT, step: 1 })).toMatchObject({
      verdict: 'PASS',
      taken: { look: 7, pass_looks_used: 1, day: 7, failed: false },
    });
  });

  it('fails when the candidate empties the shelves of its own units', async () => {
    const empty = (series: Series, date: string) => ({
      ...stock(series, date),
      ...(inCohort(series, 50) && date > '2026-03-23' ? { stockout: 1 } : {}),
    });
    const { sums } = await readCanary(canary({ stock: empty }));
    const found = judgeCanaryStage(sums, config, { ...CONTEXT, step: 1 });
    expect(found.verdict).toBe('FAIL');
    expect(found.reasons.map(({ code }) => code)).toContain('KPI_REGRESSED:stockout');
    expect(found.taken).toMatchObject({ day: 2, failed: true });
  });

  it('fails by forecasts that nobody can use', async () => {
    const broken = (units: 'NaN' | null | -1) =>
      canary({ candidate: (series, date) => (series.sku === 'sku-1' ? units : exact(series, date, 1)) });
    const codes = async (files: MemoryFiles) =>
      judgeCanaryStage((await readCanary(files)).sums, config, { ...CONTEXT, step: 1 }).reasons.map(({ code }) => code);
    expect(await codes(broken('NaN'))).toEqual(['NONFINITE_PREDICTIONS']);
    expect(await codes(broken(null))).toEqual(['MISSING_PREDICTIONS']);
    expect(await codes(broken(-1))).toEqual(['NEGATIVE_PREDICTIONS']);
  });

  it('fails when a unit outside the cohort was served by the candidate', async () => {
    const files = canary();
    const outside = SERIES.find((series) => !inCohort(series, 50));
    files.log([
      record({
        ...outside,
        arm: 'canary',
        revision: 7,
        targetDate: '2026-03-26',
        at: '2026-03-25T00:00:00.000Z',
        requestId: 'stray',
      }),
    ]);
    const { sums } = await readCanary(files);
    expect(judgeCanaryStage(sums, config, { ...CONTEXT, step: 1 }).reasons.map(({ code }) => code)).toEqual([
      'COHORT_CONTAMINATION',
    ]);
  });

  it('does not take a log that is still being written for missing forecasts', async () => {
    const files = canary();
    const late = batch({ asOf: '2026-04-02', revision: 7, percentage: 50 });
    const missing = async () =>
      (await readCanary(files)).sums.windows.reduce((sum, { canary: counts }) => sum + counts.missing, 0);
    files.log(late.filter(({ version }) => version === '1.0'));
    expect(await missing()).toBe(0);
    files.outcomes(outcomesOf(datesFrom('2026-04-02', 3), stock));
    // Closed meanwhile, and still without a record of the candidate.
    expect(await missing()).toBe(0);
    files.log(late.filter(({ version, sku }) => version === '2.0' && sku !== 'sku-1'));
    expect(await missing()).toBeGreaterThan(0);
  });

  it('goes on to its last step after the hold of the first, and not on a day whose outcomes are late', async () => {
    const files = new MemoryFiles();
    for (const asOf of datesFrom('2026-03-20', 3)) files.log(batch({ asOf, revision: 6, percentage: 20 }));
    files.outcomes(outcomesOf(['2026-03-21']));
    const exposures = CANARY.exposures.slice(0, 1);
    const look = async () =>
      judgeCanaryStage((await readCanary(files, canarySettings(), { ...CANARY, exposures })).sums, config, {
        ...CONTEXT,
        step: 0,
      });
    expect(await look()).toMatchObject({ verdict: 'CONTINUE', advance: false });
    files.outcomes(outcomesOf(['2026-03-22']));
    expect(await look()).toMatchObject({ verdict: 'CONTINUE', advance: true });
  });
});
