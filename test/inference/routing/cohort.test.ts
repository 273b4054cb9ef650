import { describe, expect, it } from 'vitest';
import { Cohort, type CohortRule } from '../../../functions/inference/routing/cohort.ts';
import { type Unit, unitKey } from '../../../functions/inference/routing/unit.ts';

const NOWHERE = { regions: [], stores: [], skus: [], categories: [] } as const;
const unit: Unit = { sku: 'milk', store: 'harbour', region: 'north', category: 'fresh', segments: ['tier:gold'] };

function rule(members: Partial<CohortRule> = {}): CohortRule {
  return {
    unit: 'sku-store',
    salt: 'demand_2-0-0_1',
    percentage: 100,
    where: NOWHERE,
    excludedSegments: [],
    ...members,
  };
}

describe('The cohort of a canary', () => {
  it('is drawn by the hash of salt and key over 2^32', () => {
    // 0xc7095b24 / 2^32 = 0.7774...
    const drawn: Unit = { ...unit, sku: 'HOBBIES_1_001', store: 'CA_1' };
    expect(new Cohort(rule({ percentage: 77.74 })).has(drawn)).toBe(false);
    expect(new Cohort(rule({ percentage: 77.76 })).has(drawn)).toBe(true);
  });

  it('is nobody at 0 % and every eligible unit at 100 %', () => {
    const units = Array.from({ length: 500 }, (_, index) => ({ ...unit, sku: `sku-${index}` }));
    expect(units.filter((one) => new Cohort(rule({ percentage: 0 })).has(one))).toEqual([]);
    expect(units.filter((one) => new Cohort(rule({ percentage: 100 })).has(one))).toEqual(units);
  });

  it.each([
    ['sku-store', 'milk|harbour'],
    ['store', 'harbour'],
    ['sku', 'milk'],
  ] as const)('assigns by %s', (kind, key) => {
    expect(unitKey(kind, unit)).toBe(key);
  });

  it('goes by the store as a whole where stores are assigned', () => {
    const stores = Array.from({ length: 40 }, (_, index) => `store-${index}`);
    const half = new Cohort(rule({ unit: 'store', percentage: 50 }));
    const arms = stores.map((store) => ['a', 'b', 'c'].map((sku) => half.has({ ...unit, store, sku })));
    expect(arms.every(([first, ...rest]) => rest.every((arm) => arm === first))).toBe(true);
    expect(new Set(arms.map(([first]) => first)).size).toBe(2);
  });
});

describe('A unit is eligible', () => {
  const eligible = (members: Partial<CohortRule>, one: Unit) => new Cohort(rule(members)).isEligible(one);

  it('when nothing is listed and nothing excluded', () => {
    expect(eligible({}, { ...unit, region: '', category: '', segments: [] })).toBe(true);
  });

  it.each([
    ['regions', 'north'],
    ['stores', 'harbour'],
    ['skus', 'milk'],
    ['categories', 'fresh'],
  ] as const)('only when it is in the list of %s', (list, own) => {
    expect(eligible({ where: { ...NOWHERE, [list]: ['other', own] } }, unit)).toBe(true);
    expect(eligible({ where: { ...NOWHERE, [list]: ['other'] } }, unit)).toBe(false);
  });

  it('only when it is in every list that is not empty', () => {
    const where = { ...NOWHERE, regions: ['north'], stores: ['station'] };
    expect(eligible({ where }, unit)).toBe(false);
    expect(eligible({ where: { ...where, stores: ['harbour'] } }, unit)).toBe(true);
  });

  it.each(['region:north', 'category:fresh', 'store:harbour', 'sku:milk', 'tier:gold'])(
    'unless %s is excluded, whatever the percentage',
    (segment) => {
      expect(eligible({ excludedSegments: [segment] }, unit)).toBe(false);
      expect(new Cohort(rule({ excludedSegments: [segment] })).has(unit)).toBe(false);
    },
  );

  it('when others of its kinds are excluded', () => {
    expect(eligible({ excludedSegments: ['region:south', 'tier:silver'] }, unit)).toBe(true);
  });

  it.each([
    ['a further segment', 'tier:silver', { segments: [] }],
    ['the category', 'category:medicine', { category: '' }],
    ['the region', 'region:south', { region: '' }],
  ] as const)('not when the request does not say %s, and one of the kind is excluded', (_what, excluded, members) => {
    expect(eligible({ excludedSegments: [excluded] }, { ...unit, ...members })).toBe(false);
  });

  it('not when it names an excluded segment beside the derived one', () => {
    const both = { ...unit, segments: ['category:medicine'] };
    expect(eligible({ excludedSegments: ['category:medicine'] }, both)).toBe(false);
  });
});
