import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { judgeOffline } from '../../../functions/evidence/offline/offline.ts';
import { splitOffline } from '../../../functions/evidence/offline/offline-shards-store.ts';
import { sumOfflineShard } from '../../../functions/evidence/offline/offline-sums-store.ts';
import {
  BACKTEST_HEADER,
  csvOf,
  historyCsv,
  resultOf,
  row,
  sumsInParts,
  thresholds,
  withFiles,
} from '../../fakes/backtest.ts';

const HEADER = `${BACKTEST_HEADER},cand_q10,cand_q90,base_q10`;
const days = (from: string, count: number) =>
  Array.from({ length: count }, (_, index) =>
    new Date(Date.parse(from) + index * 86_400_000).toISOString().slice(0, 10),
  );
const series = ['milk', 'bread', 'tea'].flatMap((sku) => ['harbour', 'hill', 'ü'].map((store) => ({ sku, store })));

/** Every kind of trouble: unreadable keys, duplicates, conflicts, folds with two origins, unusable cells, history with gaps. */
const rows = [
  ...['2026-01-05', '2026-01-12', '2026-01-19'].flatMap((origin_date, fold) =>
    days(origin_date, 4)
      .slice(1)
      .flatMap((target_date, day) =>
        series.map((one, index) =>
          row({
            ...{
              ...one,
              origin_date,
              target_date,
              horizon: day + 1,
              region: `region-${index % 2}`,
              fold_id: `f${fold}`,
            },
            ...{
              actual: (index * 7 + day) % 5,
              candidate: index + day / 3,
              baseline: index + 1.5,
              trained_through: origin_date,
            },
            ...{ cand_q10: index / 2, cand_q90: index + 2, base_q10: 1 },
          }),
        ),
      ),
  ),
  row({ target_date: 'soon' }),
  row({ sku: '', fold_id: 'f0' }),
  ...[row({ sku: 'late', fold_id: 'f0' }), row({ sku: 'late', origin_date: '2026-01-19', fold_id: 'f0' })],
  ...[row({ sku: 'twice', candidate: 1 }), row({ sku: 'twice', candidate: '1.0' })],
  ...[row({ sku: 'torn', candidate: 1 }), row({ sku: 'torn', candidate: 2 }), row({ sku: 'torn', horizon: 3 })],
  ...['', 'NaN', -1].map((candidate, index) => row({ sku: `bad-${index}`, candidate })),
];
const history = historyCsv([
  ...days('2025-11-20', 60).flatMap((date, day) =>
    series
      .map((one, index) => ({ ...one, date, units: (day * (index + 3)) % (index + 2) }))
      .filter((_, index) => (day + index) % 5 > 0),
  ),
  ...[-1, 'NaN'].map((units, index) => ({ sku: 'milk', store: 'hill', date: `2025-11-0${index + 1}`, units })),
  ...[1, 2].map((units) => ({ sku: 'tea', store: 'ü', date: '2025-12-31', units })),
  { sku: 'coal', store: 'hill', date: '2025-12-31', units: 900 },
  { sku: 'coal', store: 'hill', date: 'x', units: 900 },
]);
const backtest = csvOf(HEADER, rows);
const recordedActuals = historyCsv(series.map((one, index) => ({ ...one, date: '2026-01-06', units: index % 3 })));
const beside = { history, recordedActuals, config: { fold_min_rows: 10, fold_min_series: 3 } };

describe('a backtest in parts', () => {
  it.each([1, 2, 7, 64])('gives the same bytes in %i parts as in one piece', async (shards) => {
    const config = thresholds(beside.config);
    const whole = await resultOf(backtest, beside);
    const merged = await sumsInParts(backtest, beside, shards);
    expect(JSON.stringify(judgeOffline(merged, config).result)).toBe(JSON.stringify(whole));
  });

  it('is in every kind of trouble here, so that the above says something', async () => {
    const { quality, leakage, recorded, folds, overall } = await resultOf(backtest, beside);
    expect(quality).toMatchObject({
      ...{ bad_date: 2, duplicate_rows: 1, conflicting_keys: 1, candidate_missing: 1, candidate_nonfinite: 1 },
    });
    expect(leakage).toMatchObject({ folds_with_many_origins: 1, n_origins: 3 });
    expect(recorded?.actuals).toMatchObject({ compared: 9 });
    expect(Object.keys(folds ?? {})).toHaveLength(3);
    expect(overall.quantiles.cand?.rows).toBeGreaterThan(50);
  });

  it('is split by the hash that is documented, into files that are all there', async () => {
    await withFiles({ rows: backtest, history }, async ({ rows: path = '', history: other = '' }, directory) => {
      const engine = { memoryMb: 512, threads: 2, directory };
      const { shardFiles } = await splitOffline({ rows: path, history: other }, { shards: 3, directory }, engine);
      expect(readdirSync(directory)).toEqual(
        expect.arrayContaining(
          shardFiles.flatMap((one) => Object.values(one)).map((file) => file.slice(directory.length + 1)),
        ),
      );
      // printf 'milk\x1fharbour' | md5sum begins with aa52a2fe, which leaves 2 when divided by 3.
      const frame = { origins: ['2026-01-05'], folds_with_many_origins: 0, keyed_rows: 0, volumes: {} };
      const shape = { category: true, fold: true, trained: true, features: true, quantiles: { cand: [], base: [] } };
      const holding = [];
      for (const one of shardFiles) {
        const { series: found } = await sumOfflineShard(one, { ...frame, shape }, thresholds(), engine);
        holding.push(found.some(({ sku, store }) => sku === 'milk' && store === 'harbour'));
      }
      expect(holding).toEqual([false, false, true]);
    });
  });

  it('is refused with every fault of its files', async () => {
    const split = withFiles(
      { rows: 'a\n1\n', history: 'sku,store,date\n1,2,3\n' },
      ({ rows: path = '', history: other = '' }, directory) =>
        splitOffline(
          { rows: path, history: other },
          { shards: 2, directory },
          { memoryMb: 512, threads: 2, directory },
        ),
    );
    await expect(split).rejects.toMatchObject({ code: 'UNUSABLE_EVIDENCE', reasons: { length: 10 } });
  });
});
