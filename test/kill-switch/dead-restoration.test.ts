import { beforeEach, describe, expect, it } from 'vitest';
import { completeMove } from '../../functions/pointer/complete-move.ts';
import { movePointer } from '../../functions/pointer/move-pointer.ts';
import { describeRelease } from '../../functions/registry/describe-release.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import { reconcileStage } from '../pointer/reconcile/reconcile-stage.ts';

let stage: ReleaseStage;
let scene: ReturnType<typeof reconcileStage>;
onFreshStage(
  (one, tables) => {
    stage = one;
    scene = reconcileStage(stage, tables);
  },
  ['1.0', '2.0'],
);
const live = async () => await stage.appConfig.liveDocument();

describe('A restoration that went out and died before it was recorded', () => {
  let promotionId: string;
  beforeEach(async () => {
    await stage.kill('model');
    promotionId = await stage.restoration();
    await stage.prepare(promotionId);
    const ports = stage.movePorts();
    const append: typeof ports.ledger.append = async (draft, writes) => {
      if (draft.type === 'pointer-moved') throw new Error('The table is gone.');
      return ports.ledger.append(draft, writes);
    };
    await expect(movePointer({ ...ports, ledger: { append } }, promotionId)).rejects.toThrow('The table is gone.');
  });

  it('is completed, once, before its run is closed: the switch does not come back with what goes out next', async () => {
    const deployments = stage.appConfig.deployments.length;
    expect(await completeMove(stage.movePorts(), promotionId)).toBe(true);
    expect(await completeMove(stage.movePorts(), promotionId)).toBe(true);
    expect(stage.appConfig.deployments.length).toBe(deployments);
    expect((await stage.types()).filter((type) => type === 'pointer-moved').length).toBe(4);
    await stage.close(promotionId, 'withdrawn');
    expect(await stage.registry.run(stage.model, promotionId)).toMatchObject({ end: 'applied' });
    expect(await stage.registry.killSwitch(stage.model)).toBeNull();
    expect([await scene.look(), await scene.look()]).toEqual([[], []]);
    const told = await describeRelease(stage, { model: stage.model }, new Date('2026-03-02T00:00:00.000Z'));
    expect(told).toMatchObject({ version: '2.0', arm: 'production', why: expect.stringContaining('Kill switch left') });
    await stage.shadowed('3.0');
    expect(await live()).toMatchObject({ productionVersion: '2.0', shadowVersion: '3.0', fallback: '' });
  });

  it('is not completed over what was thrown since: that switch stands', async () => {
    await stage.kill('model', { reason: 'It is still far too high.' });
    expect(await completeMove(stage.movePorts(), promotionId)).toBe(false);
    expect(await live()).toMatchObject({ productionVersion: '2.0', fallback: 'seasonal-naive' });
    expect(await stage.registry.killSwitch(stage.model)).toMatchObject({ reason: 'It is still far too high.' });
  });
});

describe('A restoration that died before anything went out', () => {
  it('leaves the switch as it stands', async () => {
    await stage.kill('model');
    const promotionId = await stage.restoration();
    await stage.prepare(promotionId);
    expect(await completeMove(stage.movePorts(), promotionId)).toBe(false);
    expect(await completeMove(stage.movePorts(), `${stage.model}_restore_9`)).toBe(false);
    expect(await live()).toMatchObject({ fallback: 'seasonal-naive' });
    expect(await stage.registry.killSwitch(stage.model)).not.toBeNull();
  });
});
