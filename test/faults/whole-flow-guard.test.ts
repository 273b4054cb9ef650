import { InvokeCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { QUICK_POLICY } from '../fakes/feed.ts';
import { Scene } from '../fakes/scene.ts';
import { until } from '../fakes/until.ts';

// Whole promotions on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const MODEL = 'guarded';
/** So few units can show no more. */
const WIDE = { ...QUICK_POLICY.canary, metrics: { paired_wape: { rel_margin: 0.1 } } };
const PROMOTION = `${MODEL}_1-0-0_1`;

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
  await scene.onboard(MODEL, { policy: { guard: { ref_days: 14, window: 3 }, canary: WIDE, confirmation: 'P28D' } });
  await scene.promoted(MODEL, '1.0.0');
});
afterAll(() => scene.stop());

/** What the guard's schedule would find now. */
async function look(): Promise<unknown> {
  const { FunctionError, Payload } = await scene
    .lambda()
    .send(new InvokeCommand({ FunctionName: 'ModelRelease-guard' }));
  expect(FunctionError).toBeUndefined();
  return JSON.parse(Buffer.from(Payload ?? []).toString('utf8'));
}

const looks = async () => (await scene.ledger(MODEL)).filter(({ type }) => type === 'guard-looked');

describe('A version that was promoted', () => {
  it('is guarded from then on, by forecasts and outcomes as they come', async () => {
    expect(await look()).toMatchObject([{ model: MODEL, version: '1.0.0', decision: 'INSUFFICIENT' }]);
    await scene.feed(PROMOTION, 4);
    // Once a week all shelves run empty here, and such a day says nothing of accuracy.
    expect(await look()).toMatchObject([{ status: 'armed', decision: expect.stringMatching(/^(OK|WARN)$/) }]);
    expect(await scene.serves(MODEL)).toBe('1.0.0');
    const before = await looks();
    await look();
    expect(await looks()).toEqual(before);
  });

  it('is rolled back by the guard when it degrades, and the ledger names the cause', async () => {
    await scene.feed(PROMOTION, 7, { quality: 'bad-bias' });
    expect(await look()).toMatchObject([{ version: '1.0.0', decision: 'ROLLBACK' }]);
    const rolledBack = await until(async () => (await scene.ledger(MODEL)).find(({ type }) => type === 'rolled-back'));
    expect(rolledBack.data).toMatchObject({
      ...{ cause: 'metric-degradation', from: '1.0.0', to: '', requestedBy: { name: 'system:guard' } },
      detail: expect.stringContaining('ACCURACY_DEGRADED'),
    });
    const decided = (await looks()).at(-1);
    expect(decided?.data).toMatchObject({
      ...{ decision: 'ROLLBACK', comparator: 'seasonal-naive', rollback: rolledBack.data['executionName'] },
    });
    expect(Number(decided?.seq)).toBeLessThan(Number(rolledBack.seq));
    expect(await scene.serves(MODEL)).toBe('seasonal-naive');
    expect(await scene.registry.version(MODEL, '1.0.0')).toMatchObject({ status: 'withdrawn' });
    expect(await look()).toEqual([]);
  });

  it('leaves a ledger in which the verifier finds nothing wrong', async () => {
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});
