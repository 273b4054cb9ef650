import { describe, expect, it } from 'vitest';
import { canaryPage } from '../../../functions/evidence/report/canary-page.ts';
import { canaryReport } from '../../../functions/evidence/report/stage-schema.ts';
import type { PromotionItem } from '../../../functions/registry/items.ts';
import { newestLook } from '../../../functions/registry/look-items.ts';
import { AT, CANARY_EVENT, ON_20, ON_50, ON_SHADOW, World } from './judged-world.ts';
import { batch, datesFrom, outcomesOf, PROMOTION, type Series, UNTIL } from './stage-world.ts';

const LATER = '2026-05-03T00:00:00.000Z';
const FROZEN = {
  ...{ code: 'FROZEN', path: '2026-05-02T00:00:00.000Z', until: '2026-05-02T00:00:00.000Z' },
  message: 'Nothing new begins to serve until 2026-05-02 00:00 UTC: Peak trading.',
};

const stock = ({ sku }: Series, date: string) => ({
  stockout: (Number(sku.slice(4)) + Number(date.slice(8))) % 9 === 0 ? 1 : 0,
  overstock_units: Number(sku.slice(4)),
});

function inCanary(members: Partial<PromotionItem>, days = 9): World {
  const world = new World({ stage: 'canary', ...members });
  for (const asOf of datesFrom('2026-03-20', 3)) world.files.log(batch({ asOf, revision: 6, percentage: 20 }));
  if (members.exposures?.includes(ON_50)) {
    for (const asOf of datesFrom('2026-03-23', days)) world.files.log(batch({ asOf, revision: 7, percentage: 50 }));
  }
  world.files.outcomes(outcomesOf(datesFrom('2026-02-20', 31 + days), stock));
  return world;
}

describe('judging the canary', () => {
  it('raises the step once it was held, with its entry, and answers so again until the step is out', async () => {
    const world = inCanary({ exposures: [ON_SHADOW, ON_20] });
    const answer = await world.judge(CANARY_EVENT);
    expect(answer).toMatchObject({ verdict: 'CONTINUE', advance: true, waitSeconds: 10_800 });
    expect(world.run.canaryStep).toBe(1);
    expect(world.drafts).toMatchObject([
      { type: 'canary-advanced', data: { promotionId: PROMOTION, from: 0, to: 1, percentage: 50, closedDays: 4 } },
    ]);
    expect(await world.judge(CANARY_EVENT)).toMatchObject({ verdict: 'CONTINUE', advance: true });
    expect([world.drafts.length, world.run.canaryStep, world.evidence.keys()]).toEqual([1, 1, []]);
    world.run = { ...world.run, exposures: [ON_SHADOW, ON_20, ON_50] };
    expect(await world.judge(CANARY_EVENT)).toMatchObject({ verdict: 'CONTINUE', advance: false });
  });

  it('does not raise the step during a freeze, says since when and until when, and raises it afterwards', async () => {
    const world = inCanary({ exposures: [ON_SHADOW, ON_20] });
    world.held = [FROZEN];
    const frozen = { verdict: 'CONTINUE', advance: false, waitSeconds: 10_800 };
    const { reasons, ...answer } = await world.judge(CANARY_EVENT);
    expect(answer).toMatchObject(frozen);
    expect(reasons).toContainEqual(
      expect.objectContaining({ code: 'FROZEN', got: FROZEN.message, allowed: `from ${FROZEN.until} on` }),
    );
    expect(await world.judge(CANARY_EVENT)).toMatchObject(frozen);
    expect(world.run).toMatchObject({
      canaryStep: 0,
      holds: [{ since: AT, stage: 'canary', reasons: [`FROZEN ${FROZEN.until}`], until: FROZEN.until }],
    });
    world.held = [];
    expect(await world.judge(CANARY_EVENT, LATER)).toMatchObject({ verdict: 'CONTINUE', advance: true });
    expect(world.drafts.map(({ type, data }) => [type, data['held'] ?? data['to']])).toEqual([
      ['canary-held', true],
      ['canary-held', false],
      ['canary-advanced', 1],
    ]);
  });

  it('tells in its report when it stood still', async () => {
    const [since, until] = ['2026-05-01T12:00:00.000Z', '2026-05-02T12:00:00.000Z'];
    const frozen = { since, stage: 'canary' as const, reasons: ['FROZEN x'], messages: ['Peak <b>trading</b>.'] };
    const before = { ...frozen, since: '2026-04-01T00:00:00.000Z' };
    const holds = [before, { ...before, reasons: [] }, frozen, { since: until, stage: 'canary' as const, reasons: [] }];
    const world = inCanary({ exposures: [ON_SHADOW, ON_20, ON_50], canaryStep: 1, holds });
    expect(await world.judge(CANARY_EVENT)).toMatchObject({ verdict: 'PASS' });
    const report = world.report('canary/canary-report.json', canaryReport);
    expect(report.stood_still).toEqual([{ from: since, to: until, why: ['Peak <b>trading</b>.'] }]);
    expect(canaryPage(report)).toContain(`Not widened from ${since} to ${until}: Peak &lt;b&gt;trading`);
  });

  it('that stands still still fails for harm, and past its bound in favour of production', async () => {
    const world = inCanary({ exposures: [ON_20] });
    world.held = [FROZEN];
    expect(await world.judge(CANARY_EVENT, UNTIL)).toMatchObject({
      ...{ verdict: 'FAIL', advance: false, reasons: [{ code: 'NOT_NON_INFERIOR_AT_HORIZON' }] },
    });
  });

  it('answers the same when another run of the step raised it first', async () => {
    const world = inCanary({ exposures: [ON_20] });
    world.beforeAppend = () => {
      world.run = { ...world.run, canaryStep: 1 };
    };
    expect(await world.judge(CANARY_EVENT)).toMatchObject({ verdict: 'CONTINUE', advance: true });
    expect(world.drafts).toEqual([]);
  });

  it('stops when the promotion was ended while it judged', async () => {
    const world = inCanary({ exposures: [ON_20] });
    world.beforeAppend = () => {
      world.run = { ...world.run, end: 'rolled-back', endedAt: AT, reasons: [] };
    };
    await expect(world.judge(CANARY_EVENT)).rejects.toMatchObject({ code: 'PROMOTION_ENDED' });
  });

  it('passes at its last step, and reports what it measured', async () => {
    const world = inCanary({ exposures: [ON_SHADOW, ON_20, ON_50], canaryStep: 1 });
    expect(await world.judge(CANARY_EVENT)).toMatchObject({ verdict: 'PASS', advance: false, waitSeconds: 0 });
    const report = world.report('canary/canary-report.json', canaryReport);
    // Day 30 is the seventh closed day of the last step; the day that is closed after it is of no matter.
    expect(report).toMatchObject({
      ...{ judge: 'canary/2', verdict: 'PASS', days: { from: '2026-03-21', to: '2026-03-30', closed: 10 } },
      result: { look: 7, days: 7, metrics: { paired_wape: { margin: 0.02, non_inferior: true } } },
      steps: [
        { step: 0, percentage: 20, closed_days: 3, missing: 0 },
        { step: 1, percentage: 50, closed_days: 8, missing: 0 },
      ],
      spent: { canary: { look: 7, pass_looks_used: 1, day: 7, failed: false } },
    });
    expect(report.looks.map(({ day }) => day)).toEqual(datesFrom('2026-03-24', 7));
    expect(world.run.looks.canary).toEqual(report.spent?.canary);
    expect(world.drafts).toMatchObject([{ type: 'gate-judged', data: { stage: 'canary', verdict: 'PASS' } }]);
  });

  it('keeps what each look spent, so that asking again at the same days spends nothing', async () => {
    const world = inCanary({ exposures: [ON_SHADOW, ON_20, ON_50], canaryStep: 1 }, 4);
    expect(await world.judge(CANARY_EVENT)).toMatchObject({ verdict: 'CONTINUE', advance: false });
    const spent = world.run.looks.canary;
    expect(spent).toMatchObject({ look: 3, pass_looks_used: 0, day: 3, failed: false });
    const { measures = [], ...look } = world.run.newestLook ?? {};
    expect(look).toEqual({ stage: 'canary', at: expect.any(String), days: 3, stepDays: 3 });
    expect(measures.find(({ metric }) => metric === 'paired_wape')).toMatchObject({ margin: 0.02, sufficient: true });
    expect(world.drafts.at(-1)?.data['measures']).toEqual(measures);
    expect(newestLook.parse(world.run.newestLook)).toEqual(world.run.newestLook);
    const told = world.drafts.length;
    expect(await world.judge(CANARY_EVENT)).toMatchObject({ verdict: 'CONTINUE' });
    expect([world.run.looks.canary, world.drafts.length]).toEqual([spent, told]);
  });

  it('fails past its bound, whatever the step', async () => {
    const world = inCanary({ exposures: [ON_20] });
    expect(await world.judge(CANARY_EVENT, UNTIL)).toMatchObject({
      ...{ verdict: 'FAIL', advance: false, reasons: [{ code: 'NOT_NON_INFERIOR_AT_HORIZON' }] },
    });
    expect(world.run.canaryStep).toBe(0);
  });
});
