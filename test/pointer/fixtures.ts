import type { PointerDocument, UnsignedDocument } from '../../functions/pointer/document.ts';
import { signDocument } from '../../functions/pointer/document.ts';
import type { TestKey } from '../fakes/test-key.ts';

export const AT = '2026-03-01T08:00:00.000Z';

/** A document of no special meaning that serves version 1.1.0; `members` replace what matters to a test. */
export function unsignedDocument(members: Partial<UnsignedDocument> = {}): UnsignedDocument {
  return {
    schema: 1,
    revision: 3,
    productionVersion: '1.1.0',
    previousVersion: '1.0.0',
    shadowVersion: '',
    canaryVersion: '',
    shadowUntil: '',
    canaryUntil: '',
    canaryPercentage: 0,
    unit: 'sku-store',
    salt: 'demand_1-1-0_1',
    canaryRegions: [],
    canaryStores: [],
    canarySkus: [],
    canaryCategories: [],
    excludedSegments: [],
    fallback: '',
    fallbackSegments: [],
    promotionId: 'demand_1-1-0_1',
    approvedBy: ['Ana Approver <ana@shop.example>'],
    approvedAt: AT,
    reason: 'Weekday profiles halve the error on promotions.',
    manifestSha256: 'ab'.repeat(32),
    ...members,
  };
}

export function signedDocument(
  key: TestKey,
  members: Partial<UnsignedDocument> = {},
  model = 'demand',
): Promise<PointerDocument> {
  return signDocument(key.sign, model, unsignedDocument(members));
}

/** Members that make it a document to go back to. */
export const RETURNING = { salt: '', previousVersion: '' } as const;
