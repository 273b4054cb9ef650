import { describe, expect, it } from 'vitest';
import { mergeOffline, offlineSums } from '../../../functions/evidence/offline/offline-sums.ts';
import { goodSums } from '../../fakes/backtest.ts';

const series = (sku: string, store: string) => ({
  ...({ sku, store, regime: 'smooth', volume: 'A', adi: 1, cv2: 0 } as const),
});

describe('sums of parts', () => {
  it('add up name by name; what only one part has stays as it is', () => {
    const one = goodSums({ segments: { 'region:north': { actual: 1e9 } }, origins: ['2026-01-05', '2026-02-05'] });
    const other = goodSums({ segments: { 'region:south': {} }, counts: { rows: 7 }, origins: ['2026-02-05'] });
    const { groups, counts, origins } = mergeOffline([one, other]);
    expect(counts).toMatchObject({ rows: 1007, kept_rows: 2000 });
    expect(origins).toEqual({ '2026-01-05': 250, '2026-02-05': 500 });
    expect(groups['region:north']).toEqual(one.groups['region:north']);
    expect(groups['region:south']).toEqual(other.groups['region:south']);
    expect(groups['overall']).toMatchObject({ n: 2000, y: '20000000000', bySeries: { clusters: 100 } });
    expect(groups['overall']?.origins['2026-01-05']).toMatchObject({ n: 500, ec: '450000000' });
  });

  it('are exact beyond what a number holds', () => {
    const huge = { ...goodSums(), rows: { ...goodSums().rows, smape_c: '9007199254740993' } };
    expect(mergeOffline([huge, huge, huge]).rows.smape_c).toBe('27021597764222979');
  });

  it('keep what is known of the whole, and list series in one order whatever the order of the parts', () => {
    const one = { ...goodSums({ folds_with_many_origins: 2 }), series: [series('b', 's'), series('z', 'a')] };
    const other = {
      ...goodSums({ folds_with_many_origins: 2 }),
      series: [series('b', 'a'), series('é', 'a'), series('z', '')],
    };
    const merged = mergeOffline([one, other]);
    expect(merged.folds_with_many_origins).toBe(2);
    expect(merged.series.map(({ sku, store }) => `${sku}|${store}`)).toEqual(['b|a', 'b|s', 'z|', 'z|a', 'é|a']);
    expect(mergeOffline([other, one])).toEqual(merged);
  });

  it('survive being written as JSON, and sums that are no integers are refused', () => {
    expect(offlineSums.parse(JSON.parse(JSON.stringify(goodSums())))).toEqual(goodSums());
    expect(offlineSums.safeParse({ ...goodSums(), rows: { ...goodSums().rows, naive_y: '1.5' } }).success).toBe(false);
  });

  it('need a part', () => {
    expect(() => mergeOffline([])).toThrow('no part');
  });
});
