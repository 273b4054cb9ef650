import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cohort } from '../../functions/inference/routing/cohort.ts';
import { murmur3 } from '../../functions/inference/routing/murmur3.ts';
import { cohortOf, Router } from '../../functions/inference/routing/router.ts';
import { type Unit, unitKey } from '../../functions/inference/routing/unit.ts';
import { attributesOf, type PointerDocument, pointerDocument } from '../../functions/pointer/document.ts';
import { type Attributes, plainIsInCohort, plainMurmur3, plainRoute } from '../inference/routing/plain-router.ts';
import { unsignedDocument } from '../pointer/fixtures.ts';

/** Few, so that lists and units meet, and awkward: separators, other scripts, astral characters, half a pair. */
const WORDS = ['a', 'b', 'north', 'a|b', '|', 'a:b', ':', 'ä', '東京', '🍞', '\ud83c', 'A', ' ', 'region:a', '\u0000'];
const word = fc.constantFrom(...WORDS);
const wordOrNone = fc.oneof({ weight: 3, arbitrary: word }, { weight: 1, arbitrary: fc.constant('') });
const KINDS = ['region', 'category', 'store', 'sku', 'tier', ''];
const segment = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...KINDS), wordOrNone).map((pair) => pair.join(':')) },
  { weight: 1, arbitrary: fc.constantFrom('region', 'tier', '') },
);
const list = (of: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(of, { maxLength: 6 }) });
const version = fc.constantFrom('', '1.0.0', '2.0.0', '3.0.0', '4.0.0');
const INSTANTS = ['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'];
/** Mostly later than the instants that are asked about. */
const until = fc.constantFrom('', ...INSTANTS, '2027-01-01T00:00:00.000Z', '2028-01-01T00:00:00.000Z');

const documents: fc.Arbitrary<PointerDocument> = fc
  .record({
    productionVersion: version,
    shadowVersion: version,
    shadowUntil: until,
    canaryVersion: version,
    canaryUntil: until,
    canaryPercentage: fc.oneof(fc.constantFrom(0, 0.1, 50, 100), fc.double({ min: 0, max: 100, noNaN: true })),
    unit: fc.constantFrom('sku-store' as const, 'store' as const, 'sku' as const),
    salt: fc.oneof(word, fc.string({ unit: 'binary', maxLength: 20 })),
    canaryRegions: list(wordOrNone),
    canaryStores: list(word),
    canarySkus: list(word),
    canaryCategories: list(wordOrNone),
    excludedSegments: list(segment),
    fallback: fc.constantFrom('', '', 'seasonal-naive', '1.0.0'),
    fallbackSegments: list(segment),
  })
  // As the schema has it: something serves, and a share is that of a canary.
  .filter(({ productionVersion, fallback }) => productionVersion !== '' || fallback !== '')
  .map((members) => (members.canaryVersion === '' ? { ...members, canaryPercentage: 0 } : members))
  .map((members) => ({ ...unsignedDocument(members), signature: 'c2ln' }));
const units: fc.Arbitrary<Unit> = fc.record({
  sku: fc.oneof(wordOrNone, fc.string({ unit: 'binary', maxLength: 12 })),
  store: wordOrNone,
  region: wordOrNone,
  category: wordOrNone,
  segments: fc.array(segment, { maxLength: 3 }),
});
const instants = fc.constantFrom('2025-12-31T23:59:59.999Z', ...INSTANTS, '2026-02-15T12:00:00.000Z');

function served(document: PointerDocument): Attributes {
  return JSON.parse(JSON.stringify(attributesOf(document)));
}

describe('The prepared router', () => {
  it('answers as the contract reads, for any document, any units and any instant', () => {
    const arms = new Map<string, number>();
    fc.assert(
      fc.property(documents, fc.array(units, { minLength: 1, maxLength: 8 }), instants, (document, asked, at) => {
        const plain = asked.map((unit) => plainRoute(served(document), unit, at));
        const router = new Router(document);
        expect(asked.map((unit) => router.route(unit, Date.parse(at)))).toEqual(plain);
        expect(router.routeAll(asked, Date.parse(at))).toEqual(plain);
        for (const { arm, shadows } of plain) {
          const seen = `${arm} beside ${shadows.length}`;
          arms.set(seen, (arms.get(seen) ?? 0) + 1);
        }
      }),
      { numRuns: 10_000 },
    );
    // A property that meets few canaries would say little of cohorts.
    const seen = ['canary beside 1', 'canary beside 2', 'production beside 1', 'fallback beside 2'];
    expect(seen.filter((one) => (arms.get(one) ?? 0) < 50)).toEqual([]);
  });

  it('answers the same for a document that went through AppConfig, where empty lists are left out', () => {
    fc.assert(
      fc.property(documents, units, instants, (document, unit, at) => {
        const [before, after] = [document, pointerDocument.parse(attributesOf(document))].map((one) =>
          new Router(one).route(unit, Date.parse(at)),
        );
        expect(after).toEqual(before);
      }),
      { numRuns: 1000 },
    );
  });

  it('changes nobody within a phase: only a bound that passes does', () => {
    fc.assert(
      fc.property(documents, units, (document, unit) => {
        const router = new Router(document);
        const routes = INSTANTS.map((at) => router.route(unit, Date.parse(at)));
        expect(INSTANTS.map((at) => router.route(unit, Date.parse(at) + 86_400_000))).toEqual(routes);
      }),
      { numRuns: 1000 },
    );
  });
});

it('A prepared cohort is that of the contract', () => {
  fc.assert(
    fc.property(documents, units, (document, unit) => {
      expect(new Cohort(cohortOf(document)).has(unit)).toBe(plainIsInCohort(served(document), unit));
    }),
    { numRuns: 5000 },
  );
});

it('A cohort that restricts nothing has exactly the units that its hash draws', () => {
  const open = { canaryRegions: [], canaryStores: [], canarySkus: [], canaryCategories: [], excludedSegments: [] };
  fc.assert(
    fc.property(documents, units, ({ unit: kind, salt, canaryPercentage }, unit) => {
      const document = { ...unsignedDocument({ ...open, unit: kind, salt, canaryPercentage }), signature: 'c2ln' };
      const hash = murmur3(new TextEncoder().encode(`${salt}|${unitKey(kind, unit)}`), 0);
      expect(new Cohort(cohortOf(document)).has(unit)).toBe(hash / 2 ** 32 < canaryPercentage / 100);
    }),
    { numRuns: 2000 },
  );
});

it('The hash of any bytes and seed is that of the plain algorithm', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 0xffffffff }), (bytes, seed) => {
      expect(murmur3(bytes, seed)).toBe(plainMurmur3(bytes, seed));
    }),
    { numRuns: 3000 },
  );
});
