import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drift } from '../../../functions/evidence/statistics/drift.ts';
import { H2, histogramOf } from '../../../functions/evidence/statistics/histogram.ts';

const ratio = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 8000 }).map((milli) => milli / 1000),
);
const ratios = fc.array(ratio, { minLength: 1, maxLength: 80 });
const between = (reference: readonly number[], current: readonly number[]) =>
  drift(histogramOf(H2, reference), histogramOf(H2, current));

/** Ratios around a level as a lognormal has them, by its quantiles. */
const spread = (level: number) =>
  Array.from({ length: 999 }, (_, index) => level * (1 / ((index + 1) / 1000) - 1) ** 0.25);

describe('drift against a reference', () => {
  it('is nothing for the same values, in any order', () => {
    fc.assert(
      fc.property(ratios, (values) => {
        const { psi, js, ks, w1_norm } = between(values, values.toReversed());
        expect({ psi, js, ks }).toEqual({ psi: 0, js: 0, ks: 0 });
        expect(w1_norm).toBe(values.every((one) => one === 0) ? null : 0);
      }),
    );
  });

  it('keeps its bounds, whatever the values', () => {
    fc.assert(
      fc.property(ratios, ratios, (reference, current) => {
        const { groups, psi, js, ks, w1_norm } = between(reference, current);
        expect(groups).toBeGreaterThanOrEqual(2);
        expect(groups).toBeLessThanOrEqual(21);
        expect(psi ?? -1).toBeGreaterThanOrEqual(0);
        expect(js).toBeLessThanOrEqual(1);
        expect(ks).toBeLessThanOrEqual(1 + 1e-12);
        expect(w1_norm ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('grows with the change: 10 % is worth a look, 20 % is above a quarter of an index', () => {
    const [none, ten, twenty, half] = [1, 1.1, 1.2, 1.5].map((level) => between(spread(1), spread(level)));
    expect(none?.psi).toBe(0);
    expect(ten?.psi ?? 0).toBeLessThan(twenty?.psi ?? 0);
    expect(twenty?.psi ?? 0).toBeLessThan(half?.psi ?? 0);
    expect(ten?.w1_norm).toBeCloseTo(0.1, 2);
    expect(twenty?.w1_norm).toBeCloseTo(0.2, 2);
  });

  it('measures the way from one constant to another in units of the mean', () => {
    expect(between([2, 2], [3])).toMatchObject({ w1_norm: 0.5, ks: 1 });
    expect(between([0, 4], [4, 4])).toMatchObject({ w1_norm: 1 });
  });

  it('takes the distance of the bin means as the area between their distribution functions', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<number[]>(0, 1, 2, 4, 8), { minLength: 2, maxLength: 12 }), (values) => {
        // Every value is a bin of its own here, and both sides are equally many: the distance is that of the sorted lists.
        const [reference, current] = [
          values.toSorted((a, b) => a - b),
          values
            .map((one) => 8 - one)
            .map(snap)
            .sort((a, b) => a - b),
        ];
        const mean = reference.reduce((sum, one) => sum + one, 0) / reference.length;
        if (mean === 0) return;
        const apart = reference.reduce((sum, one, index) => sum + Math.abs(one - (current[index] ?? 0)), 0);
        expect(between(reference, current).w1_norm).toBeCloseTo(apart / reference.length / mean, 9);
      }),
    );
  });

  it('has a critical value that falls with the number of independent values, not of all', () => {
    const [reference, current] = [histogramOf(H2, spread(1)), histogramOf(H2, spread(1.1))];
    const all = drift(reference, current).psi_critical ?? 0;
    const few = drift(reference, current, { effective: { ref: 99.9, cur: 99.9 } }).psi_critical ?? 0;
    expect(few / all).toBeCloseTo(10, 9);
    expect(drift(reference, current, { alpha: 0.05 }).psi_critical ?? 0).toBeLessThan(all);
  });

  it('is undefined where one side has no value', () => {
    const nothing = { groups: 0, psi: null, psi_critical: null, js: null, ks: null, w1_norm: null };
    expect(between([], [1])).toEqual({ n_ref: 0, n_cur: 1, ...nothing });
    expect(between([1], [])).toEqual({ n_ref: 1, n_cur: 0, ...nothing });
  });
});

/** To a value that is a bin of its own. */
function snap(value: number): number {
  return [0, 1, 2, 4, 8].findLast((one) => one <= value) ?? 0;
}
