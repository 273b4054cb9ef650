import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { AwsError } from '../../infra/local/service.ts';
import { OWNER, PIPELINE } from '../fakes/inputs.ts';
import { Scene } from '../fakes/scene.ts';

// Whole promotions on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000 });

const MODEL = 'outages';
const ALONE = { productionVersion: '1.0.0', shadowVersion: '', canaryVersion: '', canaryPercentage: 0 };
const gone = () => new AwsError('InternalServerException', 'It is gone for the moment.', 500);
const DEPLOYMENT = /^POST .*\/deployments$/;

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
  await scene.onboard(MODEL);
  expect(await scene.promoted(MODEL, '1.0.0')).toBe('promoted');
});
afterEach(() => scene.stack.platform.intercept(undefined));
afterAll(() => scene.stop());

interface Outage {
  readonly callers: readonly string[];
  readonly hits: (call: { readonly service: string; readonly operation: string }) => boolean;
  /** What the n-th of the failing calls, from 1, is answered. */
  readonly fault: (count: number) => AwsError | undefined;
}

/** Lets calls fail from now on; answers how many did. */
function outage({ callers, hits, fault }: Outage): () => number {
  let count = 0;
  scene.stack.platform.intercept((call) => {
    if (!callers.includes(call.caller) || !hits(call)) return;
    const thrown = fault(count + 1);
    if (thrown === undefined) return;
    count += 1;
    throw thrown;
  });
  return () => count;
}

describe('A judge', () => {
  it('that loses S3 amid its look, and its process once more, looks again and comes to the verdict of the data', async () => {
    const { promotionId } = await scene.at('shadow', MODEL, '2.0.0');
    let killed = false;
    const failed = outage({
      callers: ['judge'],
      hits: ({ service }) => service === 's3',
      fault: (count) => {
        if (count < 6) return gone();
        if (!killed) scene.kill('judge');
        killed = true;
        return undefined;
      },
    });
    expect(await scene.feedStage(promotionId, 'shadow')).toBe('PASS');
    expect(failed()).toBe(5);
    expect(killed).toBe(true);
    const judged = (await scene.ledger(MODEL)).filter(
      ({ type, data }) => type === 'gate-judged' && data['promotionId'] === promotionId && data['stage'] === 'shadow',
    );
    expect(judged).toHaveLength(1);
    await scene.through(promotionId, 'production gate');
    await scene.stopExecution((await scene.promotion(promotionId)).executionArn);
    await scene.closed(promotionId);
  });
});

describe('The end of an exposure', () => {
  it('that is throttled for a while comes late, and the promotion ends as its gate said', async () => {
    const { promotionId, arn } = await scene.at('shadow', MODEL, '2.0.0', 2);
    const throttled = outage({
      callers: ['end-exposure'],
      hits: ({ operation }) => DEPLOYMENT.test(operation),
      fault: (count) => (count <= 4 ? new AwsError('ThrottlingException', 'Rate exceeded', 429) : undefined),
    });
    expect(await scene.feedStage(promotionId, 'shadow', 'nan')).toBe('FAIL');
    expect(await scene.ended(arn)).toMatchObject({ end: 'rejected', reasons: [{ code: 'CANDIDATE_INVALID_RATE' }] });
    expect(throttled()).toBe(4);
    expect(await scene.pointer(MODEL)).toMatchObject(ALONE);
    const ends = (await scene.ledger(MODEL)).filter(
      ({ type, data }) => type === 'exposure-ended' && data['promotionId'] === promotionId,
    );
    expect(ends).toHaveLength(1);
  });

  it('that fails for good fails the execution; nothing is closed before the schedule has taken the candidate out', async () => {
    const { promotionId, arn } = await scene.at('shadow', MODEL, '2.0.0', 3);
    // Refused is not worth a repetition: so the way through all of its steps takes seconds.
    const failed = outage({
      callers: ['end-exposure', 'close-dead-promotion'],
      hits: ({ operation }) => DEPLOYMENT.test(operation),
      fault: (count) => (count % 2 === 1 ? gone() : new AwsError('BadRequestException', 'Not now.', 400)),
    });
    expect(await scene.feedStage(promotionId, 'shadow', 'nan')).toBe('FAIL');
    expect(await scene.over(arn)).toBe('FAILED');
    await scene.stack.platform.tick('CloseDeadPromotions');
    expect(failed()).toBeGreaterThan(4);
    expect(await scene.promotion(promotionId)).not.toHaveProperty('end');
    expect(await scene.pointer(MODEL)).toMatchObject({ ...ALONE, shadowVersion: '2.0.0' });
    const next = await scene.promote(MODEL, '3.0.0', {}, 1);
    expect(await scene.ended(next.arn)).toMatchObject({ end: 'rejected', reasons: [{ code: 'PROMOTION_IN_FLIGHT' }] });

    scene.stack.platform.intercept(undefined);
    await scene.stack.platform.tick('CloseDeadPromotions');
    expect(await scene.closed(promotionId)).toMatchObject({ end: 'withdrawn', reasons: [{ got: 'FAILED' }] });
    expect(await scene.pointer(MODEL)).toMatchObject(ALONE);
    expect(await scene.registry.inFlight(MODEL, 'promotion')).toBeNull();
    for (const { email } of [PIPELINE, OWNER]) await scene.mail.notice(promotionId, email, 'withdrawn');
  });
});

describe('A step that moves the pointer', () => {
  it('finds AppConfig gone for a while, and itself killed amid its work: each document goes out once all the same', async () => {
    const { promotionId, arn } = await scene.at('canary gate', MODEL, '2.0.0', 4);
    const failed = outage({
      callers: ['move-pointer'],
      hits: ({ operation }) => DEPLOYMENT.test(operation),
      fault: (count) => (count <= 4 ? gone() : undefined),
    });
    await scene.through(promotionId, 'canary');
    expect(failed()).toBe(4);
    expect(await scene.pointer(MODEL)).toMatchObject({ ...ALONE, canaryVersion: '2.0.0', canaryPercentage: 50 });

    await scene.through(promotionId, 'production gate');
    const deaths = { deployed: false, killed: false };
    scene.stack.platform.intercept(({ caller, service, operation }) => {
      if (caller !== 'move-pointer' || deaths.killed) return;
      deaths.deployed ||= DEPLOYMENT.test(operation);
      if (!deaths.deployed || service !== 'dynamodb') return;
      deaths.killed = true;
      scene.kill('move-pointer');
    });
    await scene.through(promotionId, 'production');
    expect(deaths).toEqual({ deployed: true, killed: true });
    expect(await scene.ended(arn)).toMatchObject({ end: 'promoted' });
    const own = (await scene.ledger(MODEL)).filter(({ data }) => data['promotionId'] === promotionId);
    expect(own.filter(({ type }) => type === 'pointer-moved').map(({ data }) => data['kind'])).toEqual([
      ...['shadow', 'canary', 'promote'],
    ]);
    expect(own.filter(({ type }) => type === 'pointer-move-intended')).toHaveLength(3);
    expect(await scene.pointer(MODEL)).toMatchObject({ ...ALONE, productionVersion: '2.0.0', shadowVersion: '1.0.0' });
  });
});

describe('All these outages', () => {
  it('leave a ledger in which the verifier finds nothing wrong', async () => {
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});
