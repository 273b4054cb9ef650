import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comomentsOf, mergeComoments } from '../../../functions/evidence/statistics/comoments.ts';

const pair = fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: -1000, max: 1000 }));

describe('co-moments', () => {
  it('have the values of their definition', () => {
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 30 }), (pairs) => {
        const mean = (of: 0 | 1) => pairs.reduce((sum, one) => sum + one[of], 0) / pairs.length;
        const [x, y] = [mean(0), mean(1)];
        const got = comomentsOf(pairs);
        expect(got.n).toBe(pairs.length);
        expect(got.mean_x).toBeCloseTo(x, 8);
        expect(got.mean_y).toBeCloseTo(y, 8);
        expect(got.m2_x).toBeCloseTo(
          pairs.reduce((sum, one) => sum + (one[0] - x) ** 2, 0),
          4,
        );
        expect(got.m2_y).toBeCloseTo(
          pairs.reduce((sum, one) => sum + (one[1] - y) ** 2, 0),
          4,
        );
        expect(got.c_xy).toBeCloseTo(
          pairs.reduce((sum, one) => sum + (one[0] - x) * (one[1] - y), 0),
          4,
        );
      }),
    );
  });

  it('are those of the whole, however it is cut into parts', () => {
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 20 }), fc.integer({ min: 0, max: 20 }), (pairs, at) => {
        const parts = mergeComoments([comomentsOf(pairs.slice(0, at)), comomentsOf([]), comomentsOf(pairs.slice(at))]);
        const whole = comomentsOf(pairs);
        expect(parts.n).toBe(whole.n);
        expect(parts.mean_x).toBeCloseTo(whole.mean_x, 8);
        expect(parts.m2_x).toBeCloseTo(whole.m2_x, 4);
        expect(parts.c_xy).toBeCloseTo(whole.c_xy, 4);
      }),
    );
  });

  it('keep their digits where a sum of squares would lose them', () => {
    const far = comomentsOf([1, 2, 3].map((value) => [1e9 + value, 1e9 - value]));
    expect(far).toMatchObject({ m2_x: 2, m2_y: 2, c_xy: -2 });
  });
});
