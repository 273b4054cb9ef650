import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onFreshStage } from '../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../fakes/release-stage.ts';
import type { Tables } from '../fakes/tables.ts';
import { reconcileStage } from '../pointer/reconcile/reconcile-stage.ts';

let tables: Tables;
const further = onFreshStage((_, on) => {
  tables = on;
});

/** One legal move, from wherever the model stands; `attempt` keeps names apart. */
const MOVES: Readonly<Record<string, (stage: ReleaseStage, attempt: number) => Promise<unknown>>> = {
  promote: (stage, attempt) => stage.promote(`${attempt}.0.0`),
  endShadow: async (stage, attempt) => {
    const promotionId = await stage.shadowed(`${attempt}.1.0`);
    await stage.endExposure(promotionId);
    await stage.close(promotionId, 'rejected');
  },
  expose: async (stage, attempt) => {
    const promotionId = await stage.canaried(`${attempt}.2.0`).catch(() => null);
    if (promotionId === null) return closeInFlight(stage);
    await stage.close(promotionId, 'withdrawn');
    await stage.endExposure(promotionId);
  },
  rollBack: async (stage, attempt) => {
    const answer = await stage.rollBack({ targetVersion: '' }, `rollback-${attempt}`).catch(() => null);
    if (answer?.outcome === 'deployed') await stage.finish(answer);
  },
  rollBackOne: async (stage, attempt) => {
    stage.seconds += 3600;
    const answer = await stage.rollBack({}, `rollback-${attempt}`).catch(() => null);
    if (answer?.outcome === 'deployed') await stage.finish(answer);
  },
  throwWhole: (stage, attempt) => stage.kill('model', { reason: `Whole, for the ${attempt}th time.` }),
  throwNorth: (stage) => stage.kill('model', { segments: ['region:north'], fallback: 'weekday-mean' }),
  stopShadow: async (stage, attempt) => {
    await stage.shadowed(`${attempt}.3.0`);
    await stage.kill('shadow');
  },
  stopCanary: async (stage, attempt) => {
    const promotionId = await stage.canaried(`${attempt}.4.0`).catch(() => null);
    await stage.kill('canary');
    if (promotionId === null) await closeInFlight(stage);
  },
  withdrawCandidate: async (stage, attempt) => {
    await stage.canaried(`${attempt}.5.0`).catch(() => null);
    await stage.kill('candidate');
  },
  stopComparator: (stage) => stage.kill('shadow'),
  restore: async (stage, attempt) => {
    if ((await stage.registry.killSwitch(stage.model)) !== null) await stage.restore(attempt);
  },
};

/** Whoever was let into no further stage, as under a kill switch for the whole model, ends there. */
async function closeInFlight(stage: ReleaseStage): Promise<void> {
  const inFlight = await stage.registry.inFlight(stage.model, 'promotion');
  if (inFlight === null) return;
  await stage.endExposure(inFlight.promotionId);
  await stage.close(inFlight.promotionId, 'withdrawn');
  await stage.endExposure(inFlight.promotionId);
}

describe('Whatever legal moves were made', () => {
  it('two looks find nothing, and write nothing', { timeout: 180_000 }, async () => {
    const moves = fc.array(fc.constantFrom(...Object.keys(MOVES)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(moves, async (names) => {
        const stage = further();
        const { look, entries, world, did } = reconcileStage(stage, tables);
        await stage.onboard();
        await stage.promote('0.1.0');
        for (const [index, name] of names.entries()) {
          await MOVES[name]?.(stage, index + 1);
          world.rollbacks.add(`rollback-${index + 1}`);
          expect([await look(), await look()]).toEqual([[], []]);
        }
        expect(await entries()).toEqual([]);
        expect(did).toEqual({ noticed: [], alerts: [], completed: [], closed: [] });
      }),
      { numRuns: 5 },
    );
  });
});
