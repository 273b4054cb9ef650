import { describe, expect, it } from 'vitest';
import { throwKillSwitch } from '../../../functions/kill-switch/throw-kill-switch.ts';
import { movePointer } from '../../../functions/pointer/move-pointer.ts';
import { onFreshStage } from '../../fakes/fresh-stage.ts';
import { PIPELINE } from '../../fakes/inputs.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import { reconcileStage } from './reconcile-stage.ts';

let stage: ReleaseStage;
let scene: ReturnType<typeof reconcileStage>;
onFreshStage(
  (next, on) => {
    stage = next;
    scene = reconcileStage(stage, on);
  },
  ['1.0', '2.0'],
);
const twoLooks = async () => [await scene.look(), await scene.look()];

/** The deployment that serves, as the newest entry has it by which a document went out. */
async function recordedDeployment(): Promise<unknown> {
  let found: unknown = null;
  for await (const { body } of stage.ledger.entries(stage.model)) found = body.data['deploymentNumber'] ?? found;
  return found;
}

/** A kill switch that people agreed to leave is left by what serves, and nothing says so. */
async function unrecordedRestoration(): Promise<string> {
  const promotionId = await stage.restoration();
  await stage.prepare(promotionId);
  const ports = stage.movePorts();
  const append: typeof ports.ledger.append = async (draft, writes) => {
    if (draft.type === 'pointer-moved') throw new Error('The table is gone.');
    return ports.ledger.append(draft, writes);
  };
  await expect(movePointer({ ...ports, ledger: { append } }, promotionId)).rejects.toThrow('The table is gone.');
  expect((await stage.appConfig.liveDocument())?.fallback).toBe('');
  return promotionId;
}

describe('Whatever a kill switch lets out is recorded, so that the reconciler does not take it for foreign', () => {
  it('also what takes a candidate out a second time, that a step on its way had exposed again', async () => {
    const promotionId = await stage.canaried('3.0');
    const exposing = stage.appConfig.deployments.at(-1)?.hostedVersion ?? 0;
    const ports = stage.killPorts();
    let exposed = false;
    const closeRun: typeof ports.closeRun = async (run, reasons, at) => {
      await ports.closeRun(run, reasons, at);
      if (exposed) return;
      exposed = true;
      stage.appConfig.deployByHand(exposing);
    };
    const expiresAt = '2026-03-02T08:00:00.000Z';
    const asked = {
      model: stage.model,
      level: 'canary',
      reason: 'Orders are too high.',
      requestedBy: PIPELINE,
      expiresAt,
    };
    expect(await throwKillSwitch({ ...ports, closeRun }, asked)).toMatchObject({ promotionId, recorded: true });
    expect((await stage.appConfig.liveDocument())?.canaryVersion).toBe('');
    expect(await recordedDeployment()).toBe(stage.appConfig.deployments.at(-1)?.number);
    expect(await twoLooks()).toEqual([[], []]);
  });

  it('also the same call over a restoration that went out and was not recorded', async () => {
    await stage.kill('model');
    await unrecordedRestoration();
    expect(await stage.kill('model')).toMatchObject({ outcome: 'thrown', recorded: true });
    expect((await stage.appConfig.liveDocument())?.fallback).toBe('seasonal-naive');
    expect(await recordedDeployment()).toBe(stage.appConfig.deployments.at(-1)?.number);
    expect(await twoLooks()).toEqual([[], []]);
  });
});
