import { DeleteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { registryKeys } from '../../../functions/platform/keys.ts';
import { systemActor } from '../../../functions/platform/people.ts';
import { returnDocument } from '../../../functions/pointer/build.ts';
import { signDocument } from '../../../functions/pointer/document.ts';
import { endExposure } from '../../../functions/pointer/end-exposure.ts';
import { reconcileModel } from '../../../functions/pointer/reconcile/reconcile-model.ts';
import { onFreshStage } from '../../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import type { Tables } from '../../fakes/tables.ts';
import { reconcileStage } from './reconcile-stage.ts';

let tables: Tables;
let stage: ReleaseStage;
let scene: ReturnType<typeof reconcileStage>;
onFreshStage(
  (next, on) => {
    stage = next;
    tables = on;
    scene = reconcileStage(stage, tables);
  },
  ['1.0.0'],
);

const serves = async () => (await stage.state()).serves;
const ANA = 'arn:aws:iam::111122223333:user/ana';

/** A document as an administrator deploys it who has removed the vouching: signed for a shadow, or for nothing. */
async function deployByHand(content: Parameters<ReleaseStage['appConfig']['hostByHand']>[0]) {
  return stage.appConfig.deployByHand(stage.appConfig.hostByHand(content));
}

describe('A model that is as it was decided', () => {
  it('is looked at without a trace', async () => {
    const before = await stage.types();
    for (let looks = 0; looks < 3; looks++) expect(await scene.look()).toEqual([]);
    expect(await stage.types()).toEqual(before);
    expect(await scene.ports.store.last(stage.model)).toEqual({ revision: 0, findings: [] });
  });
});

describe('A document that nobody decided', () => {
  it('is undone at the second look, though nothing went back to the version yet', async () => {
    const number = await deployByHand('{"version":"1"}');
    expect(await scene.look()).toEqual([]);
    expect(await scene.entries()).toEqual([]);
    expect(await scene.look()).toMatchObject([{ code: 'UNSIGNED_POINTER', direction: 'forward' }]);
    expect(await serves()).toBe('1.0.0');
    expect(await scene.entries()).toMatchObject([
      { type: 'change-noticed', data: { code: 'UNSIGNED_POINTER', deploymentNumber: number, principalArn: null } },
      { type: 'change-undone', data: { undoes: number, productionVersion: '1.0.0', document: expect.any(Object) } },
    ]);
    expect(scene.did.alerts).toMatchObject([{ id: expect.stringContaining('change-'), version: '' }]);
    expect(scene.did.noticed).toEqual(['UNSIGNED_POINTER']);
  });

  it('is over once it was undone, and no version is withdrawn for it', async () => {
    await deployByHand('{"version":"1"}');
    await scene.look();
    await scene.look();
    expect(await scene.look()).toEqual([]);
    expect(await scene.entries()).toMatchObject([
      {},
      {},
      { type: 'change-noticed', data: { over: true, amends: expect.any(Number) } },
    ]);
    expect((await stage.state()).statuses).toEqual({ '1.0.0': 'production' });
    const types = await stage.types();
    await scene.look();
    expect(await stage.types()).toEqual(types);
  });

  it('is undone when it brings a withdrawn version back', async () => {
    await stage.promote('2.0.0');
    const newest = (await stage.appConfig.deployedState()).live;
    await stage.finish(await stage.rollBack());
    expect(await serves()).toBe('1.0.0');
    stage.appConfig.deployByHand(newest?.hostedVersion ?? 0);
    await scene.look();
    expect(await scene.look()).toMatchObject([{ code: 'FOREIGN_DEPLOYMENT', direction: 'forward' }]);
    expect(await serves()).toBe('1.0.0');
    expect((await stage.state()).statuses).toMatchObject({ '1.0.0': 'production', '2.0.0': 'withdrawn' });
  });

  it('is told, and left alone, when it goes back to a version that was promoted', async () => {
    const before = (await stage.appConfig.deployedState()).live;
    await stage.promote('2.0.0');
    stage.appConfig.deployByHand(before?.hostedVersion ?? 0);
    await scene.look();
    expect(await scene.look()).toMatchObject([{ code: 'FOREIGN_DEPLOYMENT', direction: 'backward' }]);
    expect(await serves()).toBe('1.0.0');
    expect(scene.did.alerts).toHaveLength(1);
    expect((await scene.entries()).map(({ type }) => type)).toEqual(['change-noticed']);
  });

  it('has the ledger say who did it as soon as an event tells', async () => {
    const number = await deployByHand('{"version":"1"}');
    await scene.look();
    stage.appConfig.broken = new Error('AppConfig is down');
    await expect(scene.look()).rejects.toThrow('AppConfig is down');
    const data = {
      eventName: 'StartDeployment',
      eventDeployment: number,
      principalArn: ANA,
      code: 'DEPLOYMENT_STARTED',
    };
    const draft = { model: stage.model, type: 'change-noticed' as const, at: stage.now(), data };
    await stage.ledger.append({ ...draft, actor: systemActor('watch-trail') });
    await expect(scene.look()).rejects.toThrow('AppConfig is down');
    const noticed = (await scene.entries()).filter(({ data: { id } }) => id === `UNSIGNED_POINTER:${number}`);
    expect(noticed).toMatchObject([{ data: { principalArn: null } }, { data: { principalArn: ANA } }]);
    expect(noticed[1]?.data).toHaveProperty('amends');
    stage.appConfig.broken = null;
    await scene.look();
    expect(await serves()).toBe('1.0.0');
  });

  it('is recorded as undone by the next look when this one is cut before it could', async () => {
    await deployByHand('{"version":"1"}');
    await scene.look();
    const { ledger } = scene.ports;
    const failing: typeof ledger = {
      append: async (draft, writes) => {
        if (draft.type === 'change-undone') throw new Error('cut');
        return stage.ledger.append(draft, writes);
      },
    };
    const cut = { ...scene.ports, ledger: failing };
    stage.seconds += 360;
    await expect(reconcileModel(cut, stage.model)).rejects.toThrow('cut');
    expect(await serves()).toBe('1.0.0');
    await scene.look();
    expect((await scene.entries()).map(({ type }) => type)).toEqual(['change-noticed', 'change-undone']);
    expect(await scene.look()).toEqual([]);
  });

  it('ends the promotion whose exposure it disturbed', async () => {
    const promotionId = await stage.shadowed('2.0.0');
    await deployByHand('{"version":"1"}');
    await scene.look();
    await scene.look();
    expect(await stage.state()).toMatchObject({ serves: '1.0.0', exposes: ['', '', 0] });
    expect(scene.did.closed).toEqual([promotionId]);
    expect(await stage.registry.run(stage.model, promotionId)).toMatchObject({
      end: 'withdrawn',
      reasons: [{ code: 'EXPOSURE_DISTURBED' }],
    });
  });
});

describe('A deployment that was taken back by no rollback', () => {
  it('is undone when an ended exposure comes back with it', async () => {
    const promotionId = await stage.shadowed('2.0.0');
    await stage.endExposure(promotionId);
    await stage.close(promotionId, 'rejected');
    const { live } = await stage.appConfig.deployedState();
    await stage.appConfig.stopDeployment('env1', live?.number ?? 0);
    expect(await stage.state()).toMatchObject({ exposes: ['2.0.0', '', 0] });
    await scene.look();
    expect(await scene.look()).toMatchObject([{ code: 'DEPLOYMENT_STOPPED', direction: 'forward' }]);
    expect(await stage.state()).toMatchObject({ serves: '1.0.0', exposes: ['', '', 0] });
  });

  it('is told when what serves then was promoted', async () => {
    await stage.promote('2.0.0');
    const { live } = await stage.appConfig.deployedState();
    await stage.appConfig.stopDeployment('env1', live?.number ?? 0);
    await scene.look();
    expect((await scene.look()).map(({ code, direction }) => [code, direction])).toEqual([
      ['DEPLOYMENT_STOPPED', 'backward'],
    ]);
    expect(await serves()).toBe('1.0.0');
  });
});

describe('A look that comes at a bad moment', () => {
  it('leaves a running rollback, a deployment in progress and a fresh intent alone', async () => {
    await deployByHand('{"version":"1"}');
    await scene.look();
    scene.world.rollingBack.add(stage.model);
    expect(await scene.look()).toEqual([]);
    scene.world.rollingBack.clear();
    stage.appConfig.slow = true;
    await deployByHand('{"version":"1"}');
    expect(await scene.look()).toEqual([]);
    expect(await scene.entries()).toEqual([]);
  });

  it('says nothing of what was seen only once', async () => {
    const number = await deployByHand('{"version":"1"}');
    await scene.look();
    await stage.appConfig.stopDeployment('env1', number);
    expect(await scene.look()).toEqual([]);
    expect(await scene.entries()).toEqual([]);
    expect((await scene.ports.store.last(stage.model)).findings).toEqual([]);
  });
});

describe('What was decided and not recorded', () => {
  it('is a rollback that is asked for again after five minutes', async () => {
    await stage.promote('2.0.0');
    await stage.rollBack({}, 'rollback-7');
    scene.world.rollbacks.add('rollback-7');
    expect(await scene.look(1)).toEqual([]);
    await scene.look();
    expect(await scene.look()).toMatchObject([{ code: 'ROLLBACK_UNRECORDED' }]);
    expect(scene.did.completed).toMatchObject([{ executionName: 'rollback-7', withdrew: '2.0.0' }]);
    expect(await serves()).toBe('1.0.0');
  });

  it('is no rollback when no such execution exists: a description proves nothing', async () => {
    await stage.promote('2.0.0');
    await stage.rollBack({}, 'made-up');
    await scene.look();
    expect(await scene.look()).toMatchObject([{ code: 'FOREIGN_DEPLOYMENT', direction: 'backward' }]);
    expect(scene.did.completed).toEqual([]);
  });

  it('is the end of an exposure, which is then recorded', async () => {
    const promotionId = await stage.shadowed('2.0.0');
    const kept = stage.endPorts();
    const cut = { ...kept, ledger: { append: async () => Promise.reject(new Error('cut')) } };
    await expect(endExposure(cut, promotionId)).rejects.toThrow('cut');
    await scene.look();
    expect(await scene.look()).toMatchObject([{ code: 'MOVE_UNRECORDED' }]);
    expect(await stage.types()).toContain('exposure-ended');
    expect(await scene.look()).toEqual([]);
  });
});

describe('What the registry has of a model', () => {
  const key = () => ({ TableName: tables.registry, Key: { ...registryKeys.model(stage.model) } });

  it('is told when a policy item, a version or a way back was changed past the flow', async () => {
    const item = await stage.registry.model(stage.model);
    if (item === null) throw new Error('There is no model.');
    const { owner, approvers, downstream, policyVersion, policyDigest } = item;
    const decided = JSON.parse(JSON.stringify({ owner, approvers, downstream, policyVersion, policyDigest }));
    const draft = { model: stage.model, type: 'model-changed' as const, at: stage.now(), actor: systemActor('test') };
    await stage.ledger.append({ ...draft, data: decided });
    await scene.look();
    expect(await scene.look()).toEqual([]);
    await tables.client.send(
      new UpdateCommand({
        ...key(),
        UpdateExpression: 'SET approvers = :none',
        ExpressionAttributeValues: { ':none': approvers.slice(0, 1) },
      }),
    );
    await scene.look();
    expect(await scene.look()).toMatchObject([{ code: 'POLICY_CHANGED', got: expect.stringContaining('approvers') }]);
  });

  it('is told when a hosted version is gone that a rollback would deploy', async () => {
    await stage.shadowed('2.0.0');
    const kept = await stage.registry.returnDocument(stage.model, '1.0.0');
    const index = stage.appConfig.versions.findIndex(({ number }) => number === kept?.hostedVersion);
    stage.appConfig.versions.splice(index, 1);
    await scene.look();
    expect(await scene.look()).toMatchObject([{ code: 'VERSION_DELETED', hostedVersion: kept?.hostedVersion }]);
  });

  it('is told when it calls another version production than the one that serves', async () => {
    await tables.client.send(
      new DeleteCommand({ TableName: tables.registry, Key: { ...registryKeys.version(stage.model, '1.0.0') } }),
    );
    await scene.look();
    expect(await scene.look()).toMatchObject([{ code: 'PRODUCTION_DIFFERS', got: 'none', allowed: '1.0.0' }]);
  });
});

describe('A document to go back to that nobody decided to deploy', () => {
  it('is backward also when it was made by hand and signed, but of a version never promoted is forward', async () => {
    const live = await stage.appConfig.liveDocument();
    if (live === null) throw new Error('Nothing serves.');
    const never = { ...returnDocument(live, 9), productionVersion: '9.9.9' };
    await deployByHand(await signDocument(stage.key.sign, stage.model, never));
    await scene.look();
    expect(await scene.look()).toMatchObject([{ code: 'FOREIGN_DEPLOYMENT', direction: 'forward' }]);
    expect(await serves()).toBe('1.0.0');
  });
});
