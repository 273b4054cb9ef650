import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alwaysValidP, mixtureHalfWidth } from '../../../functions/evidence/statistics/mixture.ts';

const positive = fc.double({ min: 0.001, max: 1, noNaN: true });

describe('the always-valid p value', () => {
  it('is at most alpha exactly where the confidence sequence leaves 0 below it', () => {
    fc.assert(
      fc.property(
        positive,
        positive,
        positive,
        fc.double({ min: 0.001, max: 0.2, noNaN: true }),
        (tau, se, kappa, alpha) => {
          const [p, width] = [alwaysValidP(tau, se * se, kappa), mixtureHalfWidth(se * se, kappa, alpha)];
          if (Math.abs(tau - width) > 1e-9 * width) expect(p <= alpha).toBe(tau > width);
        },
      ),
    );
  });

  it('is fair: evidence against a harmless canary is 1 or less on average', () => {
    const [variance, kappa, step] = [0.0004, 0.05, 0.0002];
    let mean = 0;
    for (let tau = step / 2; tau < 0.4; tau += step) {
      const density = Math.exp((-tau * tau) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
      const [v, k2] = [variance, kappa * kappa];
      const evidence = (Math.exp((k2 * tau * tau) / (2 * v * (v + k2))) - 1) * (2 / Math.sqrt((v + k2) / v));
      mean += evidence * density * step;
      const p = alwaysValidP(tau, variance, kappa);
      if (p < 1 && p > 0) expect(p * evidence).toBeCloseTo(1, 9);
    }
    expect(mean).toBeLessThanOrEqual(1);
    expect(mean).toBeGreaterThan(0.5);
  });

  it('is 1 where the canary is no worse, and 0 for harm without any spread', () => {
    expect(alwaysValidP(0, 0.01, 0.05)).toBe(1);
    expect(alwaysValidP(-1, 0, 0.05)).toBe(1);
    expect(alwaysValidP(1e-9, 0, 0.05)).toBe(0);
    expect(alwaysValidP(1, 1e-6, 0.05)).toBe(0);
    expect(alwaysValidP(1, 0.01, 0)).toBe(1);
    expect(mixtureHalfWidth(0, 0.05, 0.05)).toBe(0);
    expect(mixtureHalfWidth(0.01, 0, 0.05)).toBe(Number.POSITIVE_INFINITY);
  });
});
