import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cohort, type CohortRule } from '../../functions/inference/routing/cohort.ts';
import type { Unit } from '../../functions/inference/routing/unit.ts';

const word = fc.constantFrom('a', 'b', 'c', 'ü', '東京');
const segment = fc
  .tuple(fc.constantFrom('region', 'category', 'store', 'sku', 'tier'), word)
  .map((pair) => pair.join(':'));
const list = fc.array(word, { maxLength: 3 });
const units: fc.Arbitrary<Unit> = fc.record({
  sku: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  store: word,
  region: fc.oneof(word, fc.constant('')),
  category: fc.oneof(word, fc.constant('')),
  segments: fc.array(segment, { maxLength: 3 }),
});
const rules: fc.Arbitrary<CohortRule> = fc.record({
  unit: fc.constantFrom('sku-store' as const, 'store' as const, 'sku' as const),
  salt: fc.string({ unit: 'grapheme', maxLength: 20 }),
  percentage: fc.double({ min: 0, max: 100, noNaN: true }),
  where: fc.record({ regions: list, stores: list, skus: fc.constant([]), categories: list }),
  excludedSegments: fc.array(segment, { maxLength: 2 }),
});

function inCohort(rule: CohortRule, unit: Unit): boolean {
  return new Cohort(rule).has(unit);
}

describe('Any cohort', () => {
  it('is the same each time, and for every request of a unit that names the same segments', () => {
    fc.assert(
      fc.property(rules, units, (rule, unit) => {
        const shuffled = { ...unit, segments: unit.segments.toReversed() };
        expect(inCohort(rule, unit)).toBe(inCohort(rule, shuffled));
      }),
    );
  });

  it('keeps every unit when the percentage is raised', () => {
    const percentage = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(rules, units, percentage, (rule, unit, other) => {
        const [low, high] = [rule.percentage, other].sort((a, b) => a - b);
        if (!inCohort({ ...rule, percentage: low ?? 0 }, unit)) return;
        expect(inCohort({ ...rule, percentage: high ?? 0 }, unit)).toBe(true);
      }),
    );
  });

  it('is nobody at 0 % and exactly the eligible units at 100 %', () => {
    fc.assert(
      fc.property(rules, units, (rule, unit) => {
        expect(inCohort({ ...rule, percentage: 0 }, unit)).toBe(false);
        expect(inCohort({ ...rule, percentage: 100 }, unit)).toBe(new Cohort(rule).isEligible(unit));
      }),
    );
  });

  it('never has a unit with an excluded segment, or one that leaves an excluded kind open', () => {
    const kindOf = (text: string) => text.split(':')[0];
    fc.assert(
      fc.property(rules, units, (rule, unit) => {
        if (!inCohort(rule, unit)) return;
        const { segments, ...derived } = unit;
        const named = Object.entries(derived).filter(([, value]) => value !== '');
        const own = [...named.map((pair) => pair.join(':')), ...segments];
        for (const excluded of rule.excludedSegments) {
          expect(own).not.toContain(excluded);
          expect(own.map(kindOf)).toContain(kindOf(excluded));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('has only units that match every list', () => {
    fc.assert(
      fc.property(rules, units, (rule, unit) => {
        if (!inCohort(rule, unit)) return;
        const { regions, stores, categories } = rule.where;
        expect(regions.length === 0 || regions.includes(unit.region)).toBe(true);
        expect(stores.length === 0 || stores.includes(unit.store)).toBe(true);
        expect(categories.length === 0 || categories.includes(unit.category)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('Cohorts of different salts', () => {
  const SIZE = 20_000;
  const population: readonly Unit[] = Array.from({ length: SIZE }, (_, index) => ({
    ...{ sku: `SKU-${index % 1000}`, store: `store-${Math.floor(index / 1000)}` },
    ...{ region: 'r', category: 'c', segments: [] },
  }));
  const cohort = (salt: string, percentage: number) => {
    const where = { regions: [], stores: [], skus: [], categories: [] };
    const drawn = new Cohort({ unit: 'sku-store', salt, percentage, where, excludedSegments: [] });
    return population.map((unit) => drawn.has(unit));
  };
  const share = (drawn: readonly boolean[]) => drawn.filter(Boolean).length / drawn.length;
  /** Five standard errors of a share of this population. */
  const bound = (expected: number) => 5 * Math.sqrt((expected * (1 - expected)) / SIZE);

  it.each([1, 5, 20, 50, 80])('each hold their share at %i %', (percentage) => {
    const expected = percentage / 100;
    for (const salt of ['demand_2-0-0_1', 'demand_2-0-0_2', 'x']) {
      expect(Math.abs(share(cohort(salt, percentage)) - expected)).toBeLessThan(bound(expected));
    }
  });

  it.each([
    ['demand_2-0-0_1', 'demand_2-0-0_2'],
    ['demand_2-0-0_1', 'demand_3-0-0_1'],
    ['a', 'b'],
  ])('%s and %s overlap as by chance', (one, other) => {
    const [first, second] = [cohort(one, 50), cohort(other, 50)];
    const both = first.map((drawn, index) => drawn && second[index] === true);
    expect(Math.abs(share(both) - 0.25)).toBeLessThan(bound(0.25));
  });
});
