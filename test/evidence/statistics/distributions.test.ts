import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chiSquareQuantile,
  chiSquareUpperTail,
  normalQuantile,
  studentTQuantile,
  studentTUpperTail,
} from '../../../functions/evidence/statistics/distributions.ts';

/** Relative to the published value. */
function expectNear(got: number, published: number): void {
  expect(Math.abs(got / published - 1)).toBeLessThan(1e-9);
}

describe('the distributions that decide', () => {
  it('have the published upper tails of Student t, far out as well', () => {
    expectNear(studentTUpperTail(2.228138851986274, 10), 0.025);
    expectNear(studentTUpperTail(50, 10), 1.23715516465134e-13);
    expectNear(studentTUpperTail(8, 200), 4.939600454665298e-14);
    expectNear(studentTUpperTail(-1, 3), 0.8044988905221148);
    expect(studentTUpperTail(Number.POSITIVE_INFINITY, 5)).toBe(0);
  });

  it('have the published quantiles of Student t', () => {
    expectNear(studentTQuantile(0.975, 10), 2.228138851986274);
    expectNear(studentTQuantile(0.95, 5), 2.0150483733330233);
    expectNear(studentTQuantile(0.9875, 399), 2.249893421057717);
    expectNear(studentTQuantile(0.999, 2), 22.327124770119866);
  });

  it('have the published upper tails and quantiles of chi-square, where 1 - cdf has no digit left', () => {
    expectNear(chiSquareUpperTail(3.841458820694124, 1), 0.05);
    expectNear(chiSquareUpperTail(100, 1), 1.5239706048320995e-23);
    expect(chiSquareUpperTail(0, 1)).toBe(1);
    expectNear(chiSquareQuantile(0.999, 10), 29.58829844507442);
    expectNear(chiSquareQuantile(0.999, 1), 10.827566170662733);
  });

  it('have the published quantiles of the normal distribution', () => {
    expectNear(normalQuantile(0.975), 1.959963984540054);
    expectNear(normalQuantile(0.9875), 2.241402727604947);
    expectNear(normalQuantile(1e-9), -5.9978070150076865);
  });

  it('are the inverse of each other', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), fc.integer({ min: 1, max: 500 }), (p, df) => {
        expect(studentTUpperTail(studentTQuantile(1 - p, df), df)).toBeCloseTo(p, 9);
        expect(chiSquareUpperTail(chiSquareQuantile(1 - p, df), df)).toBeCloseTo(p, 9);
      }),
    );
  });
});
