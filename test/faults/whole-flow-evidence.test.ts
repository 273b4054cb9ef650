import { GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { QUICK_POLICY, type Quality } from '../fakes/feed.ts';
import { ANA, OWNER, PIPELINE } from '../fakes/inputs.ts';
import { Scene } from '../fakes/scene.ts';
import { until } from '../fakes/until.ts';

// Whole promotions on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000 });

const MODEL = 'judged';
const SAFE = { productionVersion: '', fallback: 'seasonal-naive', shadowVersion: '', canaryVersion: '' };
/** The shortest bounds that a policy may have: two models run into them while the other tests run. */
const BOUND = 'PT1M';
const IDLE = [
  { model: 'idle-shadow', stage: 'shadow', policy: { shadowPlan: { maxDuration: BOUND } } },
  { model: 'idle-canary', stage: 'canary', policy: { canaryPlan: { ...QUICK_POLICY.canaryPlan, maxDuration: BOUND } } },
] as const;

let scene: Scene;
let attempt = 0;
const idle = new Map<string, { readonly promotionId: string; readonly arn: string }>();

beforeAll(async () => {
  scene = await Scene.start();
  for (const { model, stage, policy } of IDLE) {
    await scene.onboard(model, { policy });
    idle.set(model, await scene.at(stage, model, '1.0.0'));
  }
  // Enough to look at, and too little to decide.
  await scene.feed('idle-canary_1-0-0_1', 3);
  await scene.onboard(MODEL);
});
afterAll(() => scene.stop());

/** The next attempt of the candidate, in shadow. */
async function nextShadow() {
  attempt += 1;
  return scene.at('shadow', MODEL, '1.0.0', attempt);
}

const BAD_IN_SHADOW: readonly (readonly [Quality, string])[] = [
  ['bad-bias', 'SYSTEMATIC_BIAS'],
  ['unstable', 'UNSTABLE_REVISIONS'],
  ['nan', 'CANDIDATE_INVALID_RATE'],
  ['negative', 'CANDIDATE_INVALID_RATE'],
  ['missing', 'CANDIDATE_INVALID_RATE'],
];
const BAD_IN_CANARY: readonly (readonly [Quality, string])[] = [
  ['stockouts', 'KPI_REGRESSED:stockout'],
  ['nan', 'NONFINITE_PREDICTIONS'],
  ['negative', 'NEGATIVE_PREDICTIONS'],
  ['missing', 'MISSING_PREDICTIONS'],
];

describe('A candidate that is', () => {
  it('biased in its backtest is stopped by the offline gate', async () => {
    attempt += 1;
    const backtest = await scene.pipeline.upload('biased.csv.gz', scene.retailer.backtests.biased);
    const { promotionId, arn } = await scene.promote(MODEL, '1.0.0', { backtest }, attempt);
    expect(await scene.ended(arn)).toMatchObject({ end: 'rejected' });
    expect(await scene.promotion(promotionId)).toMatchObject({
      stage: 'offline',
      gates: { offline: { verdict: 'FAIL' } },
    });
  });

  it.each(BAD_IN_SHADOW)('%s beside production is stopped by the shadow gate: %s', async (quality, code) => {
    const { promotionId, arn } = await nextShadow();
    expect(await scene.feedStage(promotionId, 'shadow', quality)).toBe('FAIL');
    const { end, reasons } = await scene.ended(arn);
    expect(end).toBe('rejected');
    expect(reasons?.map((reason) => reason.code)).toContain(code);
    expect(await scene.pointer(MODEL)).toMatchObject(SAFE);
    for (const { email } of [PIPELINE, OWNER]) {
      expect(await scene.mail.notice(promotionId, email, 'rejected')).toContain(code);
    }
  });

  it.each(BAD_IN_CANARY)('%s only where it serves is stopped by the canary gate: %s', async (quality, code) => {
    const { promotionId, arn } = await nextShadow();
    await scene.through(promotionId, 'canary');
    expect(await scene.feedStage(promotionId, 'canary', quality)).toBe('FAIL');
    const { end, reasons } = await scene.ended(arn);
    expect(end).toBe('rejected');
    expect(reasons?.map((reason) => reason.code)).toContain(code);
    expect(await scene.pointer(MODEL)).toMatchObject(SAFE);
    expect(await scene.mail.links(promotionId, ANA.email, 'production')).toEqual([]);
  });
});

describe('A canary that could show nothing', () => {
  it('is never begun: the shadow ends inconclusive with the units that would do, taken out, and nobody is asked', async () => {
    const model = 'narrow';
    const { canary } = QUICK_POLICY;
    await scene.onboard(model, { policy: { canary: { ...canary, metrics: { paired_wape: { rel_margin: 0.01 } } } } });
    const { promotionId, arn } = await scene.at('shadow', model, '1.0.0');
    expect(await scene.feedStage(promotionId, 'shadow')).toBe('INCONCLUSIVE');
    const { end, reasons } = await scene.ended(arn);
    expect([end, reasons?.map(({ code }) => code)]).toEqual(['rejected', ['CANARY_UNDERPOWERED:paired_wape']]);
    expect(reasons?.[0]).toMatchObject({ allowed: expect.stringMatching(/^\d+ in the canary to show \+1\.0 % error/) });
    expect(await scene.pointer(model)).toMatchObject(SAFE);
    expect((await scene.promotion(promotionId)).exposures.map(({ stage }) => stage)).toEqual(['shadow']);
    expect(await scene.mail.links(promotionId, ANA.email, 'canary')).toEqual([]);
    expect(await scene.mail.notice(promotionId, OWNER.email, 'rejected')).toContain('CANARY_UNDERPOWERED');
  });
});

describe('Outcomes that come', () => {
  it('late, twice and restated are judged once they are whole, as they were stated last', async () => {
    const { promotionId } = await nextShadow();
    const first = await scene.feed(promotionId, 14, { only: 'predictions' });
    await expectUndecided(promotionId);
    // By these the candidate is far worse than what it is compared with.
    await scene.feed(promotionId, 7, { from: first, only: 'outcomes', unitsTimes: 3 });
    await expectUndecided(promotionId);
    await scene.feed(promotionId, 7, { from: first, only: 'outcomes', repetition: 1 });
    await scene.feed(promotionId, 7, { from: first, only: 'outcomes', repetition: 2 });
    await scene.feed(promotionId, 14, { from: first, only: 'outcomes', repetition: 3 });
    const judged = await until(async () => (await scene.promotion(promotionId)).gates.shadow);
    expect(judged).toMatchObject({ verdict: 'PASS' });
    // What comes after the verdict changes nothing of it: what people approve is what was judged.
    await scene.feed(promotionId, 14, { from: first, only: 'outcomes', repetition: 4, unitsTimes: 3 });
    await scene.through(promotionId, 'canary');
    expect((await scene.promotion(promotionId)).gates.shadow).toEqual(judged);
    await scene.stopExecution((await scene.promotion(promotionId)).executionArn);
    expect(await scene.closed(promotionId)).toMatchObject({ end: 'withdrawn' });
  });
});

describe('A day that is replayed', () => {
  it('with the same forecasts counts once', async () => {
    const { promotionId } = await nextShadow();
    const first = await scene.feed(promotionId, 7);
    await scene.feed(promotionId, 7, { from: first, repetition: 1 });
    await scene.feed(promotionId, 7);
    const { verdict, artifacts } = await until(async () => (await scene.promotion(promotionId)).gates.shadow);
    expect(verdict).toBe('PASS');
    expect(artifacts['evaluation-report']).toBeDefined();
    await scene.stopExecution((await scene.promotion(promotionId)).executionArn);
    await scene.closed(promotionId);
  });

  it('with other forecasts of the same candidate is stopped by the shadow gate', async () => {
    const { promotionId, arn } = await nextShadow();
    const first = await scene.feed(promotionId, 1, { only: 'predictions' });
    await scene.feed(promotionId, 1, { from: first, only: 'predictions', quality: 'bad-bias', repetition: 1 });
    expect(await scene.feedStage(promotionId, 'shadow')).toBe('FAIL');
    const { end, reasons } = await scene.ended(arn);
    expect(end).toBe('rejected');
    expect(reasons?.map(({ code }) => code)).toContain('CONFLICTING_DUPLICATES');
  });
});

describe('A stage past its bound', () => {
  it.each(IDLE)('ends in favour of production: $stage', async ({ model, stage }) => {
    const { promotionId = '', arn = '' } = idle.get(model) ?? {};
    expect(await scene.ended(arn)).toMatchObject({
      end: 'rejected',
      reasons: [{ code: 'NOT_NON_INFERIOR_AT_HORIZON' }],
    });
    expect(await scene.promotion(promotionId)).toMatchObject({ stage, gates: { [stage]: { verdict: 'FAIL' } } });
    expect(await scene.pointer(model)).toMatchObject(SAFE);
  });
});

describe('All these verdicts', () => {
  it('leave ledgers in which the verifier finds nothing wrong', async () => {
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});

/** Waits until the shadow was looked at twice more, without a verdict. */
async function expectUndecided(promotionId: string): Promise<void> {
  const { executionArn } = await scene.promotion(promotionId);
  const looks = async () => {
    const call = new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 });
    const { events = [] } = await scene.stack.clients.sfn.send(call);
    return events.filter(({ stateExitedEventDetails }) => stateExitedEventDetails?.name === 'JudgeShadow').length;
  };
  const before = await looks();
  // One look may have begun before what it should see was there.
  await until(async () => ((await looks()) >= before + 2 ? true : undefined));
  expect((await scene.promotion(promotionId)).gates.shadow).toBeUndefined();
}
