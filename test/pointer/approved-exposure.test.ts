import { describe, expect, it } from 'vitest';
import { type Exposing, faultOfExposure } from '../../functions/pointer/approved-exposure.ts';
import {
  canaryDocument,
  firstDocument,
  type Ground,
  productionDocument,
  shadowDocument,
} from '../../functions/pointer/build.ts';
import type { PointerDocument, UnsignedDocument } from '../../functions/pointer/document.ts';
import { exposureOf } from '../../functions/promotion/exposure.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { aPromotion } from '../fakes/runs.ts';
import { AT, unsignedDocument } from './fixtures.ts';

const { canaryPlan } = policySchema.parse({
  canaryPlan: { where: { regions: ['CA', 'TX'] }, excludedSegments: ['category:medicine', 'region:TX'] },
});
const base = aPromotion({ promotionId: 'demand_2-0_1', version: '2.0', baseline: '1.1.0' });
const run = { ...base, plan: { ...base.plan, canary: canaryPlan } };
const LATE = '2099-01-01T00:00:00.000Z';

const ground: Ground = {
  deployed: { ...unsignedDocument(), signature: 'x' },
  revision: 4,
  sanction: { promotionId: run.promotionId, approvedBy: ['Ben <ben@shop.example>'], approvedAt: AT, reason: 'Better.' },
  previousVersion: '1.1.0',
};
const next = { version: '2.0', manifestSha256: 'cd'.repeat(32), confirmation: run.plan.confirmation };

function signed(document: UnsignedDocument): PointerDocument {
  return { ...document, signature: 'x' };
}

const EXPOSINGS = {
  shadow: {
    kind: 'shadow',
    document: signed(shadowDocument(ground, run)),
    approved: { exposure: exposureOf(run, 'shadow'), at: AT },
    run,
  },
  canary: {
    kind: 'canary',
    document: signed(canaryDocument(ground, run, 1)),
    approved: { exposure: exposureOf(run, 'canary'), at: AT },
    run: { ...run, canaryStep: 1 },
  },
  promote: {
    kind: 'promote',
    document: signed(productionDocument(ground, next)),
    approved: { exposure: exposureOf(run, 'production'), at: AT },
    run,
  },
  onboard: {
    kind: 'onboard',
    document: signed(firstDocument(1, ground.sanction, 'seasonal-naive')),
    approved: { exposure: null, at: AT },
    run: null,
  },
} as const satisfies Record<string, Exposing>;
type Name = keyof typeof EXPOSINGS;

function codeOf(name: Name, members: Partial<PointerDocument>, over: Partial<Exposing> = {}): string | undefined {
  const exposing = EXPOSINGS[name];
  return faultOfExposure({ ...exposing, ...over, document: { ...exposing.document, ...members } })?.code;
}

describe('What was approved', () => {
  it.each(Object.keys(EXPOSINGS) as Name[])('lets the document through that it asks for: %s', (name) => {
    expect(codeOf(name, {})).toBeUndefined();
  });

  it('lets through less than it asks for', () => {
    expect(codeOf('shadow', { shadowUntil: AT })).toBeUndefined();
    expect(codeOf('canary', { canaryUntil: AT, canaryPercentage: 5 })).toBeUndefined();
    expect(codeOf('promote', { shadowVersion: '', shadowUntil: '' })).toBeUndefined();
  });

  const FAULTS: readonly (readonly [Name, string, Partial<PointerDocument>, string])[] = [
    ['shadow', 'another candidate', { shadowVersion: '3.0' }, 'OTHER_VERSION'],
    ['shadow', 'no candidate', { shadowVersion: '' }, 'OTHER_VERSION'],
    ['shadow', 'another production version', { productionVersion: '2.0' }, 'PRODUCTION_CHANGED'],
    ['shadow', 'a canary beside it', { canaryVersion: '2.0', canaryPercentage: 5 }, 'WIDER_THAN_APPROVED'],
    ['shadow', 'a canary without a share', { canaryVersion: '2.0' }, 'WIDER_THAN_APPROVED'],
    ['shadow', 'a later end', { shadowUntil: LATE }, 'LONGER_THAN_APPROVED'],
    ['shadow', 'no end', { shadowUntil: '' }, 'LONGER_THAN_APPROVED'],
    ['shadow', 'another salt', { salt: 'demand_9-0_1' }, 'OTHER_SAMPLE'],
    ['canary', 'another candidate', { canaryVersion: '3.0' }, 'OTHER_VERSION'],
    ['canary', 'another production version', { productionVersion: '2.0' }, 'PRODUCTION_CHANGED'],
    ['canary', 'a shadow beside it', { shadowVersion: '2.0' }, 'WIDER_THAN_APPROVED'],
    ['canary', 'a share that is no step', { canaryPercentage: 6 }, 'WIDER_THAN_APPROVED'],
    ['canary', 'every unit', { canaryPercentage: 100 }, 'WIDER_THAN_APPROVED'],
    ['canary', 'a step that was not reached', { canaryPercentage: 50 }, 'STEP_NOT_REACHED'],
    ['canary', 'another unit', { unit: 'store' }, 'WIDER_THAN_APPROVED'],
    ['canary', 'another region', { canaryRegions: ['CA', 'TX', 'WI'] }, 'WIDER_THAN_APPROVED'],
    ['canary', 'every region', { canaryRegions: [] }, 'WIDER_THAN_APPROVED'],
    ['canary', 'stores of its own choice', { canaryStores: ['CA_1'] }, 'WIDER_THAN_APPROVED'],
    ['canary', 'SKUs of its own choice', { canarySkus: ['A'] }, 'WIDER_THAN_APPROVED'],
    ['canary', 'categories of its own choice', { canaryCategories: ['FOODS'] }, 'WIDER_THAN_APPROVED'],
    ['canary', 'a segment less excluded', { excludedSegments: ['region:TX'] }, 'WIDER_THAN_APPROVED'],
    ['canary', 'a later end', { canaryUntil: LATE }, 'LONGER_THAN_APPROVED'],
    ['canary', 'no end', { canaryUntil: '' }, 'LONGER_THAN_APPROVED'],
    ['canary', 'another salt', { salt: 'x' }, 'OTHER_SAMPLE'],
    ['promote', 'another version', { productionVersion: '3.0' }, 'OTHER_VERSION'],
    ['promote', 'another version beside it', { shadowVersion: '3.0' }, 'OTHER_VERSION'],
    ['promote', 'a canary', { canaryVersion: '2.0', canaryPercentage: 5 }, 'WIDER_THAN_APPROVED'],
    ['promote', 'a longer confirmation', { shadowUntil: LATE }, 'LONGER_THAN_APPROVED'],
    ['promote', 'a confirmation without an end', { shadowUntil: '' }, 'LONGER_THAN_APPROVED'],
    ['onboard', 'a shadow', { shadowVersion: '2.0', shadowUntil: AT }, 'WIDER_THAN_APPROVED'],
    ['onboard', 'a canary', { canaryVersion: '2.0', canaryPercentage: 5 }, 'WIDER_THAN_APPROVED'],
  ];
  it.each(FAULTS)('refuses, for %s, %s', (name, _what, members, code) => {
    expect(codeOf(name, members)).toBe(code);
  });

  it.each([
    ['says nothing', null],
    ['is one for another stage', EXPOSINGS.canary.approved.exposure],
    ['leaves something out', { kind: 'shadow', shadowVersion: '2.0' }],
  ])('refuses a document whose approval %s', (_what, exposure) => {
    expect(codeOf('shadow', {}, { approved: { exposure, at: AT } })).toBe('EXPOSURE_NOT_PROVEN');
  });

  it('refuses a canary whose approval does not say what is excluded, rather than taking it for nothing', () => {
    const { excludedSegments: _, ...exposure } = { excludedSegments: [], ...EXPOSINGS.canary.approved.exposure };
    expect(codeOf('canary', {}, { approved: { exposure, at: AT } })).toBe('EXPOSURE_NOT_PROVEN');
  });

  it('refuses a candidate of a run that is no promotion', () => {
    expect(codeOf('shadow', {}, { run: null })).toBe('EXPOSURE_NOT_PROVEN');
  });
});
