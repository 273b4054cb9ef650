import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { inspectBacktest, inspectHistory } from '../../functions/evidence/inspect-backtest.ts';
import { judgeOffline } from '../../functions/evidence/offline.ts';
import { generateRetailer } from '../../infra/demo/retailer.ts';
import { dateOf, generateDemand, seededRandom } from '../../infra/demo/retailer-demand.ts';
import {
  type Forecaster,
  seasonalNaive,
  smoothedLevel,
  underforecast,
  weekdayMean,
} from '../../infra/demo/retailer-forecasts.ts';
import { sumsOf, thresholds } from '../fakes/backtest.ts';

const forecasters: readonly (readonly [string, Forecaster])[] = [
  ['seasonalNaive', seasonalNaive],
  ['weekdayMean', weekdayMean],
  ['smoothedLevel', smoothedLevel],
  ['underforecast', underforecast],
];

describe('the generated retailer', () => {
  it('is the same bytes for the same seed and others for another', () => {
    const first = generateRetailer(1);
    expect(generateRetailer(1)).toEqual(first);
    expect(generateRetailer(2).history.equals(first.history)).toBe(false);
  });

  it('is handed in as files that registration accepts', () => {
    const { history, backtests } = generateRetailer(1);
    expect(inspectHistory(history)).toEqual([]);
    expect(Object.values(backtests).map((backtest) => inspectBacktest(backtest))).toEqual([[], [], []]);
    expect(gunzipSync(history).toString().split('\n')).toHaveLength(160 * 731 + 2);
    expect(gunzipSync(backtests.first).toString().split('\n')).toHaveLength(160 * 8 * 14 + 2);
  });

  it.each([1, 42])('has two candidates that pass and a biased one that does not, with seed %i', async (seed) => {
    const { history, backtests } = generateRetailer(seed);
    const judged = async (backtest: Buffer) => judgeOffline(await sumsOf(backtest, history), thresholds());
    for (const good of [backtests.first, backtests.second]) {
      expect(await judged(good)).toMatchObject({ verdict: 'PASS', reasons: [], pending: [], warnings: [] });
    }
    const biased = await judged(backtests.biased);
    expect(biased.verdict).toBe('FAIL');
    expect(biased.reasons[0]?.code).toBe('BIAS');
  });

  it('has fast and slow movers in every regime', async () => {
    const { history, backtests } = generateRetailer(1);
    const names = (await sumsOf(backtests.first, history)).segments.map(({ segment }) => segment);
    expect(names).toEqual(
      expect.arrayContaining(['regime:smooth', 'regime:erratic', 'regime:intermittent', 'regime:lumpy']),
    );
    expect(names).toEqual(expect.arrayContaining(['volume:A', 'volume:B', 'volume:C', 'region:north', 'region:west']));
  });
});

describe('the demo forecasters', () => {
  const demand = generateDemand(seededRandom(7));
  const past = (days: number) => demand.map((series) => ({ ...series, units: series.units.slice(0, days) }));

  it.each(forecasters)('%s answers a finite, non-negative forecast for each series and day', (_, forecast) => {
    const forecasts = forecast(past(400), 14);
    expect(forecasts.map((series) => series.length)).toEqual(demand.map(() => 14));
    expect(forecasts.flat().every((units) => Number.isFinite(units) && units >= 0)).toBe(true);
  });

  it('repeat the last known value of the weekday, or the mean of the last four', () => {
    const week = (units: number) => Array.from({ length: 7 }, (_, day) => units + day);
    const series = [{ sku: 'a', store: 'b', region: 'c', category: 'd', units: [10, 20, 30, 40].flatMap(week) }];
    expect(seasonalNaive(series, 8)).toEqual([[40, 41, 42, 43, 44, 45, 46, 40]]);
    expect(weekdayMean(series, 8)).toEqual([[25, 26, 27, 28, 29, 30, 31, 25]]);
  });

  it('start the calendar on a Monday and count days without a clock', () => {
    expect([dateOf(0), dateOf(59), dateOf(730)]).toEqual(['2024-01-01', '2024-02-29', '2025-12-31']);
    expect(new Date(`${dateOf(0)}T00:00:00Z`).getUTCDay()).toBe(1);
  });
});
