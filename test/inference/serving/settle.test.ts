import { describe, expect, it } from 'vitest';
import { asUnits, isUsable, settleDay } from '../../../functions/inference/serving/settle.ts';

const AT = { position: 0, day: 0 } as const;
const standard = { arm: 'production', version: '1.1.0' } as const;
const canary = {
  route: { arm: 'canary', version: '2.0.0', shadows: ['1.1.0'] },
  standard,
} as const;

function settled(
  units: Readonly<Record<string, readonly number[] | null>>,
  standIn: string | null = null,
  unfinished: ReadonlyMap<string, ReadonlySet<number>> = new Map(),
) {
  const said = new Map(Object.entries({ 'seasonal-naive': [5], ...units }).map(([version, one]) => [version, [one]]));
  const answers = { said, standIn, safe: 'seasonal-naive', unfinished };
  return settleDay(canary, answers, AT);
}

describe('Of a unit in the cohort, a caller gets', () => {
  it("the canary's forecast, while production's is for the log", () => {
    expect(settled({ '2.0.0': [2], '1.1.0': [1] })).toEqual({
      served: { arm: 'canary', version: '2.0.0', units: 2 },
      isInstead: false,
      unserved: [{ version: '1.1.0', units: 1, isLate: false }],
    });
  });

  it.each([
    ['NaN', [Number.NaN], 'NaN'],
    ['infinite', [Number.POSITIVE_INFINITY], 'Infinity'],
    ['negative', [-0.5], -0.5],
    ['not there for the day', [], null],
    ['not there at all', null, null],
  ])("production's when the canary's is %s", (_what, units, logged) => {
    expect(settled({ '2.0.0': units, '1.1.0': [1] })).toEqual({
      served: { arm: 'production', version: '1.1.0', units: 1 },
      isInstead: true,
      unserved: [{ version: '2.0.0', units: logged, isLate: false }],
    });
  });

  it('the safe forecast when neither is of use', () => {
    expect(settled({ '2.0.0': null, '1.1.0': [Number.NaN] })).toEqual({
      served: { arm: 'fallback', version: 'seasonal-naive', units: 5 },
      isInstead: true,
      unserved: [
        { version: '2.0.0', units: null, isLate: false },
        { version: '1.1.0', units: 'NaN', isLate: false },
      ],
    });
  });

  it('what stands in for production before the safe forecast, marked as a fallback', () => {
    expect(settled({ '2.0.0': null, '1.0.0': [4] }, '1.0.0').served).toEqual({
      arm: 'fallback',
      version: '1.0.0',
      units: 4,
    });
  });

  it('what serves in its place when the canary had no time: its forecast is missing then, and not made later', () => {
    const late = new Map([['2.0.0', new Set([0])]]);
    expect(settled({ '1.1.0': [1] }, null, late)).toEqual({
      served: { arm: 'production', version: '1.1.0', units: 1 },
      isInstead: true,
      unserved: [{ version: '2.0.0', units: null, isLate: false }],
    });
  });

  it('a forecast of 0, which is a forecast', () => {
    expect(settled({ '2.0.0': [0], '1.1.0': [1] }).served).toEqual({ arm: 'canary', version: '2.0.0', units: 0 });
  });
});

it.each([
  [1.5, 1.5, true],
  [0, 0, true],
  [-1, -1, false],
  [Number.NaN, 'NaN', false],
  [Number.POSITIVE_INFINITY, 'Infinity', false],
  [Number.NEGATIVE_INFINITY, '-Infinity', false],
  [undefined, null, false],
  [null, null, false],
  ['3', null, false],
])('keeps %s in the log as %s; a caller may get it: %s', (value, logged, usable) => {
  expect(asUnits(value)).toBe(logged);
  expect(isUsable(asUnits(value))).toBe(usable);
});
