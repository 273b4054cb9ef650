import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dieboldMariano } from '../../../functions/evidence/statistics/diebold-mariano.ts';
import { studentTUpperTail } from '../../../functions/evidence/statistics/distributions.ts';

const series = fc.array(
  fc.integer({ min: -1000, max: 1000 }).map((value) => value / 1000),
  { minLength: 5, maxLength: 60 },
);

describe('the Diebold-Mariano test', () => {
  it('one step ahead is the t test of the mean', () => {
    fc.assert(
      fc.property(series, (d) => {
        const { mean, se, stat, p_noninf } = dieboldMariano(d, 1, 0.02);
        const average = d.reduce((sum, one) => sum + one, 0) / d.length;
        const variance = d.reduce((sum, one) => sum + (one - average) ** 2, 0) / (d.length - 1);
        const expected = Math.sqrt(variance / d.length);
        expect(mean).toBeCloseTo(average, 12);
        expect(se).toBeCloseTo(expected, 9);
        if (se === 0 || se === null) return;
        expect(stat).toBeCloseTo((average - 0.02) / expected, 6);
        expect(p_noninf).toBeCloseTo(studentTUpperTail((0.02 - average) / expected, d.length - 1), 6);
      }),
    );
  });

  it('has a long-run variance that is never negative, whatever the series', () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 1, max: 4 }), (d, h) => {
        const { se } = dieboldMariano(d, h, 0);
        expect(se).not.toBeNaN();
        expect(se ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('weighs autocovariances by Bartlett and corrects small samples, here by hand', () => {
    // mean 0; g0 = 1, g1 = -3/4; lag 1 of h = 2 weighs 1/2: 1 - 3/4 = 1/4. Factor (4 + 1 - 4 + 2/4) / 4 = 3/8.
    const { se } = dieboldMariano([1, -1, 1, -1], 2, 0);
    expect(se).toBeCloseTo(Math.sqrt(0.25 / 4 / (3 / 8)), 12);
  });

  it('is certain where the difference never moves, and undefined with no more days than the horizon', () => {
    expect(dieboldMariano([0.01, 0.01, 0.01], 2, 0.02)).toMatchObject({ se: 0, stat: null, p_noninf: 0 });
    expect(dieboldMariano([0.03, 0.03, 0.03], 2, 0.02)).toMatchObject({ se: 0, stat: null, p_noninf: 1 });
    expect(dieboldMariano([0.1, 0.2], 2, 0)).toEqual({
      n: 2,
      h: 2,
      mean: 0.15000000000000002,
      se: null,
      stat: null,
      p_noninf: null,
    });
    expect(dieboldMariano([], 1, 0)).toEqual({ n: 0, h: 1, mean: null, se: null, stat: null, p_noninf: null });
  });
});
