import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rateLogE } from '../../../functions/evidence/statistics/rate-e-value.ts';

const window = fc.tuple(
  ...([fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 1000 })] as const),
  ...([fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 1000 })] as const),
);

function binomial(n: number, x: number, rho: number): number {
  let choose = 1;
  for (let index = 1; index <= x; index += 1) choose *= (n - x + index) / index;
  return choose * rho ** x * (1 - rho) ** (n - x);
}

describe('the e value of a higher event rate', () => {
  it('is exactly 1 on average where the rates are equal, given the events of a window', () => {
    for (const [events, canaryN, controlN] of [
      [7, 100, 900],
      [12, 500, 500],
      [1, 1, 99],
    ] as const) {
      const rho = canaryN / (canaryN + controlN);
      const mean = Array.from({ length: events + 1 }, (_, x) => {
        return binomial(events, x, rho) * Math.exp(rateLogE([[x, canaryN, events - x, controlN]]));
      }).reduce((sum, one) => sum + one, 0);
      expect(mean).toBeCloseTo(1, 9);
    }
  });

  it('does not depend on the order of windows, and learns nothing from windows without events or calls', () => {
    fc.assert(
      fc.property(fc.array(window, { maxLength: 6 }), (windows) => {
        const logE = rateLogE(windows);
        expect(rateLogE(windows.toReversed())).toBeCloseTo(logE, 9);
        expect(rateLogE([...windows, [0, 10, 0, 10], [0, 0, 0, 0]])).toBeCloseTo(logE, 9);
      }),
    );
    expect(rateLogE([])).toBe(0);
  });

  it('grows with the events of the canary and shrinks with those of the control', () => {
    fc.assert(
      fc.property(window, ([x, n, y, m]) => {
        expect(rateLogE([[x + 1, n, y, m]])).toBeGreaterThan(rateLogE([[x, n, y, m]]));
        expect(rateLogE([[x, n, y + 1, m]])).toBeLessThan(rateLogE([[x, n, y, m]]));
      }),
    );
  });
});
