import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { plusDays } from '../../functions/platform/duration.ts';
import type { Demand } from '../../infra/demo/demand.ts';

import { STOCK_RULES } from '../../infra/demo/inventory.ts';
import { batchesOf, type ForecastEvent, HORIZON_DAYS, Replay } from '../../infra/demo/replay.ts';

const DEMAND: Demand = {
  firstDate: '2026-03-01',
  days: 40,
  series: [
    { sku: 'milk', store: 'A', region: 'north', category: 'dairy', start: 0, units: new Array<number>(40).fill(5) },
    { sku: 'new', store: 'A', region: 'north', category: '', start: 31, units: new Array<number>(9).fill(2) },
  ],
};

function replayOf(units: number) {
  const events: ForecastEvent[] = [];
  const objects = new Map<string, string>();
  const replay = new Replay({
    ...{ model: 'demand', demand: DEMAND, firstDay: 30, rules: STOCK_RULES },
    ports: {
      forecast: async (event) => {
        events.push(event);
        const forecasts = event.requests.flatMap(({ sku, store }) =>
          Array.from({ length: event.horizonDays }, (_, ahead) => ({
            ...{ sku, store, targetDate: plusDays(event.asOf, ahead + 1), units },
            ...{ version: '1.0.0', arm: 'production' as const },
          })),
        );
        return { revision: 4, forecasts };
      },
      put: async (key, body) => void objects.set(key, gunzipSync(body).toString()),
    },
  });
  return { replay, events, objects };
}

describe('A replayed day', () => {
  it('is forecast the evening before, from the true demand until then and nothing later', async () => {
    const { replay, events } = replayOf(5);
    await replay.playDay();
    expect(events).toEqual([
      {
        ...{ model: 'demand', asOf: '2026-03-30', horizonDays: HORIZON_DAYS, requestId: 'replay-2026-03-30-1' },
        requests: [
          { sku: 'milk', store: 'A', region: 'north', category: 'dairy', history: new Array<number>(30).fill(5) },
        ],
      },
    ]);
  });

  it('takes a series in once something is known of it', async () => {
    const { replay, events } = replayOf(5);
    for (let day = 0; day < 3; day += 1) await replay.playDay();
    expect(events.map(({ requests }) => requests.map(({ sku, history }) => `${sku} ${history.length}`))).toEqual([
      ['milk 30'],
      ['milk 31'],
      ['milk 32', 'new 1'],
    ]);
  });

  it('leaves outcomes of the whole day under a name that the next morning gives', async () => {
    const { replay, objects } = replayOf(5);
    const told = await replay.playDay();
    expect([...objects]).toEqual([
      [
        'outcomes/date=2026-03-31/asof=20260401T050000Z.csv.gz',
        'date,sku,store,region,category,units,on_hand,stockout,overstock_units\n2026-03-31,milk,A,north,dairy,5,5,0,0\n',
      ],
    ]);
    const one = { date: '2026-03-31', revision: 4, servedBy: { 'production 1.0.0': 1 }, series: 1, stockouts: 0 };
    expect(told).toEqual(one);
  });

  it('keeps the stock from day to day: a forecast of nothing empties the shelves', async () => {
    const { replay } = replayOf(0);
    const days = [await replay.playDay(), await replay.playDay()];
    expect(days.map(({ stockouts }) => stockouts)).toEqual([1, 1]);
    expect(replay.served).toHaveLength(2 * HORIZON_DAYS);
  });

  it('ends with the history', async () => {
    const { replay } = replayOf(5);
    while (replay.daysLeft > 0) await replay.playDay();
    await expect(replay.playDay()).rejects.toThrow('used up');
  });
});

describe('Batches', () => {
  const request = (sku: string, days: number) => ({
    ...{ sku, store: 'A', region: 'north', category: '' },
    history: new Array<number>(days).fill(7),
  });

  it('are one as long as everything fits', () => {
    expect(batchesOf([request('a', 10), request('b', 10)])).toHaveLength(1);
    expect(batchesOf([])).toEqual([]);
  });

  it('stay below the limit, in order, without losing a request', () => {
    const requests = Array.from({ length: 100 }, (_, index) => request(`sku-${index}`, 200));
    const batches = batchesOf(requests, 10_000);
    expect(batches.length).toBeGreaterThan(4);
    expect(batches.flat()).toEqual(requests);
    for (const batch of batches) expect(JSON.stringify(batch).length).toBeLessThan(10_000);
  });
});
