import { describe, expect, it } from 'vitest';
import type { Unit } from '../../../functions/inference/routing/cohort.ts';
import { candidatesOf, cohortOf, route, standardOf } from '../../../functions/inference/routing/router.ts';
import type { PointerDocument, UnsignedDocument } from '../../../functions/pointer/document.ts';
import { unsignedDocument } from '../../pointer/fixtures.ts';

const NOW = new Date('2026-03-02T00:00:00.000Z');
const LATER = '2026-03-02T00:00:00.001Z';
const unit: Unit = { sku: 'milk', store: 'harbour', region: 'north', category: 'fresh', segments: [] };

function document(members: Partial<UnsignedDocument> = {}): PointerDocument {
  return { ...unsignedDocument(members), signature: 'c2ln' };
}

const shadow = { shadowVersion: '2.0.0', shadowUntil: LATER } as const;
const canary = { canaryVersion: '2.0.0', canaryUntil: LATER, canaryPercentage: 100 } as const;
const first = { productionVersion: '', fallback: 'seasonal-naive' } as const;

describe('A request is routed', () => {
  it('to the safe forecast when there is no pointer', () => {
    expect(route(null, unit, NOW)).toEqual({
      served: { arm: 'fallback', version: 'seasonal-naive' },
      beside: [],
      revision: 0,
      promotionId: '',
    });
  });

  it('to production, under the revision and promotion of the document', () => {
    expect(route(document(), unit, NOW)).toEqual({
      served: { arm: 'production', version: '1.1.0' },
      beside: [],
      revision: 3,
      promotionId: 'demand_1-1-0_1',
    });
  });

  it('to the safe forecast while no version is in production', () => {
    expect(route(document(first), unit, NOW)).toMatchObject({
      served: { arm: 'fallback', version: 'seasonal-naive' },
      beside: [],
    });
  });

  it('to production with the candidate beside it during shadow', () => {
    expect(route(document(shadow), unit, NOW)).toMatchObject({
      served: { arm: 'production', version: '1.1.0' },
      beside: ['2.0.0'],
    });
  });

  it('to the safe forecast with the first candidate beside it during its shadow', () => {
    expect(route(document({ ...first, ...shadow }), unit, NOW)).toMatchObject({
      served: { arm: 'fallback', version: 'seasonal-naive' },
      beside: ['2.0.0'],
    });
  });

  it('to the canary with production beside it in the cohort', () => {
    expect(route(document(canary), unit, NOW)).toMatchObject({
      served: { arm: 'canary', version: '2.0.0' },
      beside: ['1.1.0'],
    });
  });

  it('to production with the candidate beside it outside the cohort', () => {
    for (const outside of [{ canaryStores: ['station'] }, { excludedSegments: ['category:fresh'] }]) {
      expect(route(document({ ...canary, ...outside }), unit, NOW)).toMatchObject({
        served: { arm: 'production', version: '1.1.0' },
        beside: ['2.0.0'],
      });
    }
  });

  it('to the first canary of a model, with the safe forecast beside it', () => {
    expect(route(document({ ...first, ...canary }), unit, NOW)).toMatchObject({
      served: { arm: 'canary', version: '2.0.0' },
      beside: ['seasonal-naive'],
    });
  });

  it('to production alone for a percentage of 0', () => {
    expect(route(document({ ...canary, canaryPercentage: 0 }), unit, NOW)).toMatchObject({
      served: { arm: 'production' },
      beside: [],
    });
  });

  it.each([
    ['shadow', { ...shadow, shadowUntil: NOW.toISOString() }],
    ['canary', { ...canary, canaryUntil: NOW.toISOString() }],
    ['shadow without a bound', { ...shadow, shadowUntil: '' }],
    ['canary without a bound', { ...canary, canaryUntil: '' }],
  ])('to production alone once the bound of the %s has passed', (_what, members) => {
    expect(route(document(members), unit, NOW)).toMatchObject({ served: { arm: 'production' }, beside: [] });
  });

  it('beside each version once, whatever the document repeats', () => {
    expect(route(document({ ...shadow, ...canary }), unit, NOW).beside).toEqual(['1.1.0']);
    expect(route(document({ ...shadow, shadowVersion: '1.1.0' }), unit, NOW).beside).toEqual([]);
  });
});

describe('A kill switch', () => {
  const killed = { fallback: 'seasonal-naive', fallbackSegments: ['category:fresh', 'tier:gold'] } as const;

  it('serves the safe forecast in its segments and nowhere else', () => {
    const served = (members: Partial<Unit>) => route(document({ ...killed }), { ...unit, ...members }, NOW).served;
    expect(served({})).toEqual({ arm: 'fallback', version: 'seasonal-naive' });
    expect(served({ category: 'garden' })).toEqual({ arm: 'production', version: '1.1.0' });
    expect(served({ category: 'garden', segments: ['tier:gold'] })).toMatchObject({ arm: 'fallback' });
  });

  it('serves it everywhere when it names no segments', () => {
    expect(route(document({ fallback: 'seasonal-naive' }), unit, NOW)).toMatchObject({ served: { arm: 'fallback' } });
  });

  it('goes before the canary, and both versions still forecast for the log', () => {
    expect(route(document({ ...canary, ...killed }), unit, NOW)).toMatchObject({
      served: { arm: 'fallback', version: 'seasonal-naive' },
      beside: ['1.1.0', '2.0.0'],
    });
  });
});

it('says who serves where there is neither canary nor kill switch', () => {
  expect(standardOf(null)).toEqual({ arm: 'fallback', version: 'seasonal-naive' });
  expect(standardOf(document(first))).toEqual({ arm: 'fallback', version: 'seasonal-naive' });
  expect(standardOf(document())).toEqual({ arm: 'production', version: '1.1.0' });
});

it('exposes candidates until their bounds', () => {
  expect(candidatesOf(document({ ...shadow, ...canary, shadowVersion: '3.0.0' }), NOW)).toEqual({
    canary: '2.0.0',
    all: ['2.0.0', '3.0.0'],
  });
  expect(candidatesOf(document({ ...shadow, ...canary }), new Date(LATER))).toEqual({ canary: '', all: [] });
});

it('reads the cohort from the document', () => {
  const members = { canaryRegions: ['north'], canaryStores: ['a'], canarySkus: ['b'], canaryCategories: ['c'] };
  const excludedSegments = ['tier:gold'];
  expect(cohortOf(document({ ...canary, ...members, excludedSegments, unit: 'store' }))).toEqual({
    unit: 'store',
    salt: 'demand_1-1-0_1',
    percentage: 100,
    where: { regions: ['north'], stores: ['a'], skus: ['b'], categories: ['c'] },
    excludedSegments,
  });
});
