import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backtestCsv, historyCsv, type Row, row, sumsOf } from '../fakes/backtest.ts';

const cell = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 9_999_999 }).map((n) => String(n / 1000)) },
  { weight: 1, arbitrary: fc.constantFrom('', 'NaN', '-1', 'NA') },
);
const ORIGINS = ['2026-01-05', '2026-01-12', '2026-01-19'];

const generatedRow: fc.Arbitrary<Row> = fc
  .record({
    origin: fc.integer({ min: 0, max: 2 }),
    sku: fc.constantFrom('a', 'b', 'c'),
    store: fc.constantFrom('s', 't'),
    horizon: fc.integer({ min: 1, max: 3 }),
    actual: cell,
    candidate: cell,
    baseline: cell,
  })
  .map(({ origin, horizon, ...members }) => {
    const origin_date = ORIGINS[origin] ?? '';
    const day = Number(origin_date.slice(8)) + horizon;
    const target_date = `2026-01-${String(day).padStart(2, '0')}`;
    return row({ ...members, origin_date, target_date, horizon, region: members.store === 's' ? 'north' : 'south' });
  });

const history = historyCsv(
  ['a', 'b'].flatMap((sku) =>
    ['s', 't'].map((store) => ({ sku, store, date: '2026-01-02', units: sku === 'a' ? 90 : 10 })),
  ),
);

const rowsAndOrder = fc
  .array(generatedRow, { minLength: 1, maxLength: 40 })
  .chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })));

const usable = (text: unknown) => /^\d/.test(String(text));
const keyOf = (one: Row) => [one['origin_date'], one['sku'], one['store'], one['target_date']].join();

/** The paired rows by the plain meaning of the words: distinct by value, no conflicting key, all three cells usable. */
function paired(rows: readonly Row[]): readonly Row[] {
  const parsed = (one: Row) =>
    ['actual', 'candidate', 'baseline'].map((name) => {
      const text = String(one[name]);
      return text === 'NA' ? '' : usable(text) ? Number(text) : text;
    });
  const byKey = Map.groupBy(rows, keyOf);
  return [...byKey.values()].flatMap((same) => {
    const values = new Set(same.map((one) => JSON.stringify(parsed(one))));
    const [first] = same;
    return values.size === 1 && first && parsed(first).every((value) => typeof value === 'number') ? [first] : [];
  });
}

function total(rows: readonly Row[], term: (one: Row) => number): number {
  return rows.reduce((sum, one) => sum + Math.round(term(one) * 1e6), 0) / 1e6;
}
const number = (one: Row, name: string) => Number(one[name]);

describe('sums of a backtest', () => {
  it('do not depend on the order of the rows, not in a single digit', async () => {
    await fc.assert(
      fc.asyncProperty(rowsAndOrder, async ([rows, shuffled]) => {
        expect(await sumsOf(backtestCsv(shuffled), history)).toEqual(await sumsOf(backtestCsv(rows), history));
      }),
      { numRuns: 12 },
    );
  });

  it('are the sums over the rows on which actual, candidate and baseline are all usable', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(generatedRow, { minLength: 1, maxLength: 40 }), async (rows) => {
        const expected = paired(rows);
        const { overall, quality } = await sumsOf(backtestCsv(rows), history);
        expect(overall).toEqual({
          rows: expected.length,
          series: new Set(expected.map((one) => `${one['sku']} ${one['store']}`)).size,
          origins: new Set(expected.map((one) => one['origin_date'])).size,
          actual: total(expected, (one) => number(one, 'actual')),
          candidate: total(expected, (one) => number(one, 'candidate')),
          baseline: total(expected, (one) => number(one, 'baseline')),
          candidateError: total(expected, (one) => Math.abs(number(one, 'candidate') - number(one, 'actual'))),
          baselineError: total(expected, (one) => Math.abs(number(one, 'baseline') - number(one, 'actual'))),
        });
        expect(quality).toMatchObject({
          rows: rows.length,
          keys: new Set(rows.map(keyOf)).size,
          paired_rows: expected.length,
        });
      }),
      { numRuns: 12 },
    );
  });

  it('of shards by series add up to those of the whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(generatedRow, { minLength: 2, maxLength: 40 }), async (rows) => {
        const shards = [...Map.groupBy(rows, (one) => `${one['sku']} ${one['store']}`).values()];
        const parts = await Promise.all(shards.map((shard) => sumsOf(backtestCsv(shard), history)));
        const whole = await sumsOf(backtestCsv(rows), history);
        for (const name of ['rows', 'series', 'actual', 'candidateError', 'baselineError'] as const) {
          const added = parts.reduce((sum, part) => sum + Math.round(part.overall[name] * 1e6), 0) / 1e6;
          expect(added, name).toBe(whole.overall[name]);
        }
      }),
      { numRuns: 6 },
    );
  });

  it('of every dimension of segments add up to the whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(generatedRow, { minLength: 1, maxLength: 40 }), async (rows) => {
        const { overall, segments, folds } = await sumsOf(backtestCsv(rows), history);
        for (const dimension of ['region', 'category', 'regime', 'volume', 'horizon']) {
          const parts = segments.filter(({ segment }) => segment.startsWith(`${dimension}:`));
          expect(
            parts.reduce((sum, part) => sum + part.rows, 0),
            dimension,
          ).toBe(overall.rows);
        }
        expect(folds.reduce((sum, fold) => sum + fold.rows, 0)).toBe(overall.rows);
      }),
      { numRuns: 8 },
    );
  });
});
