import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  binOf,
  H1,
  H2,
  histogramOf,
  meanOf,
  mergeHistograms,
} from '../../../functions/evidence/statistics/histogram.ts';

const value = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0, max: 1e6, noNaN: true }),
  fc.constantFrom(...H1.edges, ...H2.edges),
);

describe('the bins of a histogram', () => {
  it('have edges that are powers of two between exact ones', () => {
    expect(H1).toMatchObject({ bins: 45 });
    expect(H2).toMatchObject({ bins: 35 });
    expect([H1.edges[0], H1.edges[8], H1.edges[9], H1.edges.at(-1)]).toEqual([2 ** -4, 1, Math.SQRT2, 2 ** 17]);
    expect([H2.edges[0], H2.edges[16], H2.edges[17], H2.edges.at(-1)]).toEqual([2 ** -4, 1, 1.189207115002721, 16]);
    for (const { edges } of [H1, H2]) expect(edges).toEqual(edges.toSorted((a, b) => a - b));
  });

  it('hold 0 alone, and an edge on its right', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(H1, H2), (one, spec) => {
        const expected = one === 0 ? 0 : 1 + spec.edges.filter((edge) => one >= edge).length;
        expect(binOf(spec, one)).toBe(expected);
      }),
    );
    expect(binOf(H2, Number.MIN_VALUE)).toBe(1);
    expect(binOf(H2, 1e300)).toBe(34);
  });

  it('hold the same counts and sums in every bit, however the values are ordered and cut into parts', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 40 }), fc.integer({ min: 0, max: 40 }), (values, at) => {
        const whole = histogramOf(H2, values);
        expect(histogramOf(H2, values.toReversed())).toEqual(whole);
        const parts = [values.slice(at), values.slice(0, at)].map((own) => histogramOf(H2, own));
        expect(mergeHistograms(H2, parts)).toEqual(whole);
      }),
    );
    expect(meanOf(histogramOf(H2, []))).toBeNull();
    expect(meanOf(histogramOf(H2, [1, 2, 6]))).toBe(3);
  });
});
