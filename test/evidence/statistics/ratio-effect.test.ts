import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { pairedEffect, ratioEffect } from '../../../functions/evidence/statistics/ratio-effect.ts';
import { type Cluster, momentsOf } from '../canary/clusters.ts';

const GOLDEN = join(import.meta.dirname, '../../../../shared/golden/unit_canary_effect.json');

const total = (clusters: readonly Cluster[], of: (one: Cluster) => number) =>
  clusters.reduce((sum, one) => sum + of(one), 0);

/** Cluster residuals of a ratio by their definition. */
function residuals(clusters: readonly Cluster[], n: 'n' | 'n0', d: 'd' | 'd0'): readonly number[] {
  const [sum, base] = [total(clusters, (one) => one[n]), total(clusters, (one) => one[d])];
  return clusters.map((one) => (one[n] - (sum / base) * one[d]) / (base / clusters.length));
}

function covariance(a: readonly number[], b: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((sum, one) => sum + one, 0) / list.length;
  const [x, y] = [mean(a), mean(b)];
  return a.reduce((sum, one, index) => sum + (one - x) * ((b[index] ?? 0) - y), 0) / (a.length - 1);
}

const cluster = fc.record({
  n: fc.integer({ min: 0, max: 5_000_000 }).map((micros) => micros / 1e6),
  d: fc.integer({ min: 1_000_000, max: 5_000_000 }).map((micros) => micros / 1e6),
  n0: fc.integer({ min: 0, max: 5_000_000 }).map((micros) => micros / 1e6),
  d0: fc.integer({ min: 1_000_000, max: 5_000_000 }).map((micros) => micros / 1e6),
});
const arm = fc.array(cluster, { minLength: 3, maxLength: 12 });

describe('the effect of a canary on a ratio', () => {
  it('has the variance of its cluster residuals, by their definition', () => {
    fc.assert(
      fc.property(arm, arm, (canary, control) => {
        const effect = ratioEffect(momentsOf(canary), momentsOf(control));
        const theta = effect?.theta ?? 0;
        const variance = [canary, control].reduce((sum, clusters) => {
          const [u, v] = [residuals(clusters, 'n', 'd'), residuals(clusters, 'n0', 'd0')];
          const adjusted = u.map((one, index) => one - theta * (v[index] ?? 0));
          return sum + covariance(adjusted, adjusted) / clusters.length;
        }, 0);
        expect(effect?.se).toBeCloseTo(Math.sqrt(variance), 9);
        expect(theta).toBeGreaterThanOrEqual(0);
        expect(theta).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('does not depend on the order of clusters, not in a single digit', () => {
    fc.assert(
      fc.property(arm, arm, (canary, control) => {
        const turned = ratioEffect(momentsOf(canary.toReversed()), momentsOf(control.toReversed()));
        expect(turned).toEqual(ratioEffect(momentsOf(canary), momentsOf(control)));
      }),
    );
  });

  it('is nothing where both arms are the same', () => {
    const same = [1, 2, 3].map((n) => ({ n, d: 4, n0: n, d0: 4 }));
    expect(ratioEffect(momentsOf(same), momentsOf(same))).toMatchObject({ tau: 0 });
    const flat = [1, 1, 1].map((n) => ({ n, d: 2, n0: n, d0: 2 }));
    expect(ratioEffect(momentsOf(flat), momentsOf(flat))).toMatchObject({ tau: 0, se: 0, theta: 0 });
  });

  it('is undefined without a denominator, or with a single cluster', () => {
    const some = momentsOf([1, 2].map((n) => ({ n, d: 4, n0: n, d0: 4 })));
    expect(ratioEffect(momentsOf([1, 2].map((n) => ({ n, d: 0, n0: n, d0: 4 }))), some)).toBeNull();
    expect(ratioEffect(some, momentsOf([{ n: 1, d: 1, n0: 1, d0: 1 }]))).toBeNull();
  });
});

describe('the paired effect', () => {
  it('is the relative change, exactly 0 for equal errors and without bound beside a perfect comparator', () => {
    const clusters = (n: number, d: number) =>
      momentsOf([1, 2, 3].map((size) => ({ n: n * size, d: d * size, n0: 0, d0: 0 })));
    expect(pairedEffect(clusters(1, 2))).toMatchObject({ tau: -0.5, se: 0 });
    expect(pairedEffect(clusters(0.1, 0.1))).toMatchObject({ tau: 0, se: 0 });
    expect(pairedEffect(clusters(1, 0))).toMatchObject({ tau: Number.POSITIVE_INFINITY });
    expect(pairedEffect(clusters(0, 0))).toMatchObject({ tau: 0 });
    expect(pairedEffect(momentsOf([{ n: 1, d: 1, n0: 0, d0: 0 }]))).toBeNull();
  });
});

const quads = z.array(z.tuple([z.number(), z.number(), z.number(), z.number()]));
const worked = z.object({
  expected: z.array(
    z.object({
      args: z.object({ T: quads, C: quads }),
      result: z
        .object({
          ...{
            tau: z.number(),
            var: z.number(),
            theta: z.number(),
            ratio_canary: z.number(),
            ratio_control: z.number(),
          },
          ...{ ratio_pre_canary: z.number().nullable(), ratio_pre_control: z.number().nullable() },
        })
        .nullable(),
    }),
  ),
});

describe.runIf(existsSync(GOLDEN))('worked effects of the evidence contract', () => {
  it('come out the same', () => {
    const { expected } = worked.parse(JSON.parse(readFileSync(GOLDEN, 'utf8')));
    const arms = (rows: z.infer<typeof quads>) => momentsOf(rows.map(([n, d, n0, d0]) => ({ n, d, n0, d0 })));
    for (const { args, result } of expected) {
      const effect = ratioEffect(arms(args.T), arms(args.C));
      expect(effect === null).toBe(result === null);
      expect(effect?.tau ?? 0).toBeCloseTo(result?.tau ?? 0, 9);
      expect((effect?.se ?? 0) ** 2).toBeCloseTo(result?.var ?? 0, 9);
      expect(effect?.theta ?? 0).toBeCloseTo(result?.theta ?? 0, 9);
      expect(effect?.ratioPreCanary ?? null).toEqual(result === null ? null : near(result.ratio_pre_canary));
    }
  });
});

function near(value: number | null): unknown {
  return value === null ? null : expect.closeTo(value, 9);
}
