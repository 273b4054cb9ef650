import { describe, expect, it } from 'vitest';
import { cohortOf, type Route, Router } from '../../../functions/inference/routing/router.ts';
import type { Unit } from '../../../functions/inference/routing/unit.ts';
import type { PointerDocument, UnsignedDocument } from '../../../functions/pointer/document.ts';
import { unsignedDocument } from '../../pointer/fixtures.ts';

const NOW = new Date('2026-03-02T00:00:00.000Z');
const LATER = '2026-03-02T00:00:00.001Z';
const unit: Unit = { sku: 'milk', store: 'harbour', region: 'north', category: 'fresh', segments: [] };

function route(of: PointerDocument | null, one: Unit, now: Date): Route {
  return new Router(of).route(one, now.getTime());
}

function document(members: Partial<UnsignedDocument> = {}): PointerDocument {
  return { ...unsignedDocument(members), signature: 'c2ln' };
}

const shadow = { shadowVersion: '2.0.0', shadowUntil: LATER } as const;
const canary = { canaryVersion: '2.0.0', canaryUntil: LATER, canaryPercentage: 100 } as const;
const first = { productionVersion: '', fallback: 'seasonal-naive' } as const;

describe('A request is routed', () => {
  it('to the safe forecast when there is no pointer', () => {
    expect(route(null, unit, NOW)).toEqual({
      version: 'seasonal-naive',
      arm: 'fallback',
      shadows: [],
    });
  });

  it('to production', () => {
    expect(route(document(), unit, NOW)).toEqual({ version: '1.1.0', arm: 'production', shadows: [] });
  });

  it('to the safe forecast while no version is in production', () => {
    expect(route(document(first), unit, NOW)).toMatchObject({
      arm: 'fallback',
      version: 'seasonal-naive',
      shadows: [],
    });
  });

  it('to production with the candidate beside it during shadow', () => {
    expect(route(document(shadow), unit, NOW)).toMatchObject({
      arm: 'production',
      version: '1.1.0',
      shadows: ['2.0.0'],
    });
  });

  it('to the safe forecast with the first candidate beside it during its shadow', () => {
    expect(route(document({ ...first, ...shadow }), unit, NOW)).toMatchObject({
      arm: 'fallback',
      version: 'seasonal-naive',
      shadows: ['2.0.0'],
    });
  });

  it('to the canary with production beside it in the cohort', () => {
    expect(route(document(canary), unit, NOW)).toMatchObject({
      arm: 'canary',
      version: '2.0.0',
      shadows: ['1.1.0'],
    });
  });

  it('to production with the candidate beside it outside the cohort', () => {
    for (const outside of [{ canaryStores: ['station'] }, { excludedSegments: ['category:fresh'] }]) {
      expect(route(document({ ...canary, ...outside }), unit, NOW)).toMatchObject({
        arm: 'production',
        version: '1.1.0',
        shadows: ['2.0.0'],
      });
    }
  });

  it('to the first canary of a model, with the safe forecast beside it', () => {
    expect(route(document({ ...first, ...canary }), unit, NOW)).toMatchObject({
      arm: 'canary',
      version: '2.0.0',
      shadows: ['seasonal-naive'],
    });
  });

  it('to production alone for a percentage of 0', () => {
    expect(route(document({ ...canary, canaryPercentage: 0 }), unit, NOW)).toMatchObject({
      arm: 'production',
      shadows: [],
    });
  });

  it.each([
    ['shadow', { ...shadow, shadowUntil: NOW.toISOString() }],
    ['canary', { ...canary, canaryUntil: NOW.toISOString() }],
    ['shadow without a bound', { ...shadow, shadowUntil: '' }],
    ['canary without a bound', { ...canary, canaryUntil: '' }],
  ])('to production alone once the bound of the %s has passed', (_what, members) => {
    expect(route(document(members), unit, NOW)).toMatchObject({ arm: 'production', shadows: [] });
  });

  it('beside each version once, whatever the document repeats', () => {
    expect(route(document({ ...shadow, ...canary }), unit, NOW).shadows).toEqual(['1.1.0']);
    expect(route(document({ ...shadow, shadowVersion: '1.1.0' }), unit, NOW).shadows).toEqual([]);
  });
});

describe('A kill switch', () => {
  const killed = { fallback: 'seasonal-naive', fallbackSegments: ['category:fresh', 'tier:gold'] } as const;

  it('serves the safe forecast in its segments and nowhere else', () => {
    const served = (members: Partial<Unit>) => route(document({ ...killed }), { ...unit, ...members }, NOW);
    expect(served({})).toMatchObject({ arm: 'fallback', version: 'seasonal-naive' });
    expect(served({ category: 'garden' })).toMatchObject({ arm: 'production', version: '1.1.0' });
    expect(served({ category: 'garden', segments: ['tier:gold'] })).toMatchObject({ arm: 'fallback' });
  });

  it('serves it everywhere when it names no segments', () => {
    expect(route(document({ fallback: 'seasonal-naive' }), unit, NOW)).toMatchObject({ arm: 'fallback' });
  });

  it('goes before the canary, and both versions still forecast for the log', () => {
    expect(route(document({ ...canary, ...killed }), unit, NOW)).toMatchObject({
      arm: 'fallback',
      version: 'seasonal-naive',
      shadows: ['1.1.0', '2.0.0'],
    });
  });
});

it('says who serves where there is neither canary nor kill switch', () => {
  expect(new Router(null).standard).toEqual({ arm: 'fallback', version: 'seasonal-naive' });
  expect(new Router(document(first)).standard).toEqual({ arm: 'fallback', version: 'seasonal-naive' });
  expect(new Router(document()).standard).toEqual({ arm: 'production', version: '1.1.0' });
});

it('has both candidates forecast where a document exposes two, each until its own bound', () => {
  const both = document({ ...shadow, ...canary, shadowVersion: '3.0.0', shadowUntil: '2026-03-03T00:00:00.000Z' });
  expect(route(both, unit, NOW)).toEqual({ version: '2.0.0', arm: 'canary', shadows: ['1.1.0', '3.0.0'] });
  expect(route(both, unit, new Date(LATER))).toEqual({ version: '1.1.0', arm: 'production', shadows: ['3.0.0'] });
});

it('names the safe forecast as the document does', () => {
  const named = document({ ...first, fallback: 'last-week' });
  expect(new Router(named).standard).toEqual({ version: 'last-week', arm: 'fallback' });
  expect(route(document({ fallback: 'last-week' }), unit, NOW)).toMatchObject({
    version: 'last-week',
    arm: 'fallback',
  });
});

it('gives one frozen route to all units that go the same way, alone or in a batch', () => {
  const router = new Router(document({ ...canary, canaryStores: ['harbour'] }));
  const units = [unit, { ...unit, store: 'station' }, { ...unit, sku: 'bread' }];
  const routes = router.routeAll(units, NOW.getTime());
  expect(routes).toEqual(units.map((one) => router.route(one, NOW.getTime())));
  expect(routes.map((one) => routes.indexOf(one))).toEqual([0, 1, 0]);
  expect(routes.every((one) => Object.isFrozen(one) && Object.isFrozen(one.shadows))).toBe(true);
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
