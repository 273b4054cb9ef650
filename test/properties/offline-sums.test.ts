import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeOffline } from '../../functions/evidence/offline/offline.ts';
import type { OfflineConfig } from '../../functions/evidence/offline/offline-config.ts';
import type { OfflineResult } from '../../functions/evidence/offline/offline-result.ts';
import {
  BACKTEST_HEADER,
  csvOf,
  historyCsv,
  type Row,
  resultOf,
  row,
  sumsInParts,
  sumsOf,
  thresholds,
} from '../fakes/backtest.ts';

const HEADER = `${BACKTEST_HEADER},cand_q10,cand_q90`;
const ORIGINS = ['2026-01-05', '2026-01-12', '2026-01-19'];
/** Small groups are judged as well, so that every rule has something to decide on. */
const SMALL: Partial<OfflineConfig> = {
  ...{ min_rows: 1, min_series: 1, segment_min_rows: 1, segment_min_series: 1, fold_min_rows: 1, fold_min_series: 1 },
  ...{ min_fva_rows: 1, min_quantile_rows: 1 },
};
/** Rules that look at the candidate alone. */
const ALONE: Partial<OfflineConfig> = { leak_exact_max_share: 1, min_fva_rows: 1000, min_quantile_rows: 1000 };

const units = fc.integer({ min: 0, max: 20_000 }).map((n) => n / 1000);
const dirty = fc.oneof(
  { weight: 12, arbitrary: units.map(String) },
  { weight: 1, arbitrary: fc.constantFrom('', 'NaN', '-1', 'NA') },
);

function rowsOf(cell: fc.Arbitrary<string | number>): fc.Arbitrary<readonly Row[]> {
  const generated = fc
    .record({
      ...{ origin: fc.integer({ min: 0, max: 2 }), horizon: fc.integer({ min: 1, max: 3 }) },
      ...{ sku: fc.constantFrom('a', 'b', 'c'), store: fc.constantFrom('s', 't') },
      ...{ actual: cell, candidate: cell, baseline: cell, cand_q10: units, cand_q90: units },
    })
    .map(({ origin, horizon, ...members }) => {
      const origin_date = ORIGINS[origin] ?? '';
      const target_date = `2026-01-${String(Number(origin_date.slice(8)) + horizon).padStart(2, '0')}`;
      const region = members.store === 's' ? 'north' : 'south';
      return row({ ...members, origin_date, target_date, horizon, region, trained_through: origin_date });
    });
  return fc.array(generated, { minLength: 1, maxLength: 60 });
}

/** No key twice, so that nothing conflicts. */
const cleanRows = rowsOf(units).map((rows) => [...new Map(rows.map((one) => [keyOf(one), one])).values()]);
const keyOf = (one: Row) => [one['origin_date'], one['sku'], one['store'], one['target_date']].join();

const past = (scale: number) =>
  historyCsv(
    ['a', 'b'].flatMap((sku, index) =>
      ['s', 't'].flatMap((store) =>
        Array.from({ length: 40 }, (_, day) => ({
          ...{ sku, store, date: new Date(Date.UTC(2025, 10, 27 + day)).toISOString().slice(0, 10) },
          units: scale * ((day * (index + 2)) % 5) * (sku === 'a' ? 9 : 1),
        })),
      ),
    ),
  );
const beside = (config: Partial<OfflineConfig> = {}) => ({ history: past(1), config: { ...SMALL, ...config } });
const judged = (rows: readonly Row[], config: Partial<OfflineConfig> = {}) =>
  resultOf(csvOf(HEADER, rows), beside(config));

const number = (one: Row, name: string) => Number(one[name]);

describe('the result of a backtest', () => {
  it('is the same bytes in any order of rows, in any number of parts, and with rows repeated', async () => {
    const backtests = rowsOf(dirty).chain((rows) =>
      fc.record({
        rows: fc.constant(rows),
        shuffled: fc.shuffledSubarray([...rows], { minLength: rows.length }),
        repeated: fc.subarray([...rows]),
        shards: fc.constantFrom(1, 2, 7),
      }),
    );
    await fc.assert(
      fc.asyncProperty(backtests, async ({ rows, shuffled, repeated, shards }) => {
        const result = await judged(rows);
        const bytes = JSON.stringify(result);
        expect(JSON.stringify(await judged(shuffled))).toBe(bytes);
        const parts = await sumsInParts(csvOf(HEADER, shuffled), beside(), shards);
        expect(JSON.stringify(judgeOffline(parts, thresholds(beside().config)).result)).toBe(bytes);
        const { quality, ...more } = await judged([...repeated, ...rows]);
        const { quality: before, ...same } = result;
        expect(JSON.stringify(more)).toBe(JSON.stringify(same));
        expect(quality).toEqual({
          ...before,
          rows: before.rows + repeated.length,
          duplicate_rows: before.duplicate_rows + repeated.length,
        });
      }),
      { numRuns: 10 },
    );
  });

  it('has the same relative measures whatever the unit of demand', async () => {
    const columns = ['actual', 'candidate', 'baseline', 'cand_q10', 'cand_q90'];
    await fc.assert(
      fc.asyncProperty(cleanRows, fc.constantFrom(2, 3, 1000), async (rows, scale) => {
        const scaled = rows.map((one) => ({
          ...one,
          ...Object.fromEntries(columns.map((name) => [name, number(one, name) * scale])),
        }));
        // Whether a forecast is exact is asked of rows with a number of units, and MAE and RMSE are units.
        const without = (result: OfflineResult) => ({
          ...result,
          quality: { ...result.quality, exact_match_share: null },
          overall: {
            ...result.overall,
            metrics: {
              ...result.overall.metrics,
              sum_y: 0,
              candidate: unitless(result, 'candidate'),
              baseline: unitless(result, 'baseline'),
            },
            quantiles: { wql: result.overall.quantiles.cand?.wql },
          },
        });
        const one = without(await judged(rows, ALONE));
        const other = without(
          await resultOf(csvOf(HEADER, scaled), { history: past(scale), config: { ...SMALL, ...ALONE } }),
        );
        expect(other).toEqual(near(one));
      }),
      { numRuns: 12 },
    );
  });

  it('mirrors the effect when candidate and baseline are swapped', async () => {
    await fc.assert(
      fc.asyncProperty(cleanRows, async (rows) => {
        const swapped = rows.map((one) => ({
          ...one,
          candidate: one['baseline'] ?? '',
          baseline: one['candidate'] ?? '',
        }));
        const [a, b] = [await judged(rows), await judged(swapped)];
        for (const [name, one] of Object.entries({ ...a.segments, ...a.folds, overall: a.overall })) {
          const other = name === 'overall' ? b.overall : (b.segments[name] ?? b.folds?.[name]);
          if (typeof one.rel_wape !== 'number' || typeof other?.rel_wape !== 'number') continue;
          const ratio = 1 + one.rel_wape;
          if (ratio > 0) expect(1 + other.rel_wape, name).toEqual(near(1 / ratio));
          if (ratio > 0 && one.se !== null) expect(other.se, name).toEqual(near(one.se / ratio ** 2));
        }
        expect(b.overall.metrics.candidate).toEqual(a.overall.metrics.baseline);
        expect(b.overall.metrics.baseline).toEqual(a.overall.metrics.candidate);
      }),
      { numRuns: 12 },
    );
  });

  it('never fails for a candidate that forecasts what the baseline does', async () => {
    await fc.assert(
      fc.asyncProperty(cleanRows, async (rows) => {
        const same = rows.map((one) => ({ ...one, candidate: one['baseline'] ?? '' }));
        const { reasons, overall, segments } = await judged(same, { ...ALONE, min_folds: 1, min_span_days: 0 });
        expect(reasons).toEqual([]);
        for (const one of [overall, ...Object.values(segments)]) {
          expect([one.rel_wape, one.se === null ? null : one.p_harm]).toEqual([0, one.se === null ? null : 1]);
        }
      }),
      { numRuns: 12 },
    );
  });

  it('never passes on too little data, whatever noise is added', async () => {
    await fc.assert(
      fc.asyncProperty(cleanRows, fc.array(units, { minLength: 60, maxLength: 60 }), async (rows, noise) => {
        const noisy = rows.map((one, index) => ({ ...one, candidate: number(one, 'candidate') + (noise[index] ?? 0) }));
        for (const config of [{ min_rows: 61 }, { min_series: 7 }]) {
          const { decision, pending } = await judged(noisy, { ...ALONE, ...config });
          expect(decision).not.toBe('PASS');
          expect(pending).toContain('OVERALL_INSUFFICIENT');
        }
      }),
      { numRuns: 8 },
    );
  });
});

const usable = (text: unknown) => /^\d/.test(String(text));

/** The paired rows by the plain meaning of the words: distinct by value, no conflicting key, all three cells usable. */
function paired(rows: readonly Row[]): readonly Row[] {
  const parsed = (one: Row) =>
    [...['actual', 'candidate', 'baseline', 'cand_q10', 'cand_q90'].map((name) => one[name])].map((text) =>
      text === 'NA' ? '' : usable(text) ? Number(text) : text,
    );
  return [...Map.groupBy(rows, keyOf).values()].flatMap((same) => {
    const values = new Set(same.map((one) => JSON.stringify(parsed(one))));
    const [first] = same;
    return values.size === 1 && first && parsed(first).every((value) => typeof value === 'number') ? [first] : [];
  });
}

describe('sums of a backtest', () => {
  it('are the sums over the rows on which actual, candidate and baseline are all usable', async () => {
    const micro = (rows: readonly Row[], term: (one: Row) => number) =>
      String(rows.reduce((sum, one) => sum + Math.round(term(one) * 1e6), 0));
    await fc.assert(
      fc.asyncProperty(rowsOf(dirty), async (rows) => {
        const expected = paired(rows);
        const { groups, rows: byRow } = await sumsOf(csvOf(HEADER, rows), beside());
        expect(byRow.paired_rows).toBe(expected.length);
        for (const name of ['overall', 'region:north', 'region:south']) {
          const of = expected.filter((one) => name === 'overall' || name === `region:${one['region']}`);
          const series = Map.groupBy(of, (one) => `${one['sku']} ${one['store']}`);
          if (of.length === 0) expect(groups[name]).toBeUndefined();
          else
            expect(groups[name]).toMatchObject({
              n: of.length,
              y: micro(of, (one) => number(one, 'actual')),
              ec: micro(of, (one) => Math.abs(number(one, 'candidate') - number(one, 'actual'))),
              bySeries: {
                clusters: series.size,
                bb: String(
                  [...series.values()]
                    .map((group) =>
                      BigInt(micro(group, (one) => Math.abs(number(one, 'baseline') - number(one, 'actual')))),
                    )
                    .reduce((sum, error) => sum + error * error, 0n),
                ),
              },
            });
        }
      }),
      { numRuns: 12 },
    );
  });

  it('of every dimension of segments add up to the whole', async () => {
    await fc.assert(
      fc.asyncProperty(rowsOf(dirty), async (rows) => {
        const { groups, folds } = await sumsOf(csvOf(HEADER, rows), beside());
        const whole = groups['overall']?.n ?? 0;
        for (const dimension of ['region', 'category', 'regime', 'volume', 'horizon']) {
          const parts = Object.entries(groups).filter(([name]) => name.startsWith(`${dimension}:`));
          expect(
            parts.reduce((sum, [, part]) => sum + part.n, 0),
            dimension,
          ).toBe(whole);
        }
        expect(Object.values(folds).reduce((sum, part) => sum + part.n, 0)).toBe(whole);
      }),
      { numRuns: 8 },
    );
  });
});

function unitless(result: OfflineResult, model: 'candidate' | 'baseline') {
  return { ...result.overall.metrics[model], mae: null, rmse: null };
}

/** Numbers may differ by what rounding does to them. */
function near(expected: unknown): unknown {
  if (typeof expected === 'number') {
    const within = (got: unknown) =>
      typeof got === 'number' && Math.abs(got - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
    return { asymmetricMatch: within, toString: () => `near ${expected}` };
  }
  if (Array.isArray(expected)) return expected.map(near);
  if (typeof expected !== 'object' || expected === null) return expected;
  return Object.fromEntries(Object.entries(expected).map(([key, value]) => [key, near(value)]));
}
