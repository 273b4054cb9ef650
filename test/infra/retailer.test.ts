import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { STRICT_OFFLINE } from '../../functions/evidence/offline/offline-config.ts';
import { inspectBacktest, inspectHistory } from '../../functions/evidence/tables/inspect-backtest.ts';
import { generateRetailer } from '../../infra/demo/retailer.ts';
import { resultOf } from '../fakes/backtest.ts';

describe('The generated retailer', () => {
  it('is the same bytes for the same seed and others for another', () => {
    const first = generateRetailer(1);
    expect(generateRetailer(1)).toEqual(first);
    expect(generateRetailer(2).history.equals(first.history)).toBe(false);
  });

  it('is handed in as files that registration accepts', () => {
    const { history, backtests } = generateRetailer(1);
    expect(inspectHistory(history)).toEqual([]);
    expect(Object.values(backtests).map((backtest) => inspectBacktest(backtest))).toEqual([[], [], []]);
    expect(gunzipSync(history).toString().split('\n')).toHaveLength(400 * (731 - 154) + 2);
    expect(gunzipSync(backtests.first).toString().split('\n')).toHaveLength(400 * 8 * 14 + 2);
  });

  it.each([1, 42])('has two candidates that pass and a biased one that does not, with seed %i', async (seed) => {
    const { history, backtests } = generateRetailer(seed);
    const judged = async (backtest: Buffer) => resultOf(backtest, { history, config: STRICT_OFFLINE });
    for (const good of [backtests.first, backtests.second]) {
      expect(await judged(good)).toMatchObject({ decision: 'PASS', reasons: [], pending: [], warnings: [] });
    }
    const biased = await judged(backtests.biased);
    expect(biased.decision).toBe('FAIL');
    expect(biased.reasons).toContain('BIAS');
  });

  it('has fast and slow movers in every regime', async () => {
    const { history, backtests } = generateRetailer(1);
    const names = Object.keys((await resultOf(backtests.first, { history })).segments);
    expect(names).toEqual(
      expect.arrayContaining(['regime:smooth', 'regime:erratic', 'regime:intermittent', 'regime:lumpy']),
    );
    expect(names).toEqual(expect.arrayContaining(['volume:A', 'volume:B', 'volume:C', 'region:north', 'region:west']));
  });

  it('opens its calendar on a Monday, and hands in nothing of the days that are kept back', () => {
    const { demand, history, backtests } = generateRetailer(1);
    expect(new Date(`${demand.firstDate}T00:00:00Z`).getUTCDay()).toBe(1);
    const lastDate = (file: Buffer) =>
      (
        gunzipSync(file)
          .toString()
          .match(/\d{4}-\d{2}-\d{2}/g) ?? []
      ).reduce((a, b) => (a > b ? a : b));
    expect([lastDate(history), lastDate(backtests.second)]).toEqual(['2025-07-30', '2025-07-30']);
  });
});
