import { describe, expect, it } from 'vitest';
import { byDemand } from '../../../functions/inference/predictors/by-demand.ts';
import { crostonTsb } from '../../../functions/inference/predictors/croston-tsb.ts';
import { exponentialSmoothing } from '../../../functions/inference/predictors/exponential-smoothing.ts';
import { fromFirstSale, meanOf } from '../../../functions/inference/predictors/forecaster.ts';
import { seasonalNaive, weekdayMean } from '../../../functions/inference/predictors/seasonal-naive.ts';
import { weekdayProfile } from '../../../functions/inference/predictors/weekday-profile.ts';

const repeat = (week: readonly number[], weeks: number) => Array.from({ length: weeks }, () => week).flat();
const WEEK = [10, 20, 30, 40, 50, 60, 70] as const;

describe('Seasonal naive', () => {
  it('repeats the latest known week, in each week ahead', () => {
    const history = [...repeat([0, 0, 0, 0, 0, 0, 0], 3), ...WEEK];
    expect(seasonalNaive({ history, horizonDays: 16 })).toEqual([...WEEK, ...WEEK, 10, 20]);
  });

  it('takes weekdays by their distance from the end, whatever day the history starts on', () => {
    expect(seasonalNaive({ history: [99, 99, ...WEEK, 5], horizonDays: 3 })).toEqual([20, 30, 40]);
  });

  it('takes the mean of what there is for a weekday that it has not seen, and 0 without a history', () => {
    expect(seasonalNaive({ history: [3, 5], horizonDays: 7 })).toEqual([4, 4, 4, 4, 4, 3, 5]);
    expect(seasonalNaive({ history: [], horizonDays: 2 })).toEqual([0, 0]);
  });
});

it('the weekday mean averages the last weeks, as many as there are', () => {
  const history = [...repeat([100], 7), ...repeat([0], 7), ...repeat([3], 7)];
  expect(weekdayMean({ weeks: 2 })({ history, horizonDays: 1 })).toEqual([1.5]);
  expect(weekdayMean({ weeks: 9 })({ history, horizonDays: 1 })[0]).toBeCloseTo(103 / 3);
});

describe('A weekday profile', () => {
  it('is the share of each weekday in the mean of whole weeks', () => {
    const profile = weekdayProfile([1_000, ...repeat(WEEK, 3)], 26);
    // Day 0 is the last of the history, a 70; day 1 is the same weekday as day -6.
    expect([-6, -1, 0, 1, 7, 8].map(profile).map((share) => share * 40)).toEqual(
      [10, 60, 70, 10, 70, 10].map((units) => expect.closeTo(units)),
    );
  });

  it('looks at no more weeks than it is told to', () => {
    const profile = weekdayProfile([...repeat([9, 0, 0, 0, 0, 0, 0], 10), ...repeat([7], 14)], 2);
    expect([1, 2, 3].map(profile)).toEqual([1, 1, 1].map((share) => expect.closeTo(share)));
  });

  it('is flat without a whole week, or without a sale', () => {
    expect(weekdayProfile([5, 0, 9], 26)(1)).toBe(1);
    expect(weekdayProfile(repeat([0], 28), 26)(1)).toBe(1);
  });
});

describe('Exponential smoothing', () => {
  const smooth = exponentialSmoothing({ smoothing: 0.2, profileWeeks: 26 });

  it('forecasts a constant demand as it is', () => {
    expect(smooth({ history: repeat([4], 60), horizonDays: 3 })).toEqual([4, 4, 4].map((x) => expect.closeTo(x)));
  });

  it('keeps the shape of the week at the level', () => {
    expect(smooth({ history: repeat(WEEK, 20), horizonDays: 7 })).toEqual(WEEK.map((x) => expect.closeTo(x)));
  });

  it('follows a new level by its weight: after n days the old one counts (1 - weight)^n', () => {
    const flat = exponentialSmoothing({ smoothing: 0.2, profileWeeks: 1 });
    const history = [...repeat([10], 28), ...repeat([20], 7)];
    expect(flat({ history, horizonDays: 1 })[0]).toBeCloseTo(20 - 10 * 0.8 ** 7);
  });

  it('forecasts 0 for a weekday on which the shop is closed, and is not moved by it', () => {
    const open = repeat([5, 5, 5, 5, 5, 5, 0], 20);
    expect(smooth({ history: open, horizonDays: 7 })).toEqual([5, 5, 5, 5, 5, 5, 0].map((x) => expect.closeTo(x)));
  });

  it('does not take the time before the first sale for demand', () => {
    const known = repeat(WEEK, 5);
    const withTimeBefore = smooth({ history: [...repeat([0], 100), ...known], horizonDays: 7 });
    expect(withTimeBefore).toEqual(smooth({ history: known, horizonDays: 7 }));
  });

  it('forecasts 0 for what never sold', () => {
    expect(smooth({ history: repeat([0], 30), horizonDays: 2 })).toEqual([0, 0]);
    expect(smooth({ history: [], horizonDays: 2 })).toEqual([0, 0]);
  });
});

describe("Teunter, Syntetos and Babai's method", () => {
  const parameters = { alpha: 0.1, beta: 0.05, profileWeeks: 0 };
  const tsb = crostonTsb(parameters);

  it('forecasts chance times size', () => {
    const history = repeat([6, 0, 0], 400);
    expect(tsb({ history, horizonDays: 2 })[0]).toBeGreaterThan(1.8);
    expect(tsb({ history, horizonDays: 2 })[0]).toBeLessThan(2.2);
  });

  it('updates the size by sales alone and the chance by every day', () => {
    // Start: one sale of 4 in 28 days. One more day with a sale of 14.
    const history = [4, ...repeat([0], 27), 14];
    let [chance, size] = [1 / 28, 4];
    for (const units of history) {
      chance += 0.05 * ((units > 0 ? 1 : 0) - chance);
      if (units > 0) size += 0.1 * (units - size);
    }
    expect(size).toBe(5);
    expect(tsb({ history, horizonDays: 1 })[0]).toBeCloseTo(chance * size, 12);
  });

  it('goes to zero once a product sells no more', () => {
    const history = [...repeat([6, 0, 0], 30), ...repeat([0], 180)];
    expect(tsb({ history, horizonDays: 1 })[0]).toBeLessThan(0.001);
  });

  it('is the same on each day, unless it is given a profile', () => {
    const history = repeat([4, 0, 0, 0, 0, 0, 8], 40);
    expect(new Set(tsb({ history, horizonDays: 14 })).size).toBe(1);
    const [first, second, ...rest] = crostonTsb({ ...parameters, profileWeeks: 20 })({ history, horizonDays: 7 });
    expect(first).toBeGreaterThan(0);
    expect([second, ...rest.slice(0, 4)]).toEqual([0, 0, 0, 0, 0]);
    expect(rest.at(-1)).toBeCloseTo(2 * (first ?? 0));
  });

  it('forecasts 0 for what never sold', () => {
    expect(tsb({ history: repeat([0], 30), horizonDays: 2 })).toEqual([0, 0]);
  });
});

describe('The forecaster by demand', () => {
  const parameters = { smoothing: 0.1, profileWeeks: 26, alpha: 0.1, beta: 0.05 };
  const both = byDemand(parameters);
  const smooth = exponentialSmoothing(parameters);
  const tsb = crostonTsb(parameters);

  it.each([
    ['every third day', repeat([3, 0, 0], 60), tsb],
    ['every third day in sizes that vary', repeat([1, 0, 0, 30, 0, 0], 60), tsb],
    ['every day', repeat([3, 4, 2], 60), smooth],
    ['on 25 of 33 days: an interval of exactly 1.32', repeat([...repeat([2], 25), ...repeat([0], 8)], 6), tsb],
    ['on 26 of 34 days: an interval just below', repeat([...repeat([2], 26), ...repeat([0], 8)], 6), smooth],
    ['every day, after a long time before its first sale', [...repeat([0], 300), ...repeat([3], 50)], smooth],
    ['never', repeat([0], 50), smooth],
  ])('takes the method for what sells %s', (_what, history, expected) => {
    const request = { history, horizonDays: 7 };
    expect(both(request)).toEqual(expected(request));
  });
});

it('a mean does not overflow', () => {
  expect(meanOf([Number.MAX_VALUE, Number.MAX_VALUE])).toBe(Number.MAX_VALUE);
  expect(meanOf([])).toBe(0);
});

it('a history starts with its first sale', () => {
  expect(fromFirstSale([0, 0, 3, 0])).toEqual([3, 0]);
  expect(fromFirstSale([0, 0])).toEqual([]);
});
