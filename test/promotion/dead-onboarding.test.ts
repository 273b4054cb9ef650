import { beforeEach, describe, expect, it } from 'vitest';
import { completeMove } from '../../functions/pointer/complete-move.ts';
import { movePointer } from '../../functions/pointer/move-pointer.ts';
import { type CloseDeadPorts, closeDeadPromotions } from '../../functions/promotion/close-dead-promotion.ts';
import { closePromotion } from '../../functions/promotion/close-promotion.ts';
import { describeRelease } from '../../functions/registry/describe-release.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import type { Tables } from '../fakes/tables.ts';
import { reconcileStage } from '../pointer/reconcile/reconcile-stage.ts';

let stage: ReleaseStage;
let tables: Tables;
onFreshStage((one, opened) => {
  stage = one;
  tables = opened;
});

/** The rule on failed executions. */
async function closeDead() {
  const { registry, ledger } = stage;
  const writes = new RegistryWrites(tables.registry);
  const ports: CloseDeadPorts = {
    registry: {
      allInFlight: async () => (await registry.allInFlight()).filter(({ model }) => model === stage.model),
      run: (model, id) => registry.run(model, id),
    },
    status: async () => 'FAILED',
    endExposure: async () => Promise.reject(new Error('must not be asked')),
    takeOut: async () => Promise.reject(new Error('must not be asked')),
    completeMove: (promotionId) => completeMove(stage.movePorts(), promotionId),
    tell: async () => {},
    close: (event) => closePromotion({ registry, writes, ledger, withdrawGate: async () => {} }, event, stage.now()),
  };
  return closeDeadPromotions(ports);
}

/** The step that moves the pointer, up to the record of that. */
async function die(promotionId: string): Promise<void> {
  const ports = stage.movePorts();
  const append: typeof ports.ledger.append = async (draft, writes) => {
    if (draft.type === 'pointer-moved') throw new Error('The table is gone.');
    return ports.ledger.append(draft, writes);
  };
  await expect(movePointer({ ...ports, ledger: { append } }, promotionId)).rejects.toThrow('The table is gone.');
}

const moved = async () => (await stage.types()).filter((type) => type === 'pointer-moved').length;

describe('An onboarding whose first document went out and which died before it was recorded', () => {
  let promotionId: string;
  beforeEach(async () => {
    promotionId = await stage.onboarding();
  });

  it('is recorded, once, before it is closed: the model is onboarded, and nobody finds a document without a decision', async () => {
    await die(promotionId);
    expect(await closeDead()).toMatchObject([{ promotionId, end: 'applied', reasons: [] }]);
    expect(await closeDead()).toEqual([]);
    expect(await moved()).toBe(1);
    expect(stage.appConfig.deployments).toHaveLength(1);
    const scene = reconcileStage(stage, tables);
    expect([await scene.look(), await scene.look()]).toEqual([[], []]);
    expect(await describeRelease(stage, { model: stage.model }, new Date('2026-03-02T00:00:00.000Z'))).toMatchObject({
      version: 'seasonal-naive',
      arm: 'fallback',
      promotionId,
    });
    await stage.promote('1.0');
    expect(await stage.appConfig.liveDocument()).toMatchObject({ productionVersion: '1.0' });
  });

  it('is not recorded where another document went out since: it is closed as withdrawn, and may be tried again', async () => {
    await die(promotionId);
    const served = await stage.appConfig.liveDocument();
    if (served === null) throw new Error('Nothing is deployed.');
    stage.appConfig.deployByHand(stage.appConfig.hostByHand(served));
    expect(await closeDead()).toMatchObject([{ end: 'withdrawn' }]);
    expect(await moved()).toBe(0);
    expect(await stage.registry.run(stage.model, promotionId)).not.toHaveProperty('pointer');
  });

  it('is closed as withdrawn where nothing went out', async () => {
    expect(await closeDead()).toMatchObject([{ end: 'withdrawn', reasons: [{ code: 'EXECUTION_FAILED' }] }]);
    expect(await moved()).toBe(0);
  });
});

describe('An onboarding that was to take a version over, and died before its first document was recorded', () => {
  it('has that recorded, and is withdrawn: the version is still to be taken over', async () => {
    const artifact = await stage.evidence.writeOnce('candidates/adopted/artifact', 'adopted');
    const promotionId = await stage.onboarding({ adopt: { version: '0.9', artifact } });
    await die(promotionId);
    expect(await closeDead()).toMatchObject([{ promotionId, end: 'withdrawn' }]);
    expect(await moved()).toBe(1);
    expect(await stage.registry.run(stage.model, promotionId)).toMatchObject({ pointer: { deploymentNumber: 1 } });
  });
});
