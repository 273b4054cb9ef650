import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { benjaminiHochberg } from '../../../functions/evidence/statistics/benjamini-hochberg.ts';
import { holm } from '../../../functions/evidence/statistics/holm.ts';

const probabilities = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 });

/** The closed test: a hypothesis is rejected when Bonferroni rejects every intersection that it is part of. */
function closedBonferroni(p: readonly number[], alpha: number): readonly boolean[] {
  const sets = Array.from({ length: 2 ** p.length - 1 }, (_, index) => index + 1);
  const rejected = (set: number) => {
    const own = p.filter((_, index) => (set >> index) & 1);
    return own.some((value) => value * own.length <= alpha);
  };
  return p.map((_, index) => sets.filter((set) => (set >> index) & 1).every(rejected));
}

describe('p values adjusted by Holm', () => {
  it('reject what the closed Bonferroni test rejects', () => {
    fc.assert(
      fc.property(
        probabilities.filter(({ length }) => length <= 7),
        (p) => {
          expect(holm(p).map((adjusted) => adjusted <= 0.05)).toEqual(closedBonferroni(p, 0.05));
        },
      ),
    );
  });

  it('stay with their hypothesis in any order, are never smaller than before and never above 1', () => {
    fc.assert(
      fc.property(probabilities, (p) => {
        const adjusted = holm(p);
        expect(holm(p.toReversed())).toEqual(adjusted.toReversed());
        for (const [index, value] of adjusted.entries()) {
          expect(value).toBeGreaterThanOrEqual(p[index] ?? 1);
          expect(value).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

describe('discoveries by Benjamini and Hochberg', () => {
  it('are those of the example in their paper', () => {
    const p = [
      ...[0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344],
      ...[0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1],
    ];
    expect(benjaminiHochberg(p, 0.05).filter((found) => found)).toHaveLength(4);
    expect(benjaminiHochberg(p.toReversed(), 0.05)).toEqual(benjaminiHochberg(p, 0.05).toReversed());
  });

  it('hold all that Holm rejects', () => {
    fc.assert(
      fc.property(probabilities, (p) => {
        const found = benjaminiHochberg(p, 0.05);
        for (const [index, adjusted] of holm(p).entries()) if (adjusted <= 0.05) expect(found[index]).toBe(true);
      }),
    );
    expect(benjaminiHochberg([], 0.05)).toEqual([]);
    expect(benjaminiHochberg([0.9], 0.05)).toEqual([false]);
  });
});
