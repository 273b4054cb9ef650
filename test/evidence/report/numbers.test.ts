import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  counted,
  percentOf,
  plainNumber,
  pointsOf,
  probabilityOf,
  ratioOf,
  signedPercentOf,
  words,
} from '../../../functions/evidence/report/numbers.ts';
import { decimalsOf, roundScale } from '../../../functions/evidence/report/scale.ts';

describe('Numbers for people', () => {
  it('have their unit, their sign where it matters, and a minus that is one', () => {
    expect([percentOf(0.1234), percentOf(-0.05, 0), percentOf(0.00012, 3)]).toEqual(['12.3 %', '−5 %', '0.012 %']);
    expect([signedPercentOf(0.05), signedPercentOf(-0.05), signedPercentOf(0)]).toEqual(['+5.0 %', '−5.0 %', '0.0 %']);
    expect([pointsOf(0.0045), pointsOf(-0.1)]).toEqual(['+0.45 pp', '−10.00 pp']);
    expect([ratioOf(1.0425, 2), counted(1_234_567), plainNumber(-1234.5, 1)]).toEqual([
      '1.04',
      '1,234,567',
      '−1,234.5',
    ]);
  });

  it('are no zero with a sign', () => {
    expect([signedPercentOf(0.0001), signedPercentOf(-0.0001), percentOf(-0.0001), plainNumber(-0.2)]).toEqual([
      '0.0 %',
      '0.0 %',
      '0.0 %',
      '0',
    ]);
  });

  it('stay undefined or unbounded', () => {
    expect([percentOf(null), counted(undefined), ratioOf('inf'), signedPercentOf('-inf')]).toEqual([
      '–',
      '–',
      'unbounded',
      '−unbounded',
    ]);
  });

  it('say no more of a p value than is known', () => {
    expect([0.00001, 0.0123, 0.99999, null].map(probabilityOf)).toEqual(['< 0.0001', '0.0123', '> 0.9999', '–']);
  });

  it('name a count in words', () => {
    expect(words('candidate_invalid_rate')).toBe('Candidate invalid rate');
  });
});

describe('A scale', () => {
  it('has round steps that cover what is shown', () => {
    expect(roundScale(-8.4, 23, 8)).toEqual({ min: -10, max: 25, interval: 5 });
    expect(roundScale(0, 13.2, 6)).toEqual({ min: 0, max: 15, interval: 2.5 });
    expect(roundScale(-0.004, 0.011, 5)).toEqual({ min: -0.005, max: 0.015, interval: 0.005 });
  });

  it('covers any two numbers in few steps', () => {
    const value = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }).map((thousandths) => thousandths / 1000);
    fc.assert(
      fc.property(value, value, fc.integer({ min: 2, max: 8 }), (a, b, steps) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const { min, max, interval } = roundScale(low, high, steps);
        const slack = interval * 1e-6;
        expect(interval).toBeGreaterThan(0);
        expect(min).toBeLessThanOrEqual(low + slack);
        expect(max).toBeGreaterThanOrEqual(high - slack);
        expect((max - min) / interval).toBeLessThanOrEqual(steps + 3);
      }),
    );
  });

  it('writes no more decimals than its steps need', () => {
    expect([5, 2.5, 0.25, 0.001].map(decimalsOf)).toEqual([0, 1, 2, 3]);
  });
});
