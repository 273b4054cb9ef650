import { describe, expect, it } from 'vitest';
import { movePointer } from '../../functions/pointer/move-pointer.ts';
import { failure } from '../fakes/failure.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';

let stage: ReleaseStage;
const furtherStage = onFreshStage(
  (fresh) => {
    stage = fresh;
  },
  ['1.0', '2.0'],
);

/** What the pointer lets which version do. */
async function serves() {
  const live = await stage.appConfig.liveDocument();
  const { productionVersion, fallback, shadowVersion, canaryVersion } = live ?? {};
  return { production: productionVersion || fallback, shadow: shadowVersion, canary: canaryVersion };
}

const alone = (production: string) => ({ production, shadow: '', canary: '' });
const statuses = async () => (await stage.state()).statuses;

async function expectRolledBack(promotionId: string, because: string): Promise<void> {
  const run = await stage.registry.run(stage.model, promotionId);
  expect(run).toMatchObject({ end: 'rolled-back', reasons: [{ code: 'ROLLED_BACK', got: because }] });
  expect(await stage.registry.inFlight(stage.model, 'promotion')).toBeNull();
  expect([...stage.stopped]).toEqual([run?.executionArn]);
}

describe('A rollback while a candidate is in shadow', () => {
  it('goes back from production, which the shadow was judged against, and ends the promotion', async () => {
    const id = await stage.shadowed('3.0');
    const recorded = await stage.finish(await stage.rollBack());
    expect(recorded).toMatchObject({ from: '2.0', to: '1.0', closed: [id] });
    expect(await serves()).toEqual(alone('1.0'));
    expect(await statuses()).toEqual({ '1.0': 'production', '2.0': 'withdrawn', '3.0': 'candidate' });
    await expectRolledBack(id, 'rollback-1');
  });

  it('takes the shadow out when it is named, and production stays', async () => {
    const id = await stage.shadowed('3.0');
    expect(await stage.finish(await stage.rollBack({ withdrawVersion: '3.0' }))).toMatchObject({ to: '2.0' });
    expect(await serves()).toEqual(alone('2.0'));
    expect(await statuses()).toEqual({ '1.0': 'retained', '2.0': 'production', '3.0': 'withdrawn' });
    await expectRolledBack(id, 'rollback-1');
  });
});

describe.each([0, 1])('A rollback while a candidate is in step %i of its canary', (step) => {
  it('takes the canary out, and production stays', async () => {
    const id = await stage.canaried('3.0', step);
    expect(await stage.rollBack()).toMatchObject({ outcome: 'deployed', from: '3.0', to: '2.0' });
    expect(await serves()).toEqual(alone('2.0'));
    const recorded = await stage.finish(await stage.rollBack());
    expect(recorded.closed).toEqual([id]);
    expect(await statuses()).toEqual({ '1.0': 'retained', '2.0': 'production', '3.0': 'withdrawn' });
    await expectRolledBack(id, 'rollback-1');
  });

  it('is harmless when it is asked again, also by automation', async () => {
    await stage.canaried('3.0', step);
    await stage.finish(await stage.rollBack({}, 'first'));
    expect(await stage.rollBack({}, 'second')).toMatchObject({ outcome: 'already-withdrawn' });
    const guard = { requestedBy: 'system:guard', withdrawVersion: '3.0' };
    expect(await stage.rollBack(guard, 'third')).toMatchObject({ outcome: 'already-withdrawn' });
    expect(await serves()).toEqual(alone('2.0'));
  });

  it('goes back from production when that is named, and the canary goes with it', async () => {
    const id = await stage.canaried('3.0', step);
    await stage.finish(await stage.rollBack({ withdrawVersion: '2.0' }));
    expect(await serves()).toEqual(alone('1.0'));
    expect(await statuses()).toEqual({ '1.0': 'production', '2.0': 'withdrawn', '3.0': 'candidate' });
    await expectRolledBack(id, 'rollback-1');
  });
});

describe('A rollback while the next step goes out', () => {
  it('stops the deployment of the step that is under way', async () => {
    const id = await stage.canaried('3.0', 0);
    await stage.advance(id, 1);
    stage.appConfig.slow = true;
    await expect(movePointer(stage.movePorts(), id)).rejects.toThrow();
    stage.appConfig.slow = false;
    expect(await stage.finish(await stage.rollBack())).toMatchObject({ from: '3.0', to: '2.0', closed: [id] });
    expect(await serves()).toEqual(alone('2.0'));
    await expect(movePointer(stage.movePorts(), id)).rejects.toMatchObject({ code: 'PROMOTION_ENDED' });
  });
});

describe('A rollback of the first version, beside the safe forecast', () => {
  it.each(['shadow', 'canary'] as const)('takes the %s out', async (where) => {
    stage = furtherStage();
    await stage.onboard();
    const id = where === 'shadow' ? await stage.shadowed('1.0') : await stage.canaried('1.0');
    expect(await stage.finish(await stage.rollBack())).toMatchObject({ from: '1.0', to: '', closed: [id] });
    expect(await serves()).toEqual(alone('seasonal-naive'));
    expect(await statuses()).toEqual({ '1.0': 'withdrawn' });
    await expectRolledBack(id, 'rollback-1');
  });
});

describe('A rollback while people are asked', () => {
  it('about the shadow: goes back from production and ends the promotion', async () => {
    const { promotionId } = await stage.registered('3.0', 1, { stage: 'shadow', awaitingApproval: true });
    await stage.finish(await stage.rollBack());
    expect(await serves()).toEqual(alone('1.0'));
    await expectRolledBack(promotionId, 'rollback-1');
  });

  it('about the canary: takes the shadow that still runs out', async () => {
    const id = await stage.shadowed('3.0');
    await stage.ask(id, 'canary');
    await stage.finish(await stage.rollBack({ withdrawVersion: '3.0' }));
    expect(await serves()).toEqual(alone('2.0'));
    await expectRolledBack(id, 'rollback-1');
  });

  it('about production: withdraws the candidate that a person names, although its canary has ended', async () => {
    const id = await stage.canaried('3.0');
    await stage.endExposure(id);
    await stage.ask(id, 'production');
    await stage.finish(await stage.rollBack({ withdrawVersion: '3.0' }));
    expect(await serves()).toEqual(alone('2.0'));
    expect(await statuses()).toMatchObject({ '2.0': 'production', '3.0': 'withdrawn' });
    await expectRolledBack(id, 'rollback-1');
  });

  it('about production: goes back from production although the canary has just been ended by its promotion', async () => {
    const id = await stage.canaried('3.0');
    await stage.endExposure(id);
    await stage.ask(id, 'production');
    expect(await stage.finish(await stage.rollBack())).toMatchObject({ from: '2.0', to: '1.0', closed: [id] });
    expect(await serves()).toEqual(alone('1.0'));
    await expectRolledBack(id, 'rollback-1');
  });
});

describe('A promotion that was let in while a rollback is not recorded yet', () => {
  /** How the pointer stands after a rollback that moved it, and after its promotion went on all the same. */
  async function goesOn(promotionId: string, input: Readonly<Record<string, unknown>>) {
    await stage.prepare(promotionId);
    const answer = await stage.rollBack(input);
    const refusal = await failure(stage.move(promotionId));
    expect(refusal).toMatchObject({
      code: 'POINTER_BUSY',
      reasons: [{ code: 'ROLLED_BACK_SINCE', got: 'rollback-1' }],
    });
    expect(await serves()).toEqual(alone('2.0'));
    await stage.finish(answer);
    await expectRolledBack(promotionId, 'rollback-1');
    expect(await serves()).toEqual(alone('2.0'));
  }

  it('does not promote the candidate that was taken back', async () => {
    await goesOn(await stage.candidate('3.0'), { withdrawVersion: '3.0' });
    expect(await statuses()).toMatchObject({ '2.0': 'production', '3.0': 'withdrawn' });
  });

  it('does not expose it beside production either', async () => {
    await goesOn(await stage.candidate('3.0', 1, { stage: 'shadow' }), { withdrawVersion: '3.0' });
    expect(await statuses()).toMatchObject({ '2.0': 'production', '3.0': 'withdrawn' });
  });

  it('stops as well when another version beside production was taken out', async () => {
    await goesOn(await stage.candidate('3.0', 1, { stage: 'shadow' }), { withdrawVersion: '1.0' });
    expect(await statuses()).toMatchObject({ '1.0': 'withdrawn', '2.0': 'production', '3.0': 'candidate' });
  });

  it('goes on when it was started after the rollback', async () => {
    await stage.prepare(await stage.candidate('3.0'));
    await stage.finish(await stage.rollBack({ withdrawVersion: '3.0' }));
    await stage.shadowed('4.0');
    expect(await serves()).toEqual({ production: '2.0', shadow: '4.0', canary: '' });
  });
});

describe('A rollback after a promotion', () => {
  it('goes to the version before, which ran as shadow', async () => {
    expect(await serves()).toEqual({ production: '2.0', shadow: '1.0', canary: '' });
    await stage.finish(await stage.rollBack());
    expect(await serves()).toEqual(alone('1.0'));
  });

  it('takes the version before out of its shadow when it is named, and production stays', async () => {
    const id = await stage.shadowed('3.0');
    await stage.endExposure(id);
    await stage.close(id, 'rejected');
    await stage.promote('4.0');
    await stage.registered('5.0');
    await stage.prepare(`${stage.model}_5-0_1`);
    await stage.finish(await stage.rollBack({ withdrawVersion: '2.0' }));
    expect(await serves()).toEqual(alone('4.0'));
    expect(await statuses()).toMatchObject({ '2.0': 'withdrawn', '4.0': 'production' });
  });

  it('moves nobody for the sake of a shadow when no document keeps production as it is', async () => {
    await expect(stage.rollBack({ withdrawVersion: '1.0' })).rejects.toMatchObject({ code: 'NO_ROLLBACK_TARGET' });
    expect(await serves()).toMatchObject({ production: '2.0' });
  });
});

describe('A rollback of an adopted version', () => {
  it('goes to the safe forecast', async () => {
    stage = furtherStage();
    await stage.move(await stage.adoption('7.3'));
    expect(await serves()).toEqual(alone('7.3'));
    await stage.finish(await stage.rollBack());
    expect(await serves()).toEqual(alone('seasonal-naive'));
    expect(await statuses()).toEqual({ '7.3': 'withdrawn' });
  });
});

describe('A rollback that cannot deploy', () => {
  it('reverts to nothing that a candidate is in', async () => {
    await stage.canaried('3.0', 1);
    stage.appConfig.broken = new Error('StartDeployment is down.');
    await expect(stage.rollBack()).rejects.toThrow('StartDeployment is down.');
    expect(await serves()).toMatchObject({ production: '2.0', canary: '3.0' });
  });

  it('is refused for a version that the model does not have', async () => {
    expect(await stage.rollBack({ withdrawVersion: '20' })).toMatchObject({
      outcome: 'rejected',
      reasons: [{ code: 'UNKNOWN_VERSION', got: '20' }],
    });
  });
});

describe('A recorded rollback', () => {
  it('answers the promotions that it ended when its step is repeated', async () => {
    const id = await stage.canaried('3.0');
    const answer = await stage.rollBack();
    const first = await stage.finish(answer);
    expect(first.closed).toEqual([id]);
    expect((await stage.finish(answer)).closed).toEqual([id]);
  });

  it('ends a promotion of the withdrawn version that was started before it was recorded', async () => {
    const id = await stage.canaried('3.0');
    const answer = await stage.rollBack();
    await stage.close(id, 'withdrawn');
    const { promotionId } = await stage.registered('3.0', 2, { stage: 'offline' });
    expect((await stage.finish(answer)).closed).toEqual([promotionId]);
  });
});
