import { describe, expect, it } from 'vitest';
import {
  adoptedDocument,
  canaryDocument,
  firstDocument,
  productionDocument,
  returnDocument,
  shadowDocument,
} from '../../functions/pointer/build.ts';
import { isReturnDocument, servesTheSame, type UnsignedDocument } from '../../functions/pointer/document.ts';
import { planOf } from '../../functions/promotion/exposure.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { createTestKey } from '../fakes/test-key.ts';
import { AT, signedDocument } from './fixtures.ts';

const key = createTestKey();
const SANCTION = {
  promotionId: 'demand_2-0_1',
  approvedBy: ['Ben Approver <ben@shop.example>'],
  approvedAt: AT,
  reason: 'Better.',
};
const NEXT = { version: '2.0', manifestSha256: 'cd'.repeat(32), confirmation: 'P28D' };
const plan = planOf(
  policySchema.parse({
    shadowPlan: { maxDuration: 'P10D' },
    canaryPlan: {
      unit: 'store',
      where: { regions: ['CA'] },
      excludedSegments: ['category:medicine'],
      steps: [
        { percentage: 5, hold: 'P1D' },
        { percentage: 50, hold: 'P7D' },
      ],
      maxDuration: 'P20D',
    },
  }),
);
const CANDIDATE = { version: '2.0', plan };

async function ground(members: Partial<UnsignedDocument> = {}, previousVersion = '1.1.0') {
  return { deployed: await signedDocument(key, members), revision: 4, sanction: SANCTION, previousVersion };
}
const safe = { productionVersion: '', previousVersion: '', fallback: 'seasonal-naive' };

describe('Building documents', () => {
  it('lets the safe forecast serve alone in the first one', () => {
    const first = firstDocument(1, { ...SANCTION, promotionId: 'demand_onboard_1' }, 'seasonal-naive');
    expect(first).toMatchObject({ productionVersion: '', fallback: 'seasonal-naive', salt: 'demand_onboard_1' });
    expect(isReturnDocument(first)).toBe(false);
  });

  it('ends the fallback when the first version takes over', async () => {
    const next = productionDocument(await ground(safe, ''), NEXT);
    expect(next).toMatchObject({ revision: 4, productionVersion: '2.0', previousVersion: '', fallback: '' });
    expect(next).toMatchObject({ shadowVersion: '', shadowUntil: '' });
  });

  it('keeps a fallback that a kill switch set, for leaving it is a decision of its own', async () => {
    const killed = { fallback: 'seasonal-naive', fallbackSegments: ['region:CA'] };
    const on = await ground(killed);
    expect(productionDocument(on, NEXT)).toMatchObject(killed);
    expect(shadowDocument(on, CANDIDATE)).toMatchObject(killed);
    expect(canaryDocument(on, CANDIDATE, 0)).toMatchObject(killed);
  });

  it('ends the candidate with the promotion, and keeps what served before as its comparator for a while', async () => {
    const canary = { canaryVersion: '2.0', canaryPercentage: 5, canaryRegions: ['CA'], canaryUntil: AT };
    const next = productionDocument(await ground(canary), NEXT);
    expect(next).toMatchObject({ canaryVersion: '', canaryPercentage: 0, canaryRegions: [], canaryUntil: '' });
    expect(next).toMatchObject({ promotionId: 'demand_2-0_1', salt: 'demand_2-0_1', manifestSha256: 'cd'.repeat(32) });
    expect(next).toMatchObject({ shadowVersion: '1.1.0', shadowUntil: '2026-03-29T08:00:00.000Z' });
  });

  it('compares a version with nothing once what served before was withdrawn, or is the same', async () => {
    expect(productionDocument(await ground({}, ''), NEXT)).toMatchObject({ shadowVersion: '', shadowUntil: '' });
    expect(productionDocument(await ground({}, '2.0'), NEXT)).toMatchObject({ shadowVersion: '', shadowUntil: '' });
  });

  it('puts the candidate beside production and changes nothing that is served', async () => {
    const on = await ground({ shadowVersion: '1.0.0', shadowUntil: AT });
    const next = shadowDocument(on, CANDIDATE);
    expect(servesTheSame(next, on.deployed)).toBe(true);
    expect(next).toMatchObject({ shadowVersion: '2.0', shadowUntil: '2026-03-11T08:00:00.000Z', canaryVersion: '' });
    expect(next).toMatchObject({ promotionId: 'demand_2-0_1', approvedAt: AT, previousVersion: '1.1.0' });
  });

  it('gives the candidate the share of a step, within what the plan allows, until the same end at each step', async () => {
    const on = await ground({ shadowVersion: '2.0', shadowUntil: AT });
    const [first, second] = [canaryDocument(on, CANDIDATE, 0), canaryDocument(on, CANDIDATE, 1)];
    expect(first).toMatchObject({ canaryVersion: '2.0', canaryPercentage: 5, shadowVersion: '', shadowUntil: '' });
    expect(first).toMatchObject({ unit: 'store', canaryRegions: ['CA'], excludedSegments: ['category:medicine'] });
    expect(second).toEqual({ ...first, canaryPercentage: 50 });
    expect(first.canaryUntil).toBe('2026-03-21T08:00:00.000Z');
    expect(servesTheSame(second, on.deployed)).toBe(true);
  });

  it('has no step beyond the plan', async () => {
    const on = await ground();
    expect(() => canaryDocument(on, CANDIDATE, 2)).toThrow(
      expect.objectContaining({ code: 'NOT_VOUCHED', reasons: [expect.objectContaining({ code: 'NO_SUCH_STEP' })] }),
    );
  });

  it('lets an adopted version serve, with nothing before it', async () => {
    const next = adoptedDocument(await ground(safe, ''), NEXT);
    expect(next).toMatchObject({ productionVersion: '2.0', previousVersion: '', fallback: '', shadowVersion: '' });
    expect(isReturnDocument(next)).toBe(false);
  });

  it('goes back to what is deployed, without its candidate, approved by whom it was', async () => {
    const deployed = await signedDocument(key, { shadowVersion: '2.0', shadowUntil: AT, excludedSegments: ['sku:1'] });
    const back = returnDocument(deployed, 9);
    expect(isReturnDocument(back)).toBe(true);
    expect(back).toMatchObject({
      revision: 9,
      productionVersion: '1.1.0',
      promotionId: deployed.promotionId,
      approvedBy: deployed.approvedBy,
      shadowUntil: '',
      excludedSegments: [],
    });
    expect(back).not.toHaveProperty('signature');
  });
});
