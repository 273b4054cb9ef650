import { beforeEach, describe, expect, it } from 'vitest';
import { describeRelease } from '../../functions/registry/describe-release.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

let stage: ReleaseStage;
onFreshStage(
  (one) => {
    stage = one;
  },
  ['1.0', '2.0'],
);
const live = async () => {
  const document = await stage.appConfig.liveDocument();
  if (document === null) throw new Error('Nothing is deployed.');
  return document;
};
const ask = (query: object = {}) =>
  describeRelease(stage, { model: stage.model, ...query }, new Date('2026-03-02T00:00:00.000Z'));
const NORTH = { segments: ['region:north'], fallback: 'weekday-mean' };

describe('A kill switch for the whole model', () => {
  it('has the safe forecast of the policy serve it, in one deployment, and says so in ledger and registry', async () => {
    const before = stage.appConfig.deployments.length;
    const answer = await stage.kill('model');
    expect(answer).toMatchObject({
      outcome: 'thrown',
      fallback: 'seasonal-naive',
      fallbackSegments: [],
      recorded: true,
    });
    expect(stage.appConfig.deployments.length).toBe(before + 1);
    expect(await live()).toMatchObject({ productionVersion: '2.0', fallback: 'seasonal-naive', shadowVersion: '' });
    expect(await stage.registry.killSwitch(stage.model)).toMatchObject({ fallback: 'seasonal-naive' });
    expect(await ask()).toMatchObject({
      version: 'seasonal-naive',
      arm: 'fallback',
      why: 'Kill switch thrown by Pia Pipeline: Orders are far too high.',
      approvals: [],
    });
  });

  it('changes nothing more when it is thrown again, and says so', async () => {
    await stage.kill('model');
    const before = await stage.state();
    expect(await stage.kill('model')).toMatchObject({ outcome: 'already-thrown', recorded: true });
    expect(await stage.state()).toEqual(before);
  });

  it('is still thrown after a rollback', async () => {
    await stage.kill('model');
    await stage.finish(await stage.rollBack());
    expect(await live()).toMatchObject({ productionVersion: '1.0', fallback: 'seasonal-naive' });
    expect(await ask()).toMatchObject({ version: 'seasonal-naive', arm: 'fallback' });
    await stage.finish(await stage.rollBack({ withdrawVersion: '1.0' }, 'rollback-2'));
    expect(await live()).toMatchObject({ productionVersion: '', fallback: 'seasonal-naive' });
  });

  it('is still thrown after a promotion, even over the safe forecast alone', async () => {
    await stage.kill('model');
    await stage.finish(await stage.rollBack());
    await stage.finish(await stage.rollBack({ withdrawVersion: '1.0' }, 'rollback-2'));
    await stage.promote('3.0');
    expect(await live()).toMatchObject({ productionVersion: '3.0', fallback: 'seasonal-naive', fallbackSegments: [] });
  });

  it('is left by an approved restoration alone, and is not brought back by a rollback then', async () => {
    await stage.kill('model');
    expect(await stage.restore()).toMatchObject({ kind: 'restore' });
    expect(await live()).toMatchObject({ productionVersion: '2.0', fallback: '', fallbackSegments: [] });
    expect(await stage.registry.killSwitch(stage.model)).toBeNull();
    expect(await ask()).toMatchObject({
      version: '2.0',
      arm: 'production',
      promotionId: `${stage.model}_2-0_1`,
      approvals: [{ stage: 'production' }, { stage: 'change' }],
    });
    await stage.finish(await stage.rollBack());
    expect(await live()).toMatchObject({ productionVersion: '1.0', fallback: '' });
  });
});

describe('A kill switch for some segments', () => {
  beforeEach(async () => {
    await stage.kill('model', NORTH);
  });

  it('leaves the others to the version', async () => {
    expect(await live()).toMatchObject({ productionVersion: '2.0', ...{ fallbackSegments: ['region:north'] } });
    const unit = { sku: 'milk', store: 'harbour' };
    expect(await ask({ ...unit, region: 'south' })).toMatchObject({ version: '2.0', arm: 'production' });
    expect(await ask({ ...unit, region: 'north' })).toMatchObject({ version: 'weekday-mean', arm: 'fallback' });
  });

  it('is carried by a canary and by the next promotion', async () => {
    await stage.canaried('3.0');
    expect(await live()).toMatchObject({ canaryVersion: '3.0', fallback: 'weekday-mean' });
    expect(await stage.kill('canary')).toMatchObject({ outcome: 'thrown', version: '3.0' });
    expect(await live()).toMatchObject({ canaryVersion: '', fallback: 'weekday-mean', productionVersion: '2.0' });
    await stage.promote('4.0');
    expect(await live()).toMatchObject({ productionVersion: '4.0', fallbackSegments: ['region:north'] });
  });

  it('grows by what is thrown besides, and never shrinks by a throw', async () => {
    expect(await stage.kill('model', { segments: ['tier:gold'] })).toMatchObject({
      outcome: 'thrown',
      fallback: 'weekday-mean',
      fallbackSegments: ['region:north', 'tier:gold'],
    });
    await stage.kill('model');
    expect(await stage.kill('model', NORTH)).toMatchObject({ outcome: 'already-thrown', fallbackSegments: [] });
    expect(await live()).toMatchObject({ fallback: 'weekday-mean', fallbackSegments: [] });
  });
});

describe('A kill switch thrown during a canary', () => {
  it('takes the candidate out with it and ends its promotion; the version may try again', async () => {
    const promotionId = await stage.canaried('3.0');
    expect(await stage.kill('model')).toMatchObject({ outcome: 'thrown', promotionId });
    expect(await live()).toMatchObject({ canaryVersion: '', canaryPercentage: 0, fallback: 'seasonal-naive' });
    const run = await stage.registry.run(stage.model, promotionId);
    expect(run).toMatchObject({ end: 'withdrawn', reasons: [{ code: 'KILL_SWITCH' }] });
    expect(stage.stopped.has(run?.executionArn ?? '')).toBe(true);
    expect(await stage.registry.version(stage.model, '3.0')).toMatchObject({ status: 'candidate' });
  });
});
