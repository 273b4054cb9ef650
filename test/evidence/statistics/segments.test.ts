import { describe, expect, it } from 'vitest';
import {
  adi,
  cv2,
  type DemandProfile,
  regimeOf,
  volumeBands,
} from '../../../functions/evidence/statistics/segments.ts';

/** Profile of a series that starts with its first sale. */
function profile(units: readonly number[]) {
  const sizes = units.filter((size) => size > 0);
  return {
    days: units.length,
    demandDays: sizes.length,
    sum: sizes.reduce((sum, size) => sum + size, 0),
    sumOfSquares: sizes.reduce((sum, size) => sum + size * size, 0),
  };
}
const repeat = (units: readonly number[], times: number) => Array.from({ length: times }, () => units).flat();

describe('demand regimes', () => {
  it.each([
    ['smooth', 'even sales every day', repeat([5], 20)],
    ['erratic', 'uneven sales every day, exactly on the border of variation', repeat([3, 17], 10)],
    ['smooth', 'uneven sales just inside the border of variation', repeat([3.01, 17], 10)],
    ['intermittent', 'even sales every other day', repeat([4, 0], 15)],
    [
      'intermittent',
      'sales exactly on the border of the interval, 33 days with 25 sales',
      [...repeat([1], 25), ...repeat([0], 8)],
    ],
    [
      'smooth',
      'sales just inside the border of the interval, 33 days with 26 sales',
      [...repeat([1], 26), ...repeat([0], 7)],
    ],
    ['lumpy', 'uneven sales every other day', repeat([1, 0, 20, 0], 5)],
    ['none', 'no sale at all', [0, 0, 0]],
  ])('calls %s: %s', (regime, _, units) => {
    expect(regimeOf(profile(units))).toBe(regime);
  });
});

/** The same profile in whole millionths. */
function exactly(units: readonly number[]): DemandProfile {
  const sizes = units.filter((size) => size > 0).map((size) => BigInt(Math.round(size * 1e6)));
  return {
    days: units.length,
    demandDays: sizes.length,
    sum: sizes.reduce((sum, size) => sum + size, 0n),
    sumOfSquares: sizes.reduce((sum, size) => sum + size * size, 0n),
  };
}

describe('interval and variation of demand', () => {
  it('are days per day with demand, and variance of the sizes over their squared mean', () => {
    expect(adi(profile([4, 0, 0, 4, 0, 0]))).toBe(3);
    expect(cv2(profile(repeat([3, 17], 10)))).toBeCloseTo(0.49, 12);
    expect([adi(profile([0, 0])), cv2(profile([0, 0]))]).toEqual([null, null]);
  });

  it('are exact in whole millionths: even sales vary by nothing, and a border is met where doubles miss it', () => {
    expect(cv2(exactly(repeat([0.1], 30)))).toBe(0);
    expect(cv2(exactly(repeat([0.3, 1.7], 10)))).toBe(0.49);
    expect(regimeOf(exactly(repeat([0.3, 1.7], 10)))).toBe('erratic');
    expect(regimeOf(exactly(repeat([0.300001, 1.7], 10)))).toBe('smooth');
    expect(regimeOf(exactly(repeat([4, 0], 15)))).toBe('intermittent');
    expect(regimeOf(exactly([0, 0]))).toBe('none');
  });
});

describe('volume bands', () => {
  it('gives A while the share before a SKU is under 80 %, B under 95 %, then C', () => {
    const bands = volumeBands(
      new Map([
        ['a', 80],
        ['b', 15],
        ['c', 4],
        ['d', 1],
      ]),
    );
    expect(Object.fromEntries(bands)).toEqual({ a: 'A', b: 'B', c: 'C', d: 'C' });
  });

  it('puts SKUs that sold nothing last, even where none sold anything', () => {
    const units = [
      ['a', 0],
      ['b', 1],
    ] as const;
    expect(Object.fromEntries(volumeBands(new Map(units)))).toEqual({ a: 'C', b: 'A' });
    expect(Object.fromEntries(volumeBands(new Map([['a', 0]])))).toEqual({ a: 'C' });
  });

  it('breaks ties by SKU, not by the order in which they come', () => {
    const units: readonly (readonly [string, number])[] = [
      ['x', 50],
      ['m', 50],
      ['b', 50],
      ['a', 50],
      ['z', 50],
    ];
    const bands = volumeBands(new Map(units));
    expect(bands).toEqual(volumeBands(new Map(units.toReversed())));
    expect(bands.get('z')).toBe('B');
    expect(bands.get('x')).toBe('A');
  });
});
