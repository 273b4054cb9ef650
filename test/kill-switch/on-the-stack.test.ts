import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANA, CHANGE_RECORD, PIPELINE } from '../fakes/inputs.ts';
import { Scene } from '../fakes/scene.ts';
import { until } from '../fakes/until.ts';

const OPAL = { name: 'Opal Operator', email: 'opal@shop.example' };
let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
  const artifact = await scene.pipeline.upload('lamps/7.3/model.json', Buffer.from('{"forecaster":"seasonal-naive"}'));
  await scene.onboard('lamps', { adopt: { version: '7.3', artifact } });
});
afterAll(() => scene.stop());

const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
const thrown = (over: object) =>
  scene.invoke('KillSwitchFunctionName', {
    ...{ model: 'lamps', reason: 'Orders are far too high.', requestedBy: OPAL, expiresAt, ...over },
  });

/** Who forecasts a store of either region. */
async function arms(): Promise<Readonly<Record<string, string>>> {
  const history = Array.from({ length: 28 }, (_, day) => day % 7);
  const ask = (region: string) => ({ sku: 'L1', store: `S-${region}`, region, category: 'lamps', history });
  const event = { model: 'lamps', asOf: '2026-03-01', horizonDays: 1, requests: [ask('north'), ask('south')] };
  const answer = await scene.invoke('InferenceFunctionName', event);
  const { forecasts } = answer as { forecasts: { store: string; version: string; arm: string }[] };
  return Object.fromEntries(forecasts.map(({ store, version, arm }) => [store, `${arm} ${version}`]));
}

/** Waits until both regions are forecast so: inference that cannot look in time answers by the pointer that it had. */
async function forecastBy({ north, south }: { readonly north: string; readonly south: string }): Promise<void> {
  await until(async () => {
    const found = await arms();
    return found['S-north'] === north && found['S-south'] === south ? true : undefined;
  });
}

describe('The kill switch of a stack', () => {
  it('has proven, before a canary, that it and the rollback are armed', { timeout: 60_000 }, async () => {
    expect(await scene.invoke('KillSwitchFunctionName', { model: 'lamps', dryRun: true })).toMatchObject({
      armed: true,
      checks: expect.arrayContaining([{ what: 'start a deployment', ok: true, got: 'POINTER_BUSY' }]),
    });
    expect(await scene.ask('roll-back', { model: 'lamps', dryRun: true })).toMatchObject({
      armed: true,
      checks: expect.arrayContaining([{ what: 'stop a deployment', ok: true, got: 'CONDITION_FAILED' }]),
    });
    expect(await scene.types('lamps')).not.toContain('kill-switch-thrown');
  });

  it('has a safe forecast serve one region, until approvers agree to leave it', { timeout: 180_000 }, async () => {
    await forecastBy({ north: 'production 7.3', south: 'production 7.3' });
    const answer = await thrown({ level: 'model', segments: ['region:north'], fallback: 'weekday-mean' });
    expect(answer).toMatchObject({ outcome: 'thrown', recorded: true, fallbackSegments: ['region:north'] });
    await forecastBy({ north: 'fallback weekday-mean', south: 'production 7.3' });

    const promotionId = 'lamps_restore_1';
    const input = { kind: 'restore', model: 'lamps', change: CHANGE_RECORD, requestedBy: PIPELINE };
    const arn = await scene.pipeline.start(scene.output('OnboardingStateMachineArn'), promotionId, input);
    await scene.approve(promotionId, ANA.email, 'lamps');
    expect(await scene.ended(arn)).toMatchObject({ end: 'applied' });
    await forecastBy({ north: 'production 7.3', south: 'production 7.3' });
    expect(await scene.registry.killSwitch('lamps')).toBeNull();
    expect(await scene.invoke('DescribeReleaseFunctionName', { model: 'lamps' })).toMatchObject({ version: '7.3' });
  });

  it('takes a canary out by one call while it serves, and ends its promotion', { timeout: 240_000 }, async () => {
    const { promotionId, arn } = await scene.at('canary', 'lamps', '8.0');
    expect(await scene.pointer('lamps')).toMatchObject({ canaryVersion: '8.0', productionVersion: '7.3' });
    expect(await thrown({ level: 'canary' })).toMatchObject({ outcome: 'thrown', promotionId, recorded: true });
    expect(await scene.pointer('lamps')).toMatchObject({ canaryVersion: '', productionVersion: '7.3' });
    expect(await scene.closed(promotionId)).toMatchObject({ end: 'withdrawn', reasons: [{ code: 'KILL_SWITCH' }] });
    expect(await scene.over(arn)).toBe('ABORTED');
    expect(await thrown({ level: 'canary' })).toMatchObject({ outcome: 'already-thrown' });
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});
