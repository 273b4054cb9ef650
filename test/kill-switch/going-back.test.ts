import { beforeEach, describe, expect, it } from 'vitest';
import { proveArmed } from '../../functions/kill-switch/prove-armed.ts';
import { throwKillSwitch } from '../../functions/kill-switch/throw-kill-switch.ts';
import { movePointer } from '../../functions/pointer/move-pointer.ts';
import { prepareReturns } from '../../functions/pointer/prepare-returns.ts';
import { proveArmed as proveRollbackArmed } from '../../functions/rollback/prove-armed.ts';
import { rollBack } from '../../functions/rollback/roll-back.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import { PIPELINE } from '../fakes/inputs.ts';
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
const gone = async (): Promise<never> => {
  throw new Error('The table is gone.');
};
const hangs = () => new Promise<never>(() => {});
const asked = (over: object = {}) => ({
  ...{ model: stage.model, level: 'model', reason: 'Orders are far too high.', requestedBy: PIPELINE },
  ...{ expiresAt: '2026-03-02T08:00:00.000Z', ...over },
});

describe('A kill switch that was thrown without its tables', () => {
  const broken = () => {
    const ports = stage.killPorts();
    const registry = {
      ...ports.registry,
      model: gone,
      killSwitch: gone,
      run: gone,
      inFlight: gone,
      returnDocument: gone,
    };
    return {
      ...ports,
      registry: { ...registry, version: gone, versions: gone, returnDocuments: gone },
      ledger: { append: gone },
    };
  };

  it('stops all the same, says that it is not recorded, and is completed by the same call', async () => {
    expect(await throwKillSwitch(broken(), asked())).toMatchObject({
      outcome: 'thrown',
      recorded: false,
      reasons: [{ code: 'NOT_RECORDED', got: 'Error: The table is gone.' }],
    });
    expect(await live()).toMatchObject({ fallback: 'seasonal-naive', productionVersion: '2.0' });
    const deployments = stage.appConfig.deployments.length;
    expect(await stage.kill('model')).toMatchObject({ outcome: 'thrown', recorded: true });
    expect(stage.appConfig.deployments.length).toBe(deployments);
    expect(await stage.registry.killSwitch(stage.model)).toMatchObject({ fallback: 'seasonal-naive' });
  });

  it('stands after a rollback that comes before the ways back were made anew: the safe forecast alone serves', async () => {
    await throwKillSwitch(broken(), asked());
    await stage.finish(await stage.rollBack());
    expect(await live()).toMatchObject({ productionVersion: '', fallback: 'seasonal-naive' });
  });

  it('takes a canary out by what AppConfig alone shows', async () => {
    const promotionId = await stage.canaried('3.0');
    const answer = await throwKillSwitch(broken(), asked({ level: 'canary' }));
    expect(answer).toMatchObject({ outcome: 'thrown', promotionId, version: '3.0', recorded: false });
    expect(await live()).toMatchObject({
      canaryVersion: '',
      canaryPercentage: 0,
      productionVersion: '2.0',
      fallback: '',
    });
    expect(await stage.kill('canary')).toMatchObject({ outcome: 'thrown', promotionId, recorded: true });
    expect(await stage.registry.run(stage.model, promotionId)).toMatchObject({ end: 'withdrawn' });
    expect(await stage.kill('canary')).toMatchObject({ outcome: 'already-thrown' });
  });

  it('does not claim that nothing waits when the registry does not say', async () => {
    await expect(throwKillSwitch(broken(), asked({ level: 'candidate' }))).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
  });
});

describe('A rollback', () => {
  it('keeps the switch without the registry', async () => {
    await stage.kill('model', { segments: ['region:north'] });
    const ports = stage.rollBackPorts();
    const registry = { ...ports.registry, waysBack: gone, model: gone };
    const answer = await rollBack({ ...ports, registry }, stage.rollbackEvent({ targetVersion: '1.0' }));
    expect(answer).toMatchObject({ outcome: 'deployed', to: '1.0' });
    expect(await live()).toMatchObject({ productionVersion: '1.0', fallbackSegments: ['region:north'] });
  });

  it('does not bring a switch back that was left, without the registry either', async () => {
    await stage.kill('model');
    await stage.restore();
    const ports = stage.rollBackPorts();
    const registry = { ...ports.registry, waysBack: gone, model: gone };
    const event = stage.rollbackEvent({ targetVersion: '1.0' });
    expect(await rollBack({ ...ports, registry }, event)).toMatchObject({ to: '1.0' });
    expect(await live()).toMatchObject({ productionVersion: '1.0', fallback: '' });
  });

  it('keeps the switch while the ways back are made anew for a restoration that has not moved the pointer yet', async () => {
    await stage.kill('model');
    const promotionId = await stage.restoration();
    await stage.prepare(promotionId);
    await stage.finish(await stage.rollBack());
    expect(await live()).toMatchObject({ productionVersion: '1.0', fallback: 'seasonal-naive' });
    await expect(stage.move(promotionId)).rejects.toMatchObject({ code: 'NOT_VOUCHED' });
  });
});

describe('A restoration', () => {
  beforeEach(async () => {
    await stage.kill('model');
  });

  it('does not go through once the switch was renewed, or another version serves', async () => {
    const promotionId = await stage.restoration();
    await stage.prepare(promotionId);
    expect(await stage.kill('model', { reason: 'It is still far too high.' })).toMatchObject({ outcome: 'renewed' });
    await expect(stage.move(promotionId)).rejects.toMatchObject({ reasons: [{ code: 'SWITCH_CHANGED' }] });
  });

  it('is needed by whatever would end the switch: AppConfig refuses a document without it', async () => {
    await stage.candidate('3.0');
    const plain = stage.appConfig.versions.find(({ description }) => description.includes('promote'));
    const started = stage.appConfig.startDeployment({
      ...{ place: stage.appConfig.place, strategyId: 'instant', hostedVersion: plain?.number ?? 0 },
      ...{ latestNumber: stage.appConfig.deployments.length, description: 'by hand' },
    });
    await expect(started).rejects.toMatchObject({ code: 'NOT_VOUCHED' });
  });

  it('is repeated after any cut without moving twice', async () => {
    const promotionId = await stage.restoration();
    await stage.prepare(promotionId);
    const ports = stage.movePorts();
    let appends = 0;
    const append: typeof ports.ledger.append = async (...entry) => {
      appends += 1;
      if (appends === 2) throw new Error('Cut off.');
      return ports.ledger.append(...entry);
    };
    await expect(movePointer({ ...ports, ledger: { append } }, promotionId)).rejects.toThrow('Cut off.');
    const deployments = stage.appConfig.deployments.length;
    await stage.move(promotionId);
    expect(stage.appConfig.deployments.length).toBe(deployments);
    expect(await stage.registry.killSwitch(stage.model)).toBeNull();
  });
});

describe('Ways back under a switch', () => {
  it('are made once, for all that can be gone back to: what serves so already stays', async () => {
    await stage.kill('model');
    const deployed = await live();
    const under = { fallback: 'seasonal-naive', fallbackSegments: [], reason: deployed.reason };
    const returns = { model: stage.model, place: stage.appConfig.place, deployed, under, run: null };
    expect(await prepareReturns(stage.killPorts(), { ...returns, safeForecast: 'seasonal-naive' })).toBe(0);
    const kept = await stage.registry.returnDocuments(stage.model);
    expect(kept.map(({ version }) => version).toSorted()).toEqual(['', '1.0']);
  });
});

describe('A dry run', () => {
  it('says that both can stop, and changes nothing', async () => {
    await stage.canaried('3.0');
    const before = [await stage.state(), stage.appConfig.versions.length];
    for (const answer of [
      await proveArmed(stage.killPorts(), stage.model),
      await proveRollbackArmed(stage.rollBackPorts(), stage.model),
    ]) {
      expect(answer.checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(answer.armed).toBe(true);
    }
    stage.stopped.clear();
    expect([await stage.state(), stage.appConfig.versions.length]).toEqual(before);
  });

  it.each(['createVersion', 'startDeployment', 'deployedState'] as const)(
    'names %s when its right is gone',
    async (name) => {
      const ports = stage.killPorts();
      const denied = Object.assign(new Error('No.'), { name: 'AccessDeniedException' });
      const appConfig = Object.assign(Object.create(ports.appConfig), { [name]: () => Promise.reject(denied) });
      const answer = await proveArmed({ ...ports, appConfig }, stage.model);
      expect(answer.armed).toBe(false);
      expect(answer.checks.some(({ ok }) => !ok)).toBe(true);
    },
  );

  it('says what is missing of going back', async () => {
    const ports = stage.rollBackPorts();
    const denied = Object.assign(new Error('No.'), { name: 'AccessDeniedException' });
    const appConfig = Object.assign(Object.create(ports.appConfig), { stopDeployment: () => Promise.reject(denied) });
    expect(await proveRollbackArmed({ ...ports, appConfig }, stage.model)).toMatchObject({
      armed: false,
      checks: expect.arrayContaining([{ what: 'stop a deployment', ok: false, got: 'AccessDeniedException' }]),
    });
  });

  it('does not wait for what hangs', async () => {
    const ports = stage.killPorts();
    const answer = await proveArmed({ ...ports, sign: hangs }, stage.model);
    expect(answer.checks).toContainEqual({ what: 'sign a document', ok: false, got: 'Error' });
  });
});
