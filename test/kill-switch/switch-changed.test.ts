import { beforeEach, describe, expect, it } from 'vitest';
import { vouchDeployment } from '../../functions/pointer/vouch-deployment.ts';
import { failure } from '../fakes/failure.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

let stage: ReleaseStage;
onFreshStage(
  (one) => {
    stage = one;
  },
  ['1.0', '2.0'],
);
const NORTH = { segments: ['region:north'] };
const GOLD = { segments: ['tier:gold'] };
const live = async () => await stage.appConfig.liveDocument();

describe('A restoration that people approved before the switch was thrown wider', () => {
  let promotionId: string;
  beforeEach(async () => {
    await stage.kill('model', NORTH);
    promotionId = await stage.restoration();
    await stage.prepare(promotionId);
  });

  it('is refused before anything is made: SWITCH_CHANGED', async () => {
    await stage.kill('model', GOLD);
    const before = [stage.appConfig.versions.length, stage.appConfig.deployments.length];
    expect(await failure(stage.move(promotionId))).toMatchObject({
      code: 'NOT_VOUCHED',
      reasons: [{ code: 'SWITCH_CHANGED', got: expect.stringContaining('region:north, tier:gold') }],
    });
    expect([stage.appConfig.versions.length, stage.appConfig.deployments.length]).toEqual(before);
    expect(await live()).toMatchObject({ productionVersion: '2.0', fallbackSegments: ['region:north', 'tier:gold'] });
  });

  it('is refused by AppConfig as well, where its document was made and decided on before', async () => {
    stage.appConfig.broken = new Error('AppConfig is down.');
    await expect(stage.move(promotionId)).rejects.toThrow('AppConfig is down.');
    stage.appConfig.broken = null;
    const made = stage.appConfig.versions.findLast(({ description }) => description.includes(promotionId));
    const event = await stage.appConfig.event(made?.number ?? 0);
    expect(await vouchDeployment(stage.vouching, event)).toBeUndefined();
    const thrown = await stage.registry.killSwitch(stage.model);
    await stage.kill('model', GOLD);
    const standing = await stage.registry.killSwitch(stage.model);
    expect(await vouchDeployment(stage.vouching, event)).toMatchObject({
      Error: 'BadRequestError',
      Details: [{ Type: 'NotVouched', Name: 'SWITCH_CHANGED', Reason: expect.stringContaining('Another kill switch') }],
      Message: expect.stringMatching(new RegExp(`entry ${standing?.ledgerSeq}\\..* entry ${thrown?.ledgerSeq}\\.`)),
    });
    const start = {
      ...{ place: stage.appConfig.place, strategyId: 'instant', hostedVersion: made?.number ?? 0 },
      ...{ latestNumber: stage.appConfig.deployments.length, description: 'by hand' },
    };
    expect(await failure(stage.appConfig.startDeployment(start))).toMatchObject({ code: 'NOT_VOUCHED' });
    expect(await live()).toMatchObject({ fallbackSegments: ['region:north', 'tier:gold'] });
  });

  it('is refused where the switch was renewed only: people agreed to leave another', async () => {
    await stage.kill('model', { ...NORTH, reason: 'It is still far too high.' });
    expect(await failure(stage.move(promotionId))).toMatchObject({ reasons: [{ code: 'SWITCH_CHANGED' }] });
  });

  it('is followed by one about the wider switch, which goes out', async () => {
    await stage.kill('model', GOLD);
    await stage.close(promotionId, 'withdrawn');
    expect(await stage.restore(2)).toMatchObject({ kind: 'restore' });
    expect(await live()).toMatchObject({ productionVersion: '2.0', fallback: '', fallbackSegments: [] });
    expect(await stage.registry.killSwitch(stage.model)).toBeNull();
  });
});
