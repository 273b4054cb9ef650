import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cohort } from '../../functions/inference/routing/cohort.ts';
import { cohortOf, type Route, Router } from '../../functions/inference/routing/router.ts';
import type { Unit } from '../../functions/inference/routing/unit.ts';
import type { PointerDocument } from '../../functions/pointer/document.ts';
import { unsignedDocument } from '../pointer/fixtures.ts';

const version = fc.constantFrom('', '1.0.0', '2.0.0', '3.0.0');
const instant = fc.constantFrom('', '2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z');
const segment = fc.constantFrom('category:fresh', 'category:garden', 'tier:gold', 'region:north');
const documents: fc.Arbitrary<PointerDocument> = fc
  .record({
    productionVersion: version,
    shadowVersion: version,
    shadowUntil: instant,
    canaryVersion: version,
    canaryUntil: instant,
    canaryPercentage: fc.constantFrom(0, 5, 50, 100),
    canaryStores: fc.subarray(['a', 'b']),
    excludedSegments: fc.array(segment, { maxLength: 1 }),
    fallback: fc.constantFrom('', 'seasonal-naive'),
    fallbackSegments: fc.array(segment, { maxLength: 1 }),
  })
  .map((members) => ({ ...unsignedDocument(members), signature: 'c2ln' }));
const units: fc.Arbitrary<Unit> = fc.record({
  sku: fc.constantFrom('1', '2', '3', '4', '5', '6'),
  store: fc.constantFrom('a', 'b', 'c'),
  region: fc.constantFrom('', 'north', 'south'),
  category: fc.constantFrom('', 'fresh', 'garden'),
  segments: fc.subarray(['tier:gold']),
});
const now = fc.constantFrom('2025-12-31T00:00:00.000Z', '2026-02-01T00:00:00.000Z', '2026-02-15T00:00:00.000Z');

function route(document: PointerDocument, unit: Unit, at: Date): Route {
  return new Router(document).route(unit, at.getTime());
}

function anyRoute(check: (of: { document: PointerDocument; unit: Unit; at: Date }) => void): void {
  fc.assert(
    fc.property(documents, units, now, (document, unit, at) => check({ document, unit, at: new Date(at) })),
    { numRuns: 2000 },
  );
}

describe('Any route', () => {
  it('serves one of: production, a canary within its bound and cohort, the safe forecast', () => {
    anyRoute(({ document, unit, at }) => {
      const served = route(document, unit, at);
      if (served.arm === 'production') expect(served.version).toBe(document.productionVersion);
      if (served.arm === 'fallback') expect(served.version).toBe('seasonal-naive');
      if (served.arm !== 'canary') return;
      expect(served.version).toBe(document.canaryVersion);
      expect(document.canaryPercentage).toBeGreaterThan(0);
      expect(at.getTime()).toBeLessThan(Date.parse(document.canaryUntil));
      expect(new Cohort(cohortOf(document)).has(unit)).toBe(true);
    });
  });

  it('never serves a shadow, and serves the same with a shadow as without', () => {
    anyRoute(({ document, unit, at }) => {
      const without = { ...document, shadowVersion: '', shadowUntil: '' };
      const { version, arm } = route(without, unit, at);
      expect(route(document, unit, at)).toMatchObject({ version, arm });
    });
  });

  it('has each version forecast once, and every version wherever a candidate is exposed', () => {
    anyRoute(({ document, unit, at }) => {
      const { version, shadows } = route(document, unit, at);
      const isLive = (until: string) => at.getTime() < Date.parse(until);
      const all = [
        ...(document.canaryPercentage > 0 && isLive(document.canaryUntil) ? [document.canaryVersion] : []),
        ...(isLive(document.shadowUntil) ? [document.shadowVersion] : []),
      ].filter((candidate) => candidate !== '');
      expect(new Set([version, ...shadows]).size).toBe(shadows.length + 1);
      if (all.length === 0) expect(shadows).toEqual([]);
      else {
        const { standard } = new Router(document);
        expect([version, ...shadows]).toEqual(expect.arrayContaining([...all, standard.version]));
      }
    });
  });

  it('is the standard one once every bound has passed and no kill switch is set', () => {
    anyRoute(({ document, unit }) => {
      const open = {
        ...document,
        fallback: document.productionVersion === '' ? 'seasonal-naive' : '',
        fallbackSegments: [],
      };
      const expected = { ...new Router(open).standard, shadows: [] };
      expect(route(open, unit, new Date('2030-01-01'))).toEqual(expected);
    });
  });
});
