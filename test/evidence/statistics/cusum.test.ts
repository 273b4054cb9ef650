import { describe, expect, it } from 'vitest';
import { cusum } from '../../../functions/evidence/statistics/cusum.ts';

describe('the cumulative sum', () => {
  it('adds what is beyond the allowance and never goes below 0', () => {
    expect(cusum([1, -3, 2, 2.5, 0], 0.5)).toEqual([0.5, 0, 1.5, 3.5, 3]);
    expect(cusum([], 0.5)).toEqual([]);
  });

  it('keeps an unbounded shift, and forgets it no more', () => {
    expect(cusum([0, Number.POSITIVE_INFINITY, -1], 0.5)).toEqual([
      0,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
  });
});
