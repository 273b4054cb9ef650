import { describe, expect, it } from 'vitest';
import { shadowReport } from '../../../functions/evidence/report/stage-schema.ts';
import { digestOf } from '../../../functions/platform/json.ts';
import { AT, ON_SHADOW, policy, SHADOW_EVENT, World } from '../stages/judged-world.ts';
import { batch, datesFrom, demandOf, exact, type Forecast, outcomesOf, UNTIL } from '../stages/stage-world.ts';

const REPORT = 'shadow/shadow-report.json';

type Stock = NonNullable<Parameters<typeof outcomesOf>[1]>;
/** Alike for all units, so that a canary of them can show everything: shelves are empty on one day of the week. */
const even: Stock = (series, date) => ({
  ...{ stockout: new Date(date).getUTCDay() === 3 ? 1 : 0, overstock_units: demandOf(series, date) },
});
const untold: Stock = () => ({});

function inShadow(days = 15, candidate = exact, stock = even): World {
  const world = new World({ stage: 'shadow', exposures: [ON_SHADOW] });
  for (const asOf of datesFrom('2026-03-01', days)) world.files.log(batch({ asOf, candidate }));
  world.files.outcomes(outcomesOf(datesFrom('2026-03-02', days), stock));
  return world;
}

describe('judging the shadow', () => {
  it('keeps each look while it goes on, writes nothing else, and says when to look again', async () => {
    const world = inShadow(8);
    expect(await world.judge(SHADOW_EVENT)).toMatchObject({
      ...{ ...SHADOW_EVENT, verdict: 'CONTINUE', advance: false, waitSeconds: 10_800 },
      reasons: [{ code: 'INSUFFICIENT_CYCLES', next: expect.any(String) }],
    });
    expect([world.evidence.keys(), world.run.gates]).toEqual([[], {}]);
    expect(world.run.looks).toEqual({ shadow: { decisions: 1, cycles: 1 } });
    expect(world.drafts).toMatchObject([{ type: 'look-recorded', data: { look: { decisions: 1, cycles: 1 } } }]);
  });

  it('spends no look twice, however often it is asked and whatever is restated meanwhile', async () => {
    const world = inShadow(8);
    for (const asof of ['20260402T000000Z', '20260403T000000Z']) {
      await world.judge(SHADOW_EVENT);
      world.files.outcomes(
        outcomesOf(datesFrom('2026-03-02', 2), () => ({ units: 3 })),
        asof,
      );
    }
    expect(await world.judge(SHADOW_EVENT)).toMatchObject({ verdict: 'CONTINUE' });
    expect([world.run.looks.shadow, world.drafts.length]).toEqual([{ decisions: 1, cycles: 1 }, 1]);
  });

  it('starts after the looks that are kept, and tells the decisions in all', async () => {
    const world = inShadow(15);
    world.run = { ...world.run, looks: { shadow: { decisions: 1, cycles: 1 } } };
    expect(await world.judge(SHADOW_EVENT)).toMatchObject({ verdict: 'PASS' });
    expect(world.run.looks).toEqual({ shadow: { decisions: 2, cycles: 2 } });
    expect(world.drafts).toMatchObject([{ type: 'gate-judged', data: { look: { decisions: 2, cycles: 2 } } }]);
  });

  it('goes on without any prediction or outcome, until the bound', async () => {
    const world = new World({ stage: 'shadow', exposures: [ON_SHADOW] });
    expect(await world.judge(SHADOW_EVENT)).toMatchObject({
      ...{ verdict: 'CONTINUE', reasons: [{ code: 'INSUFFICIENT_CYCLES' }] },
    });
    expect([world.drafts, world.run.looks]).toEqual([[], {}]);
    expect(await world.judge(SHADOW_EVENT, UNTIL)).toMatchObject({
      ...{ verdict: 'FAIL', reasons: [{ code: 'NOT_NON_INFERIOR_AT_HORIZON' }] },
    });
    expect(world.report(REPORT, shadowReport)).toMatchObject({ days: null, segments: [], histograms: null });
  });

  it('passes with its report and a page, a ledger entry, and the verdict on the promotion', async () => {
    const world = inShadow();
    expect(await world.judge(SHADOW_EVENT)).toEqual({
      ...{ ...SHADOW_EVENT, verdict: 'PASS', reasons: [], advance: false, waitSeconds: 0 },
    });
    const gate = world.run.gates.shadow;
    expect(gate).toMatchObject({ verdict: 'PASS', judge: 'shadow/2', judgedAt: AT });
    expect(Object.keys(gate?.artifacts ?? {})).toContain('evaluation-report');
    expect(world.evidence.keys()).toHaveLength(Object.keys(gate?.artifacts ?? {}).length);
    expect(world.drafts).toMatchObject([
      { type: 'gate-judged', data: { stage: 'shadow', artifacts: gate?.artifacts } },
    ]);
    const report = world.report(REPORT, shadowReport);
    expect(report).toMatchObject({
      ...{ gate: 'shadow', verdict: 'PASS', baseline: '1.0' },
      days: { from: '2026-03-02', to: '2026-03-15', closed: 14 },
      evidence: { predictions: { objects: 30 }, outcomes: { objects: 15 } },
      warnings: [{ code: 'LEVEL_SHIFT' }],
      policy: { digest: digestOf(policy), config: { ...policy.shadow } },
      result: { decision: 'PASS', complete_cycles: 2, accuracy: { n: 40 * 27 } },
      spent: { shadow: { decisions: 2, cycles: 2 } },
    });
    const powered = (metric: string) => expect.objectContaining({ metric, powered: true });
    expect(report.power).toMatchObject({ days: 15, metrics: ['paired_wape', 'stockout', 'overstock'].map(powered) });
    expect(report.segments.map(({ name }) => name)).toEqual(['category:fresh']);
    const { candidate = [], production = [] } = report.histograms ?? {};
    expect([candidate, production].map((counts) => counts.reduce((sum, one) => sum + one))).toEqual([1080, 1080]);
  });

  it('lets nobody be asked where the canary could show nothing: inconclusive, with what is missing and what would do', async () => {
    const world = inShadow(15, exact, untold);
    const { verdict, reasons, waitSeconds } = await world.judge(SHADOW_EVENT);
    expect([verdict, waitSeconds]).toEqual(['INCONCLUSIVE', 0]);
    expect(reasons.map(({ code }) => code)).toEqual([
      'CANARY_POWER_UNKNOWN:stockout',
      'CANARY_POWER_UNKNOWN:overstock',
    ]);
    expect(reasons.every(({ got, allowed, next }) => [got, allowed, next].every((text) => text !== undefined))).toBe(
      true,
    );
    expect(world.run.gates.shadow).toMatchObject({ verdict: 'INCONCLUSIVE', reasons });
    const report = world.report(REPORT, shadowReport);
    expect(report).toMatchObject({ verdict: 'INCONCLUSIVE', result: { decision: 'PASS' }, pending: reasons });
    expect(report.warnings.map(({ code }) => code)).toContain('NO_STOCK_COLUMNS');
    expect(world.run.looks).toEqual({ shadow: { decisions: 2, cycles: 2 } });
  });

  it('says how many units would do where the plan gives the canary too few', async () => {
    const world = inShadow();
    const { canary } = world.run.plan;
    const steps = [{ percentage: 5, hold: 'P7D' }];
    world.run = { ...world.run, plan: { ...world.run.plan, canary: { ...canary, steps } } };
    const { verdict, reasons } = await world.judge(SHADOW_EVENT);
    expect(verdict).toBe('INCONCLUSIVE');
    expect(reasons[0]).toMatchObject({
      code: 'CANARY_UNDERPOWERED:paired_wape',
      got: expect.stringMatching(/^\d canary clusters at 5 %$/),
      allowed: expect.stringMatching(/^10 in the canary .* % of these units would do$/),
    });
  });

  it('does not ask what a canary could show before the shadow has passed', async () => {
    const world = inShadow(15, (series, date) => demandOf(series, date) * 3, untold);
    expect(await world.judge(SHADOW_EVENT)).toMatchObject({ verdict: 'FAIL' });
    expect(world.report(REPORT, shadowReport).power).toBeNull();
  });

  it('fails with reasons that a person can act on', async () => {
    const world = inShadow(15, (series, date) => (series.sku === 'sku-1' ? 'NaN' : exact(series, date, 1)));
    expect(await world.judge(SHADOW_EVENT)).toMatchObject({
      verdict: 'FAIL',
      reasons: [
        { code: 'CANDIDATE_INVALID_RATE', got: expect.stringContaining('not finite'), next: expect.any(String) },
      ],
    });
    expect(world.report(REPORT, shadowReport)).toMatchObject({ verdict: 'FAIL', days: { to: '2026-03-08' } });
  });

  it('names every rule that was hit with what to do about it', async () => {
    const world = inShadow(15, (series, date, ahead) => demandOf(series, date) * (ahead === 1 ? 1.4 : 3));
    world.run = { ...world.run, looks: { shadow: { decisions: 1, cycles: 1 } } };
    const { verdict, reasons } = await world.judge(SHADOW_EVENT);
    expect(verdict).toBe('FAIL');
    expect(reasons.map(({ code }) => code)).toEqual(['PREDICTION_DRIFT', 'SYSTEMATIC_BIAS', 'UNSTABLE_REVISIONS']);
    expect(reasons.every(({ code, message, next }) => message !== code && next !== undefined)).toBe(true);
    const { warnings } = world.report(REPORT, shadowReport);
    expect(warnings.map(({ code }) => code)).toEqual(['LEVEL_SHIFT', 'PREDICTION_DRIFT']);
    expect(warnings.every(({ code, message, next }) => message !== code && next !== undefined)).toBe(true);
  });

  it('holds to the report that was written first, when it died before the verdict was recorded', async () => {
    const world = inShadow();
    world.beforeAppend = () => {
      world.beforeAppend = () => {};
      throw new Error('killed');
    };
    await expect(world.judge(SHADOW_EVENT)).rejects.toThrow('killed');
    const before = world.report(REPORT, shadowReport);
    world.files.log(batch({ asOf: '2026-03-16' }));
    world.files.log(batch({ asOf: '2026-03-05', requestId: 'replay', candidate: () => 1 }));
    expect(await world.judge(SHADOW_EVENT)).toMatchObject({ verdict: 'PASS' });
    expect(world.report(REPORT, shadowReport)).toEqual(before);
    expect(world.run.looks).toEqual({ shadow: { decisions: 2, cycles: 2 } });
  });

  it('gives the same verdict whenever it is asked', async () => {
    const [early, late] = [inShadow(15), inShadow(27)];
    expect(await early.judge(SHADOW_EVENT)).toEqual(await late.judge(SHADOW_EVENT));
    expect(early.report(REPORT, shadowReport).result).toEqual(late.report(REPORT, shadowReport).result);
  });

  it('lets forecasts move that learn, beside a comparator that does not: the safe one, or one that is never revised', async () => {
    const still: Forecast = (series, date) => demandOf(series, date) + 2;
    const judged = (baseline: string, by: number, production = still) => {
      const world = new World({ stage: 'shadow', exposures: [ON_SHADOW], baseline });
      const candidate: Forecast = (series, date, ahead) => demandOf(series, date) + ahead * by;
      for (const asOf of datesFrom('2026-03-01', 15)) world.files.log(batch({ asOf, candidate, production }));
      world.files.outcomes(outcomesOf(datesFrom('2026-03-02', 15), even));
      return world.judge(SHADOW_EVENT);
    };
    expect(await judged('', 0.5)).toMatchObject({ verdict: 'PASS' });
    expect(await judged('1.0', 0.5)).toMatchObject({ verdict: 'PASS' });
    const much = { verdict: 'FAIL', reasons: [{ code: 'UNSTABLE_REVISIONS' }] };
    expect(await judged('', 1.2)).toMatchObject(much);
    expect(await judged('1.0', 1.2)).toMatchObject(much);
    // One that is revised a little is what the next is held against; the safe forecast is not.
    const little: Forecast = (series, date, ahead) => demandOf(series, date) + 2 + ahead / 10;
    expect(await judged('', 0.5, little)).toMatchObject({ verdict: 'PASS' });
    expect(await judged('1.0', 0.5, little)).toMatchObject(much);
  });

  it('refuses a stage of which no document went out', async () => {
    const world = new World({ stage: 'shadow', exposures: [] });
    await expect(world.judge(SHADOW_EVENT)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
