import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClusterSums,
  oneWayRelative,
  pHarm,
  pNonInferior,
  twoWayRelative,
  upperBound,
} from '../../../functions/evidence/statistics/clustered-ratio.ts';

interface Row {
  readonly a: number;
  readonly b: number;
  readonly series: number;
  readonly origin: number;
}

const row = fc.record({
  a: fc.integer({ min: 0, max: 1_000_000_000 }),
  b: fc.integer({ min: 1, max: 1_000_000_000 }),
  series: fc.integer({ min: 0, max: 4 }),
  origin: fc.integer({ min: 0, max: 3 }),
});
const table = fc.array(row, { minLength: 2, maxLength: 40 });

function grouped(rows: readonly Row[], key: (row: Row) => string): ClusterSums {
  const groups = [...Map.groupBy(rows, key).values()].map((own) => ({
    a: own.reduce((sum, { a }) => sum + BigInt(a), 0n),
    b: own.reduce((sum, { b }) => sum + BigInt(b), 0n),
  }));
  return {
    groups: groups.length,
    aa: groups.reduce((sum, { a }) => sum + a * a, 0n),
    ab: groups.reduce((sum, { a, b }) => sum + a * b, 0n),
    bb: groups.reduce((sum, { b }) => sum + b * b, 0n),
  };
}

function sumsOf(rows: readonly Row[]) {
  return {
    a: rows.reduce((sum, { a }) => sum + BigInt(a), 0n),
    b: rows.reduce((sum, { b }) => sum + BigInt(b), 0n),
    series: grouped(rows, ({ series }) => `${series}`),
    origin: grouped(rows, ({ origin }) => `${origin}`),
    cross: grouped(rows, ({ series, origin }) => `${series} ${origin}`),
  };
}

/** V_k by the plain meaning of its words. */
function variance(rows: readonly Row[], key: (row: Row) => string): number {
  const [a, b] = [rows.reduce((sum, one) => sum + one.a, 0), rows.reduce((sum, one) => sum + one.b, 0)];
  const groups = [...Map.groupBy(rows, key).values()];
  const squares = groups.map((own) => own.reduce((sum, one) => sum + (one.a - (a / b) * one.b) / b, 0) ** 2);
  return (groups.length / (groups.length - 1)) * squares.reduce((sum, one) => sum + one, 0);
}

describe('a relative change with clustered errors', () => {
  it('has the two-way variance of its definition, with the smaller number of groups for its degrees of freedom', () => {
    fc.assert(
      fc.property(table, (rows) => {
        const { rel, se, df } = twoWayRelative(sumsOf(rows));
        const [series, origins] = [new Set(rows.map((one) => one.series)), new Set(rows.map((one) => one.origin))];
        expect(df).toBe(Math.min(series.size, origins.size) - 1);
        if (df === 0) {
          expect(se).toBeNull();
          return;
        }
        const bySeries = variance(rows, (one) => `${one.series}`);
        const both =
          bySeries + variance(rows, (one) => `${one.origin}`) - variance(rows, (one) => `${one.series} ${one.origin}`);
        const expected = Math.sqrt(Math.max(bySeries, both));
        expect(Math.abs((se ?? 0) - expected)).toBeLessThan(1e-7 * (1 + expected));
        expect(rel).toBeCloseTo(Number(sumsOf(rows).a) / Number(sumsOf(rows).b) - 1, 9);
      }),
    );
  });

  it('has the one-way variance of its definition', () => {
    fc.assert(
      fc.property(table, (rows) => {
        const { a, b, series } = sumsOf(rows);
        const { se, df } = oneWayRelative({ a, b, clusters: series });
        expect(df).toBe(series.groups - 1);
        if (df > 0) expect(se).toBeCloseTo(Math.sqrt(variance(rows, (one) => `${one.series}`)), 7);
        else expect(se).toBeNull();
      }),
    );
  });

  it('depends on the order of rows, and on the unit of both sums, in no bit', () => {
    fc.assert(
      fc.property(table, (rows) => {
        const change = twoWayRelative(sumsOf(rows));
        expect(twoWayRelative(sumsOf(rows.toReversed()))).toEqual(change);
        const doubled = rows.map((one) => ({ ...one, a: one.a * 2, b: one.b * 2 }));
        expect(twoWayRelative(sumsOf(doubled))).toEqual(change);
      }),
    );
  });

  it('is nothing for equal errors: no difference, no error of it, no harm, not inferior', () => {
    fc.assert(
      fc.property(table, (rows) => {
        const { rel, se, df } = twoWayRelative(sumsOf(rows.map((one) => ({ ...one, a: one.b }))));
        expect(rel).toBe(0);
        if (df === 0) return;
        expect(se).toBe(0);
        expect(pHarm(rel, se, df)).toBe(1);
        expect(pNonInferior(rel, 0.01, se, df)).toBe(0);
        expect(upperBound(rel, se, df, 0.05)).toBe(0);
      }),
    );
  });

  it('is unbounded against a perfect baseline, and 0 where neither has an error; neither has a standard error', () => {
    const rows = [0, 1, 2].map((index) => ({ a: 1, b: 0, series: index, origin: index }));
    expect(twoWayRelative(sumsOf(rows))).toEqual({ rel: Number.POSITIVE_INFINITY, se: null, df: 2 });
    const none = rows.map((one) => ({ ...one, a: 0 }));
    expect(twoWayRelative(sumsOf(none))).toEqual({ rel: 0, se: null, df: 2 });
    expect(pHarm(Number.POSITIVE_INFINITY, null, 2)).toBeNull();
    expect(pNonInferior(0, 0.01, null, 2)).toBeNull();
    expect(upperBound(0, null, 2, 0.05)).toBeNull();
  });

  it('is exact for sums of any length', () => {
    const huge = 10n ** 200n;
    const groups = { groups: 2, aa: 5n * huge * huge, ab: 4n * huge * huge, bb: 4n * huge * huge };
    const small = oneWayRelative({ a: 3n, b: 2n, clusters: { groups: 2, aa: 5n, ab: 4n, bb: 4n } });
    expect(oneWayRelative({ a: 3n * huge, b: 2n * huge, clusters: groups })).toEqual(small);
  });

  it('is tested against no harm and against the margin by the same t, from both sides', () => {
    // t = 2.228138851986274 leaves 2.5 % above it with 10 degrees of freedom.
    expect(pHarm(0.2228138851986274, 0.1, 10)).toBeCloseTo(0.025, 12);
    expect(pNonInferior(0.01 - 0.2228138851986274, 0.01, 0.1, 10)).toBeCloseTo(0.025, 12);
    expect(pHarm(0.001, 0, 10)).toBe(0);
    expect(pNonInferior(0.01, 0.01, 0, 10)).toBe(1);
    fc.assert(
      fc.property(
        ...[fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: 0.001, max: 1, noNaN: true })],
        ...[fc.integer({ min: 1, max: 60 }), fc.double({ min: 0.001, max: 0.2, noNaN: true })],
        (rel, se, df, alpha) => {
          const bound = upperBound(rel, se, df, alpha) ?? 0;
          expect(pNonInferior(rel, bound, se, df)).toBeCloseTo(alpha, 7);
        },
      ),
    );
  });
});
