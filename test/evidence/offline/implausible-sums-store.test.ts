import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Family, ImplausibleSums } from '../../../functions/evidence/offline/implausible-sums.ts';
import { seededRandom } from '../../../infra/demo/retailer-demand.ts';
import { implausibleSumsOf, type PairedRow } from '../../fakes/implausible.ts';

const ORIGINS = ['2026-01-05', '2026-02-02', '2026-03-02'] as const;

/** Windows of a series; `day` gives actual, candidate and baseline of a day. */
function rowsOf(
  series: number,
  days: number,
  day: (at: {
    readonly series: number;
    readonly origin: number;
    readonly ahead: number;
  }) => readonly [number, number, number],
): readonly PairedRow[] {
  return Array.from({ length: series }, (_, one) =>
    ORIGINS.flatMap((origin, at) =>
      Array.from({ length: days }, (__, index) => {
        const [y, c, b] = day({ series: one, origin: at, ahead: index + 1 });
        return { sku: `sku-${one}`, origin, ahead: index + 1, y, c, b };
      }),
    ),
  ).flat();
}

const totalsOf = (sums: ImplausibleSums, family: Family) =>
  Object.fromEntries(
    Object.entries(sums.whole.families[family]?.totals ?? {}).map(([name, text]) => [name, Number(text)]),
  );
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

/** What is left of whole weeks when the means of weeks and weekdays are taken out. */
function surprises(days: readonly number[]): readonly number[] {
  const weeks = Array.from({ length: Math.floor(days.length / 7) }, (_, week) => days.slice(7 * week, 7 * week + 7));
  const all = mean(weeks.flat());
  return weeks.flatMap((week) =>
    week.map((value, weekday) => value - mean(week) - mean(weeks.map((one) => one[weekday] ?? 0)) + all),
  );
}

describe('the sums behind implausible accuracy', () => {
  it('are what is left of whole weeks when the means of weeks and weekdays are taken out', async () => {
    const random = seededRandom(7);
    const rows = rowsOf(12, 23, () => [Math.floor(4 * random()), 0.5 + Math.round(900 * random()) / 1000, 1]);
    const found = totalsOf(await implausibleSumsOf(rows, { implausible_slow_units: 5 }), 'slow');
    const windows = Map.groupBy(rows, ({ sku, origin }) => `${sku} ${origin}`)
      .values()
      .toArray();
    const moves = windows.map(
      (window) => [surprises(window.map(({ y }) => y)), surprises(window.map(({ c }) => c))] as const,
    );
    const product = (a: readonly number[], b: readonly number[]) => sum(a.map((value, at) => value * (b[at] ?? 0)));
    // In thousandths of a unit, squared; of each window less than one is cut off.
    expect(found['yy']).toBeCloseTo(1e6 * sum(moves.map(([y]) => product(y, y))), -2);
    expect(found['cy']).toBeCloseTo(1e6 * sum(moves.map(([y, c]) => product(c, y))), -2);
    expect(found['cc']).toBeCloseTo(1e6 * sum(moves.map(([, c]) => product(c, c))), -2);
    // Three whole weeks leave 12 of 21 degrees of freedom.
    const units = windows.map((window) => sum(window.slice(0, 21).map(({ y }) => y)));
    expect(found['floor']).toBeCloseTo(1e6 * sum(units.map((one) => (12 * one) / 21)), -2);
  });

  it('are what is left of the mean of a window that has less than two whole weeks', async () => {
    const rows = rowsOf(2, 10, ({ ahead }) => [ahead % 2 === 0 ? 2 : 0, ahead === 10 ? 1 : 0.5, 1]);
    const sums = await implausibleSumsOf(rows, { implausible_slow_units: 5 });
    expect(totalsOf(sums, 'slow')).toEqual({
      ...{ yy: 6 * 10e6, cc: 6 * 225_000, cy: 6 * 500_000 },
      floor: 6 * 9e6,
    });
    expect(sums.whole.families['moves']?.clusters).toBe(0);
    expect(sums.whole.families['weeks']?.clusters).toBe(0);
  });

  it('tell windows apart by what is forecast for them, and take part of whole units alone', async () => {
    const level = [0.5, 3, 500, 0.01, 3] as const;
    const rows = rowsOf(5, 14, ({ series }) => [series === 4 ? 0.5 : 2, level[series] ?? 0, 1]);
    const { families } = (await implausibleSumsOf(rows)).whole;
    expect(families['noise']?.clusters).toBe(1);
    expect(families['medium']?.clusters).toBe(1);
    // Too little is forecast for one series, too much for another, and half units are not counted ones.
    expect(families['totals']?.clusters).toBe(1);
    expect(families['weeks']?.clusters).toBe(5);
  });

  it('count the totals that were met within half their counting noise, or within less where demand is steadier', async () => {
    const off = [4, 6, 4] as const;
    const rows = rowsOf(3, 14, ({ series, ahead }) => {
      const units = series === 2 ? 5 : ahead % 2 === 0 ? 1 : 9;
      return [units, 5 + (off[series] ?? 0) / 14, 5];
    });
    // 74 forecast: half the noise is 4.3 units. A series that never varies has no noise at all.
    expect(totalsOf(await implausibleSumsOf(rows), 'totals')).toEqual({ met: 3, windows: 9 });
  });

  it('compare weekly totals of the first whole week with those of the last', async () => {
    const rows = rowsOf(2, 25, ({ ahead }) => [10, ahead <= 7 ? 11 : ahead <= 21 && ahead > 14 ? 8 : 10, 9]);
    expect(totalsOf(await implausibleSumsOf(rows), 'weeks')).toEqual({
      ...{ c_first: 6 * 7000, c_last: 6 * 14_000, b_first: 6 * 7000, b_last: 6 * 7000 },
    });
  });

  it('correlate moves with surprises in each series', async () => {
    const random = seededRandom(3);
    const rows = rowsOf(3, 28, ({ series }) => {
      const y = Math.floor(6 * random());
      return [y, series === 0 ? 1 + y / 10 : series === 1 ? 7 - y : 2, 2];
    });
    const sums = await implausibleSumsOf(rows);
    // One follows, one goes against, and one does not move at all.
    const { clusters, totals, products } = sums.whole.families['moves'] ?? {};
    expect({ clusters, one: totals?.['one'] }).toEqual({ clusters: 2, one: '2000000000' });
    expect(Math.abs(Number(totals?.['r']))).toBeLessThan(1e4);
    expect(Number(products?.['r*r'])).toBeCloseTo(2e18, -14);
  });

  it('compare the correlation with that with the day before and the day after, within weeks', async () => {
    const random = seededRandom(13);
    const units = Array.from({ length: 4 }, () => Array.from({ length: 40 }, () => Math.floor(9 * random())));
    const rows = rowsOf(3, 28, ({ series, origin, ahead }) => {
      const of = units[origin] ?? [];
      // The first is a day late, the second a day early, and the third knows its own day.
      return [of[ahead - 1] ?? 0, (series === 0 ? of[ahead - 2] : series === 1 ? of[ahead] : of[ahead - 1]) ?? 0, 1];
    });
    const windows = Map.groupBy(rows, ({ sku, origin }) => `${sku} ${origin}`)
      .values()
      .toArray();
    const perSeries = Array.from({ length: 3 }, (_, series) => {
      const own = windows
        .slice(3 * series, 3 * series + 3)
        .map((window) => [surprises(window.map(({ y }) => y)), surprises(window.map(({ c }) => c))] as const);
      const products = (by: number) =>
        sum(
          own.map(([y, c]) =>
            sum(
              c.map((value, at) => (Math.floor(at / 7) === Math.floor((at + by) / 7) ? value * (y[at + by] ?? 0) : 0)),
            ),
          ),
        );
      const size = Math.sqrt(
        sum(own.map(([y]) => sum(y.map((v) => v * v)))) * sum(own.map(([, c]) => sum(c.map((v) => v * v)))),
      );
      return {
        before: ((7 / 6) * products(-1) - products(0)) / size,
        after: ((7 / 6) * products(1) - products(0)) / size,
      };
    });
    const found = totalsOf(await implausibleSumsOf(rows), 'moves');
    expect((found['before'] ?? 0) / 1e9).toBeCloseTo(sum(perSeries.map(({ before }) => before)), 5);
    expect((found['after'] ?? 0) / 1e9).toBeCloseTo(sum(perSeries.map(({ after }) => after)), 5);
    expect(perSeries[0]?.before).toBeGreaterThan(0.8);
    expect(perSeries[1]?.after).toBeGreaterThan(0.8);
  });

  it('count series of whose surprises hardly any is left, where there is enough data to tell', async () => {
    const random = seededRandom(5);
    const rows = rowsOf(4, 28, ({ series }) => {
      const y = Math.floor(9 * random());
      return [y, series === 0 ? 3 + y / 50 : 3 + random(), 3];
    });
    expect(totalsOf(await implausibleSumsOf(rows), 'known')).toEqual({ explained: 1, told: 4 });
    const short = rows.filter(({ ahead }) => ahead <= 7);
    expect(totalsOf(await implausibleSumsOf(short), 'known')).toEqual({ explained: 0, told: 0 });
  });

  it('keep what is absurdly large within bounds', async () => {
    const rows = rowsOf(3, 30, ({ series, ahead }) => [1e12, series === 0 || ahead % 2 === 0 ? 1e12 : 0, 1e12]);
    const large = (await implausibleSumsOf(rows)).whole;
    expect(large.series).toBe(3);
    const slow = rowsOf(3, 14, () => [1e12, 0.5, 1e12]);
    const { products } = (await implausibleSumsOf(slow)).whole.families['noise'] ?? {};
    expect(products?.['sq*sq']).toBe(String(3n * 10n ** 34n));
  });

  it('do not depend on the order of rows, and those of series apart add up', async () => {
    const random = seededRandom(11);
    const rows = rowsOf(9, 14, () => [Math.floor(3 * random()), random(), random()]);
    const whole = await implausibleSumsOf(rows);
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...rows], { minLength: rows.length }), async (shuffled) => {
        expect(await implausibleSumsOf(shuffled)).toEqual(whole);
      }),
      { numRuns: 3 },
    );
    const parts = [
      await implausibleSumsOf(rows.filter(({ sku }) => sku < 'sku-4')),
      await implausibleSumsOf(rows.filter(({ sku }) => sku >= 'sku-4')),
    ];
    for (const [name, family] of Object.entries(whole.whole.families)) {
      for (const [product, text] of Object.entries(family.products)) {
        const added = parts.map((part) => BigInt(part.whole.families[name]?.products[product] ?? 0));
        expect(String(added.reduce((a, b) => a + b, 0n))).toBe(text);
      }
    }
  });

  it('look at the same sample of series whatever else is in a part', async () => {
    const rows = rowsOf(64, 14, () => [1, 1, 1]);
    const sampled = await implausibleSumsOf(rows, { implausible_max_rows: 1000 }, 4000);
    expect(sampled.whole.series).toBeGreaterThan(4);
    expect(sampled.whole.series).toBeLessThan(32);
    const half = (from: number) => rows.filter(({ sku }) => Number(sku.slice(4)) % 2 === from);
    const parts = [half(0), half(1)].map((part) => implausibleSumsOf(part, { implausible_max_rows: 1000 }, 4000));
    expect(sum((await Promise.all(parts)).map(({ whole }) => whole.series))).toBe(sampled.whole.series);
  });

  it('are those of nothing without rows after their origin', async () => {
    const rows = rowsOf(2, 1, () => [1, 1, 1]).map((row) => ({ ...row, ahead: 0 }));
    expect(await implausibleSumsOf(rows)).toEqual({ whole: { rows: 0, series: 0, families: {} }, origins: {} });
  });
});
