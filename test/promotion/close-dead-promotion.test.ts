import { describe, expect, it } from 'vitest';
import { completeMove } from '../../functions/pointer/complete-move.ts';
import { type CloseDeadPorts, closeDeadPromotions } from '../../functions/promotion/close-dead-promotion.ts';
import { leftBehind, takeOutInput } from '../../functions/promotion/dead-promotion.ts';
import { failure } from '../fakes/failure.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import { aChange, aPromotion, stored } from '../fakes/runs.ts';

const AT = '2026-03-09T00:00:00.000Z';
const MOVE = { revision: 4, deploymentNumber: 4, documentSha256: 'ab'.repeat(32), movedAt: AT };

describe('What a dead run may have left in the pointer', () => {
  it.each([
    ['nothing before people let it into the shadow', { stage: 'offline' }, null],
    ['nothing while they are asked about that', { stage: 'shadow', awaitingApproval: true }, null],
    ['its shadow', { stage: 'shadow' }, { takeOut: 'exposure' }],
    [
      'its shadow, while people are asked about the canary',
      { stage: 'canary', awaitingApproval: true },
      { takeOut: 'exposure' },
    ],
    ['its canary', { stage: 'canary' }, { takeOut: 'exposure' }],
    [
      'its canary, while people are asked about production',
      { stage: 'production', awaitingApproval: true },
      { takeOut: 'exposure' },
    ],
    [
      'a version that serves, while nobody recorded that',
      { stage: 'production' },
      { takeOut: 'version', version: '1.0.0' },
    ],
    ['nothing once its version serves on record', { stage: 'production', pointer: MOVE }, null],
  ] as const)('is %s', (_what, members, left) => {
    expect(leftBehind(aPromotion(members))).toEqual(left);
  });

  it('is the pointer without a kill switch, of a restoration that says nothing of it', () => {
    expect(leftBehind(aChange({ kind: 'restore' }))).toEqual({ takeOut: 'nothing', record: 'move' });
    expect(leftBehind(aChange({ kind: 'restore', pointer: MOVE }))).toBeNull();
  });

  it('is its first document, or an adopted version that may serve unrecorded, of an onboarding', () => {
    const adopt = { version: '0.9', artifact: stored('a') };
    const manifest = stored('m');
    const of = (members: Parameters<typeof aChange>[0]) => leftBehind(aChange({ kind: 'onboard', ...members }));
    expect(of({})).toEqual({ takeOut: 'nothing', record: 'move' });
    expect(of({ adopt, manifest })).toEqual({ takeOut: 'nothing', record: 'move' });
    expect(of({ pointer: MOVE })).toBeNull();
    expect(leftBehind(aChange({ kind: 'change' }))).toBeNull();
    expect(of({ adopt, pointer: MOVE })).toBeNull();
    expect(of({ adopt, pointer: MOVE, manifest })).toEqual({ takeOut: 'version', version: '0.9' });
    expect(of({ adopt, pointer: MOVE, manifest, adopted: MOVE })).toBeNull();
  });
});

describe('A promotion whose execution died', () => {
  let stage: ReleaseStage;
  onFreshStage(
    (fresh) => {
      stage = fresh;
    },
    ['1.0'],
  );

  function ports(over: Partial<CloseDeadPorts> = {}): CloseDeadPorts {
    return {
      registry: {
        allInFlight: async () => (await stage.registry.allInFlight()).filter(({ model }) => model === stage.model),
        run: (model, id) => stage.registry.run(model, id),
      },
      status: async () => 'ABORTED',
      endExposure: (promotionId) => stage.endExposure(promotionId),
      takeOut: async (left) => {
        const answer = await stage.rollBack(takeOutInput(left), left.promotionId);
        if (answer.outcome === 'deployed') await stage.finish(answer);
      },
      completeMove: (promotionId) => completeMove(stage.movePorts(), promotionId),
      tell: async () => {},
      close: async (event) => {
        await stage.close(event.promotionId, event.end);
        return { ...event, at: AT };
      },
      ...over,
    };
  }
  const endOf = async (id: string) => (await stage.registry.run(stage.model, id))?.end;

  it.each([
    ['in the shadow', async () => stage.shadowed('2.0')],
    ['in a canary step', async () => stage.canaried('2.0', 1)],
    [
      'while people are asked about the canary',
      async () => {
        const id = await stage.shadowed('2.0');
        await stage.ask(id, 'canary');
        return id;
      },
    ],
    [
      'while people are asked about production',
      async () => {
        const id = await stage.canaried('2.0', 2);
        await stage.ask(id, 'production');
        return id;
      },
    ],
  ])('has its candidate taken out before it is closed: %s', async (_what, expose) => {
    const id = await expose();
    const seen: unknown[] = [];
    const close: CloseDeadPorts['close'] = async (event) => {
      seen.push(await stage.appConfig.liveDocument());
      return ports().close(event);
    };
    await closeDeadPromotions(ports({ close }));
    expect(seen).toMatchObject([{ productionVersion: '1.0', shadowVersion: '', canaryVersion: '' }]);
    expect(await endOf(id)).toBe('withdrawn');
    expect((await stage.types()).filter((type) => type === 'exposure-ended')).toHaveLength(1);
    expect((await stage.state()).statuses).toEqual({ '1.0': 'production', '2.0': 'candidate' });
  });

  it('is not closed when its candidate cannot be taken out, and is at the next look', async () => {
    const id = await stage.canaried('2.0');
    stage.appConfig.slow = true;
    const running = stage.appConfig.deployByHand(1);
    expect(await failure(closeDeadPromotions(ports()))).toMatchObject({ code: 'POINTER_BUSY' });
    expect(await endOf(id)).toBeUndefined();
    stage.appConfig.slow = false;
    await stage.appConfig.stopDeployment('', running);
    await closeDeadPromotions(ports());
    expect(await endOf(id)).toBe('withdrawn');
    expect(await stage.appConfig.liveDocument()).toMatchObject({ canaryVersion: '' });
  });

  it('has a step taken out that came through while it was being closed', async () => {
    const id = await stage.canaried('2.0');
    await stage.advance(id, 1);
    const ended: unknown[] = [];
    const endExposure = async (promotionId: string) => {
      // The step of a function that outlived its execution, just after the first look.
      if (ended.length === 0) {
        ended.push(null);
        await stage.move(id);
        return;
      }
      ended.push(await stage.endExposure(promotionId));
    };
    await closeDeadPromotions(ports({ endExposure }));
    expect(ended).toEqual([null, { promotionId: id, ended: true }]);
    expect(await stage.appConfig.liveDocument()).toMatchObject({ canaryVersion: '' });
  });

  it('leaves the pointer alone when it has none of it', async () => {
    const { promotionId } = await stage.registered('2.0', 1, { stage: 'shadow', awaitingApproval: true });
    const untouched = async () => Promise.reject(new Error('must not be asked'));
    await closeDeadPromotions(ports({ endExposure: untouched, takeOut: untouched }));
    expect(await endOf(promotionId)).toBe('withdrawn');
  });

  it('is told of after it was closed', async () => {
    const id = await stage.shadowed('2.0');
    const told: unknown[] = [];
    await closeDeadPromotions(ports({ tell: async (closed) => void told.push([closed.promotionId, await endOf(id)]) }));
    expect(told).toEqual([[id, 'withdrawn']]);
  });
});
