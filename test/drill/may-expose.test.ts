import { beforeEach, describe, expect, it } from 'vitest';
import { ApprovalStore } from '../../functions/approval/approval-store.ts';
import { type MayExposePorts, mayExpose } from '../../functions/drill/hold/may-expose.ts';
import { leftBehind } from '../../functions/promotion/dead-promotion.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { failure } from '../fakes/failure.ts';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import { REPLENISHMENT } from '../fakes/inputs.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import type { Tables } from '../fakes/tables.ts';
import { aDrill } from './drills.ts';

let stage: ReleaseStage;
let tables: Tables;
onFreshStage(
  (fresh, on) => {
    [stage, tables] = [fresh, on];
  },
  ['1.0'],
);

let id: string;
let started: string[];
beforeEach(async () => {
  started = [];
  id = await stage.shadowed('2.0');
  await stage.enter(id, 'canary');
});

const READY = { model: 'demand', ready: true, reasons: [], checkedAt: '' };
const ARMED = { armed: true, checks: [{ what: 'stop', ok: true, got: 'Conflict' }] };

const TOLD = {
  ...{ teams: [REPLENISHMENT], leadTime: 'PT0S', acknowledge: 'none' as const, acknowledgements: [] },
  ...{ givenAt: '2026-01-01T00:00:00.000Z', earliestAt: '2026-01-01T00:00:00.000Z' },
};

function ports(over: Partial<MayExposePorts> = {}): MayExposePorts {
  return {
    registry: stage.registry,
    writes: new RegistryWrites(tables.registry),
    ledger: stage.ledger,
    drills: { newest: async () => [aDrill({ at: stage.now() })] },
    readiness: async () => READY,
    armed: async () => ({ 'roll-back': ARMED }),
    startDrill: async (model) => void started.push(model),
    gates: (promotionId) => new ApprovalStore(tables.client, tables.approvals).gates(promotionId),
    // The teams were told long ago; what a notice holds has tests of its own.
    giveNotice: async (run) => ({ ...run, advanceNotice: TOLD }),
    askException: async () => {},
    freezes: [],
    now: stage.now,
    ...over,
  };
}
const ask = (over: Partial<MayExposePorts> = {}) => mayExpose(ports(over), id);
const codesOf = async (over: Partial<MayExposePorts>) => (await ask(over)).reasons.map(({ code }) => code);
const newest = (over: Parameters<typeof aDrill>[0]) => ({ newest: async () => [aDrill(over)] });
const held = async () => {
  const found: unknown[] = [];
  for await (const { body } of stage.ledger.entries(stage.model))
    if (body.type === 'canary-held') found.push(body.data);
  return found;
};

describe('An approved canary', () => {
  it('goes on at once when going back is rehearsed, ready and armed, and nothing is recorded of it', async () => {
    expect(await ask()).toEqual({ promotionId: id, held: false, expired: false, reasons: [], waitSeconds: 0 });
    expect(await held()).toEqual([]);
    expect(started).toEqual([]);
  });

  it('is held while there was no drill, or an old one, and one is started', async () => {
    expect(await codesOf({ drills: { newest: async () => [] } })).toEqual(['DRILL_MISSING']);
    expect(await codesOf({ drills: newest({ at: '2025-12-01T00:00:00.000Z' }) })).toEqual(['DRILL_STALE']);
    expect(started).toEqual([stage.model, stage.model]);
  });

  it('is held while the newest drill failed, however young; another one is started by people', async () => {
    const reasons = [{ code: 'TOO_SLOW', message: 'Slow.' }];
    const answer = await ask({ drills: newest({ at: stage.now(), passed: false, reasons }) });
    expect(answer.reasons).toMatchObject([{ code: 'DRILL_FAILED', got: 'TOO_SLOW: Slow.' }]);
    expect(started).toEqual([]);
  });

  it('is held while what would be gone back to does not prove itself, or cannot be checked', async () => {
    const reasons = [{ code: 'TARGET_NOT_LOADED', path: '1.0', message: 'No.' }];
    const broken = { ...READY, ready: false, reasons };
    const answer = await ask({ readiness: async () => broken });
    expect(answer.reasons).toMatchObject([{ code: 'NOT_READY', path: '1.0', got: 'TARGET_NOT_LOADED' }]);
    expect(await codesOf({ readiness: async () => null })).toEqual(['NOT_READY']);
  });

  it('is held while what would stop it is not armed, or does not say so', async () => {
    const checks = [{ what: 'stop a deployment', ok: false, got: 'AccessDeniedException' }];
    const answer = await ask({ armed: async () => ({ 'kill-switch': { armed: false, checks }, 'roll-back': null }) });
    expect(answer.reasons).toMatchObject([
      { code: 'NOT_ARMED', path: 'kill-switch', message: expect.stringContaining('AccessDeniedException') },
      { code: 'NOT_ARMED', path: 'roll-back' },
    ]);
  });

  it('is held for everything at once, and what it is held for is recorded whenever it changes', async () => {
    const nothing = { drills: { newest: async () => [] }, readiness: async () => null };
    expect(await ask(nothing)).toMatchObject({ held: true, expired: false, waitSeconds: expect.any(Number) });
    await ask(nothing);
    await ask({ readiness: async () => null });
    expect(await ask()).toMatchObject({ held: false });
    expect(await ask()).toMatchObject({ held: false });
    expect(await held()).toMatchObject([
      { promotionId: id, held: true, reasons: [{ code: 'DRILL_MISSING' }, { code: 'NOT_READY' }] },
      { held: true, reasons: [{ code: 'NOT_READY' }] },
      { held: false, reasons: [] },
    ]);
    const run = await stage.registry.run(stage.model, id);
    expect(run).toMatchObject({
      holds: [{ reasons: ['DRILL_MISSING', 'NOT_READY'] }, { reasons: ['NOT_READY'] }, { reasons: [] }],
    });
  });

  it('is recorded once by two looks at the same moment', async () => {
    const over = { readiness: async () => null };
    await Promise.all([ask(over), ask(over)]);
    expect(await held()).toHaveLength(1);
  });

  it('ends once it is held for as long as an approval lasts', async () => {
    const over = { readiness: async () => null };
    expect(await ask(over)).toMatchObject({ held: true, expired: false });
    stage.seconds += 7 * 86_400 - 100;
    expect(await ask(over)).toMatchObject({ held: true, expired: false });
    stage.seconds += 100;
    expect(await ask(over)).toMatchObject({ held: true, expired: true, reasons: [{ code: 'NOT_READY' }] });
  });

  it('is not asked about once its promotion is over', async () => {
    await stage.close(id, 'withdrawn');
    expect(await failure(ask())).toMatchObject({ code: 'PROMOTION_ENDED' });
    expect(await failure(mayExpose(ports(), 'nobody_1_1'))).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('leaves its shadow in the pointer when it dies while it is held, which is taken out', async () => {
    await ask({ readiness: async () => null });
    const run = await stage.registry.run(stage.model, id);
    if (run === null) throw new Error('It is gone.');
    expect(leftBehind(run)).toEqual({ takeOut: 'exposure' });
    await stage.endExposure(id);
    expect(await stage.appConfig.liveDocument()).toMatchObject({ shadowVersion: '', canaryVersion: '' });
  });

  it('can be rolled back while it is held', async () => {
    await ask({ readiness: async () => null });
    const answer = await stage.rollBack({ withdrawVersion: '2.0' });
    await stage.finish(answer);
    expect(await failure(ask())).toMatchObject({ code: 'PROMOTION_ENDED' });
    expect((await stage.state()).serves).toBe('1.0');
  });
});
