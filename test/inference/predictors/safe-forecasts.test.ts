import { describe, expect, it } from 'vitest';
import {
  isSafeForecast,
  SAFE_FORECASTS,
  safeForecast,
} from '../../../functions/inference/predictors/safe-forecasts.ts';
import { versionName } from '../../../functions/platform/ids.ts';
import { policySchema } from '../../../functions/registry/policy.ts';

const history = [1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 17];

describe('A safe forecast', () => {
  it.each([
    ['seasonal-naive', [11, 12]],
    ['weekday-mean', [6, 7]],
  ])('of the name %s needs nothing but the past', (name, units) => {
    expect(isSafeForecast(name)).toBe(true);
    expect(safeForecast(name)({ history, horizonDays: 2 })).toEqual(units);
  });

  it.each(['last-week', '', 'toString', '__proto__'])('of the unknown name "%s" is the value of a week ago', (name) => {
    expect(isSafeForecast(name)).toBe(false);
    expect(safeForecast(name)({ history, horizonDays: 1 })).toEqual([11]);
  });

  it.each(SAFE_FORECASTS)('%s forecasts what is new, and has no name that a version may have', (name) => {
    expect(safeForecast(name)({ history: [], horizonDays: 3 })).toEqual([0, 0, 0]);
    expect(versionName.safeParse(name).success).toBe(false);
  });

  it('is any of them by a policy, and no other', () => {
    for (const name of SAFE_FORECASTS) expect(policySchema.parse({ safeForecast: name }).safeForecast).toBe(name);
    expect(policySchema.safeParse({ safeForecast: 'last-week' }).success).toBe(false);
  });
});
