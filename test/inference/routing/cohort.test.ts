import { describe, expect, it } from 'vitest';
import {
  type CohortRule,
  isEligible,
  isInCohort,
  murmur3,
  segmentsOf,
  type Unit,
  unitKey,
} from '../../../functions/inference/routing/cohort.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
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

describe('MurmurHash3_x86_32', () => {
  it('has the verification value that SMHasher publishes, over keys of 0 to 255 bytes', () => {
    const hashes = new DataView(new ArrayBuffer(1024));
    for (let length = 0; length < 256; length += 1) {
      const key = Uint8Array.from({ length }, (_, index) => index);
      hashes.setUint32(4 * length, murmur3(key, 256 - length), true);
    }
    expect(murmur3(new Uint8Array(hashes.buffer), 0)).toBe(0xb0f57ee3);
  });

  // From the reference implementation, seed 0: the first n letters of the alphabet.
  it.each(
    [
      0x0, 0x3c2569b2, 0x9bbfd75f, 0xb3dd93fa, 0x43ed676a, 0xe89b9af6, 0x6181c085, 0x883c9b06, 0x49ddccc4, 0x421406f0,
      0x88927791, 0x5f3b25df, 0xa36f3d27, 0xf212161b, 0xf8526df0, 0x9d09f7d2, 0xe76291ed, 0xb6655e4a,
    ].map((expected, length) => ({ length, expected })),
  )('hashes $length bytes to $expected', ({ length, expected }) => {
    expect(murmur3(bytes('abcdefghijklmnopq'.slice(0, length)), 0)).toBe(expected);
  });

  it.each([
    ['ππππππππ', 0x9747b28c, 0xd58063c1],
    ['ππππππππ', 0, 0xec72b6e8],
    ['Käse|Köln', 0, 0x0ebd3462],
    ['寿司|東京店', 0, 0x5a1474db],
    ['🍞|store-7', 0, 0x02be7292],
    ['demand_2-0-0_1|HOBBIES_1_001|CA_1', 0, 0xc7095b24],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
  ])('hashes the UTF-8 bytes of %s with seed %i', (text, seed, expected) => {
    expect(murmur3(bytes(text), seed)).toBe(expected);
  });
});

describe('The cohort of a canary', () => {
  it('is drawn by the hash of salt and key over 2^32', () => {
    // 0xc7095b24 / 2^32 = 0.7774...
    const drawn: Unit = { ...unit, sku: 'HOBBIES_1_001', store: 'CA_1' };
    expect(isInCohort(rule({ percentage: 77.74 }), drawn)).toBe(false);
    expect(isInCohort(rule({ percentage: 77.76 }), drawn)).toBe(true);
  });

  it('is nobody at 0 % and every eligible unit at 100 %', () => {
    const units = Array.from({ length: 500 }, (_, index) => ({ ...unit, sku: `sku-${index}` }));
    expect(units.filter((one) => isInCohort(rule({ percentage: 0 }), one))).toEqual([]);
    expect(units.filter((one) => isInCohort(rule({ percentage: 100 }), one))).toEqual(units);
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
    const half = rule({ unit: 'store', percentage: 50 });
    const arms = stores.map((store) => ['a', 'b', 'c'].map((sku) => isInCohort(half, { ...unit, store, sku })));
    expect(arms.every(([first, ...rest]) => rest.every((arm) => arm === first))).toBe(true);
    expect(new Set(arms.map(([first]) => first)).size).toBe(2);
  });
});

describe('A unit is eligible', () => {
  it('when nothing is listed and nothing excluded', () => {
    expect(isEligible(rule(), { ...unit, region: '', category: '', segments: [] })).toBe(true);
  });

  it.each([
    ['regions', 'north'],
    ['stores', 'harbour'],
    ['skus', 'milk'],
    ['categories', 'fresh'],
  ] as const)('only when it is in the list of %s', (list, own) => {
    expect(isEligible(rule({ where: { ...NOWHERE, [list]: ['other', own] } }), unit)).toBe(true);
    expect(isEligible(rule({ where: { ...NOWHERE, [list]: ['other'] } }), unit)).toBe(false);
  });

  it('only when it is in every list that is not empty', () => {
    const where = { ...NOWHERE, regions: ['north'], stores: ['station'] };
    expect(isEligible(rule({ where }), unit)).toBe(false);
    expect(isEligible(rule({ where: { ...where, stores: ['harbour'] } }), unit)).toBe(true);
  });

  it.each(['region:north', 'category:fresh', 'store:harbour', 'sku:milk', 'tier:gold'])(
    'unless %s is excluded, whatever the percentage',
    (segment) => {
      expect(isEligible(rule({ excludedSegments: [segment] }), unit)).toBe(false);
      expect(isInCohort(rule({ excludedSegments: [segment] }), unit)).toBe(false);
    },
  );

  it('when others of its kinds are excluded', () => {
    expect(isEligible(rule({ excludedSegments: ['region:south', 'tier:silver'] }), unit)).toBe(true);
  });

  it.each([
    ['a further segment', 'tier:silver', { segments: [] }],
    ['the category', 'category:medicine', { category: '' }],
    ['the region', 'region:south', { region: '' }],
  ] as const)('not when the request does not say %s, and one of the kind is excluded', (_what, excluded, members) => {
    expect(isEligible(rule({ excludedSegments: [excluded] }), { ...unit, ...members })).toBe(false);
  });

  it('not when it names an excluded segment beside the derived one', () => {
    const both = { ...unit, segments: ['category:medicine'] };
    expect(isEligible(rule({ excludedSegments: ['category:medicine'] }), both)).toBe(false);
  });
});

it('derives the segments of what a unit is, and adds those that the request names', () => {
  expect(segmentsOf(unit)).toEqual(['region:north', 'category:fresh', 'store:harbour', 'sku:milk', 'tier:gold']);
  expect(segmentsOf({ ...unit, region: '', category: '', segments: [] })).toEqual(['store:harbour', 'sku:milk']);
});
