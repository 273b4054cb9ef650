import { describe, expect, it } from 'vitest';
import { describeMove, dueMove, movingStage } from '../../functions/pointer/due-move.ts';
import type { ChangeItem, PromotionItem } from '../../functions/registry/items.ts';
import { aChange, anExposure, aPromotion, stored } from '../fakes/runs.ts';

const MOVE = { revision: 4, deploymentNumber: 4, documentSha256: 'ab'.repeat(32), movedAt: '2026-03-02T00:00:00.000Z' };

function promotion(over: Partial<PromotionItem>) {
  return dueMove(aPromotion(over));
}
function onboarding(over: Partial<ChangeItem>) {
  return dueMove(aChange({ kind: 'onboard', ...over }));
}

describe('The move that is due', () => {
  it('is none before people let the candidate into a stage', () => {
    expect(promotion({ stage: 'offline' })).toBeNull();
    for (const stage of ['shadow', 'canary', 'production'] as const) {
      expect(promotion({ stage, awaitingApproval: true })).toBeNull();
    }
    expect(dueMove(aChange({ kind: 'change' }))).toBeNull();
  });

  it('is the shadow, the canary step that the registry is at, then production', () => {
    expect(promotion({ stage: 'shadow' })).toMatchObject({ kind: 'shadow', step: 0, recorded: null });
    expect(promotion({ stage: 'canary', canaryStep: 2 })).toMatchObject({ kind: 'canary', step: 2, recorded: null });
    expect(promotion({ stage: 'production' })).toMatchObject({ kind: 'promote', step: 0, recorded: null });
  });

  it('names what was recorded for this very move, and for no other', () => {
    const [shadow, first] = [anExposure(), anExposure({ stage: 'canary', step: 0, percentage: 5 })];
    const exposures = [shadow, first];
    expect(promotion({ stage: 'shadow', exposures })?.recorded).toEqual(shadow);
    expect(promotion({ stage: 'canary', exposures })?.recorded).toEqual(first);
    expect(promotion({ stage: 'canary', canaryStep: 1, exposures })?.recorded).toBeNull();
    expect(promotion({ stage: 'production', exposures })?.recorded).toBeNull();
    expect(promotion({ stage: 'production', pointer: MOVE })?.recorded).toEqual(MOVE);
  });

  it("is an onboarding's first document, and its adopted version once that is signed", () => {
    const adopt = { version: '0.9', artifact: stored('a') };
    const manifest = stored('m');
    expect(onboarding({})).toMatchObject({ kind: 'onboard', recorded: null });
    expect(onboarding({ adopt, manifest })).toMatchObject({ kind: 'onboard', recorded: null });
    expect(onboarding({ adopt, pointer: MOVE })).toMatchObject({ kind: 'onboard', recorded: MOVE });
    expect(onboarding({ adopt, manifest, pointer: MOVE })).toMatchObject({ kind: 'adopt', recorded: null });
    const adopted = { ...MOVE, revision: 6 };
    expect(onboarding({ adopt, manifest, pointer: MOVE, adopted })?.recorded).toEqual(adopted);
  });

  it('is marked with kind and step in ASCII, and belongs to the gate of its stage', () => {
    const due = promotion({ promotionId: 'demand_2-0_1', stage: 'canary', canaryStep: 1 });
    const said = due === null ? '' : describeMove(due);
    expect(said).toBe('Moves the pointer for demand_2-0_1: canary step 1');
    expect(said).toMatch(/^[ -~]+$/);
    expect((['onboard', 'adopt', 'shadow', 'canary', 'promote'] as const).map(movingStage)).toEqual([
      'change',
      'change',
      'shadow',
      'canary',
      'production',
    ]);
  });
});
