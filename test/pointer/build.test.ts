import { describe, expect, it } from 'vitest';
import { firstDocument, productionDocument, returnDocument } from '../../functions/pointer/build.ts';
import { isReturnDocument } from '../../functions/pointer/document.ts';
import { createTestKey } from '../fakes/test-key.ts';
import { AT, signedDocument } from './fixtures.ts';

const key = createTestKey();
const SANCTION = {
  promotionId: 'demand_2-0_1',
  approvedBy: ['Ben Approver <ben@shop.example>'],
  approvedAt: AT,
  reason: 'Better.',
};
const NEXT = { version: '2.0', manifestSha256: 'cd'.repeat(32), previousVersion: '1.1.0' };

describe('Building documents', () => {
  it('lets the safe forecast serve alone in the first one', () => {
    const first = firstDocument(1, { ...SANCTION, promotionId: 'demand_onboard_1' }, 'seasonal-naive');
    expect(first).toMatchObject({ productionVersion: '', fallback: 'seasonal-naive', salt: 'demand_onboard_1' });
    expect(isReturnDocument(first)).toBe(false);
  });

  it('ends the fallback when the first version takes over', async () => {
    const first = await signedDocument(key, { productionVersion: '', previousVersion: '', fallback: 'seasonal-naive' });
    const next = productionDocument(first, 4, { ...NEXT, previousVersion: '' }, SANCTION);
    expect(next).toMatchObject({ revision: 4, productionVersion: '2.0', previousVersion: '', fallback: '' });
  });

  it('keeps a fallback that a kill switch set, for leaving it is a decision of its own', async () => {
    const killed = { fallback: 'seasonal-naive', fallbackSegments: ['region:CA'] };
    const next = productionDocument(await signedDocument(key, killed), 4, NEXT, SANCTION);
    expect(next).toMatchObject(killed);
  });

  it('ends the candidate with the promotion', async () => {
    const canary = { canaryVersion: '2.0', canaryPercentage: 5, canaryRegions: ['CA'], canaryUntil: AT };
    const next = productionDocument(await signedDocument(key, canary), 4, NEXT, SANCTION);
    expect(next).toMatchObject({ canaryVersion: '', canaryPercentage: 0, canaryRegions: [], canaryUntil: '' });
    expect(next).toMatchObject({ promotionId: 'demand_2-0_1', salt: 'demand_2-0_1', manifestSha256: 'cd'.repeat(32) });
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
