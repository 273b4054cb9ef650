import { describe, expect, it } from 'vitest';
import type { Draft } from '../../functions/ledger/entry.ts';
import { type CloseEvent, type ClosePorts, closePromotion } from '../../functions/promotion/close-promotion.ts';
import { ENDS, type End, STAGES, type Stage } from '../../functions/promotion/life-cycle.ts';
import type { PromotionItem, VersionItem } from '../../functions/registry/items.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { aModel, anExposure, aPromotion } from '../fakes/runs.ts';

const AT = '2026-04-20T10:00:00.000Z';
const pointer = { revision: 9, deploymentNumber: 9, documentSha256: 'a'.repeat(64), movedAt: AT };

/** A promotion in memory: an end changes it only together with its ledger entry. */
function world(run: PromotionItem, status: VersionItem['status'] = 'candidate') {
  const drafts: Draft[] = [];
  const withdrawn: string[] = [];
  const version: VersionItem = {
    ...{ model: run.model, version: run.version, sha256: run.artifact.sha256, artifact: run.artifact, status },
    ...{ promotionId: run.promotionId, registeredAt: run.startedAt },
  };
  const ports: ClosePorts = {
    registry: { run: async () => run, version: async () => version, model: async () => aModel() },
    writes: new RegistryWrites('registry'),
    ledger: {
      append: async (draft) => {
        drafts.push(draft);
        return { seq: drafts.length, entryHash: '' };
      },
    },
    withdrawGate: async (_, because) => withdrawn.push(because.message),
  };
  const close = (end: CloseEvent['end']) =>
    closePromotion(ports, { promotionId: run.promotionId, end, reasons: [] }, AT);
  return { close, drafts, withdrawn };
}

/** A promotion as it stands in a stage, or while people are asked to let it in. */
function standing(stage: Stage, awaitingApproval: boolean): PromotionItem {
  const canary = anExposure({ stage: 'canary', percentage: 5 });
  const exposures = { offline: [], shadow: [anExposure()], canary: [anExposure(), canary], production: [canary] }[
    stage
  ];
  return aPromotion({ stage, awaitingApproval, exposures });
}

const STANDINGS = STAGES.flatMap((stage) =>
  (stage === 'offline' ? [false] : [true, false]).map((awaiting) => ({ stage, awaiting })),
);

function isPossible(end: End, awaiting: boolean): boolean {
  return end === 'rejected' || end === 'withdrawn' || end === 'rolled-back' || (end === 'expired' && awaiting);
}

describe.each(STANDINGS)('A promotion in $stage (awaiting it: $awaiting)', ({ stage, awaiting }) => {
  it.each(ENDS.filter((end) => isPossible(end, awaiting)))(
    'may end as %s, with its gate withdrawn and its entry',
    async (end) => {
      const { close, drafts, withdrawn } = world(standing(stage, awaiting));
      expect(await close(end)).toMatchObject({ end, at: AT });
      expect(withdrawn).toEqual([`The run ended as ${end}.`]);
      expect(drafts).toMatchObject([{ type: 'promotion-ended', data: { end, version: '1.0.0' } }]);
    },
  );

  it.each(ENDS.filter((end) => !isPossible(end, awaiting)))(
    'does not end as %s, and nothing is written',
    async (end) => {
      const { close, drafts, withdrawn } = world(standing(stage, awaiting));
      await expect(close(end)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        reasons: [{ code: 'END_NOT_EARNED', got: expect.stringContaining(stage) }],
      });
      expect([drafts, withdrawn]).toEqual([[], []]);
    },
  );

  it('keeps the end that it has, whatever it is asked to end as', async () => {
    const ended = { ...standing(stage, awaiting), end: 'rolled-back' as const, endedAt: '2026-04-19T10:00:00.000Z' };
    const { close, drafts } = world(ended, 'production');
    for (const end of ENDS) expect(await close(end)).toMatchObject({ end: 'rolled-back', at: ended.endedAt });
    expect(drafts).toEqual([]);
  });
});

describe('What makes a promotion promoted', () => {
  it('is its own move of the pointer, in production', async () => {
    const { close } = world({ ...standing('production', false), pointer }, 'production');
    expect(await close('promoted')).toMatchObject({ end: 'promoted' });
  });

  it.each(['shadow', 'canary'] as const)(
    'is not a document that exposes it in %s, even if a pointer was noted',
    async (stage) => {
      for (const awaiting of [true, false]) {
        const { close } = world({ ...standing(stage, awaiting), pointer }, 'candidate');
        await expect(close('promoted')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      }
    },
  );

  it.each(['shadow', 'canary'] as const)('is not found by a failed step in %s: it ends as withdrawn', async (stage) => {
    const { close } = world(standing(stage, false), 'candidate');
    expect(await close('withdrawn')).toMatchObject({ end: 'withdrawn' });
  });

  it('is found by a step that failed after the move', async () => {
    const { close } = world({ ...standing('production', false), pointer }, 'production');
    expect(await close('withdrawn')).toMatchObject({ end: 'promoted', reasons: [] });
  });

  it('is never the end of a change: a promotion is not applied', async () => {
    const { close } = world({ ...standing('production', false), pointer }, 'production');
    await expect(close('applied')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
