import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  type ClosingRule,
  comparatorOf,
  coverageOf,
  dailyRows,
} from '../../../functions/evidence/guard/guard-closed-days.ts';
import { countForecasts, readClosedDays } from '../../../functions/evidence/guard/guard-evidence-store.ts';
import { predictionPaths } from '../../../functions/platform/keys.ts';
import { datesFrom, dayAfter, demandOf, type Forecast, outcomesOf, SERIES } from '../stages/stage-world.ts';
import { GuardWorldFiles, inDirectory, logLive, logShadow, near, PROMOTED_REVISION, sell } from './guard-world.ts';

const COMPARED = { version: '2.0', previous: '1.0' };
const engine = { memoryMb: 512, threads: 2 };
const FIRST = '2026-02-01';
const LIVE = '2026-03-01';

const objectsOf = async (files: GuardWorldFiles) =>
  files.findVersions('demand', { versions: ['2.0', '1.0'], dates: await files.asOfDates('demand') });

async function count(files: GuardWorldFiles) {
  const objects = await objectsOf(files);
  return inDirectory((directory) =>
    countForecasts({ files, engine }, objects, { ...COMPARED, liveFrom: PROMOTED_REVISION, directory }),
  );
}

const RULE: ClosingRule = { since: dayAfter(LIVE, 1), until: null, minShare: 0.95, referenceDays: 28 };

async function read(files: GuardWorldFiles, rule: Partial<ClosingRule> = {}, compared = COMPARED) {
  const objects = await objectsOf(files);
  return inDirectory((directory) =>
    readClosedDays({ files, engine }, objects, { ...compared, rule: { ...RULE, ...rule }, directory }),
  );
}

/** Four weeks beside production and ten days since, all of them sold. */
function world(live: Partial<Parameters<typeof logLive>[1]> = {}): GuardWorldFiles {
  const files = new GuardWorldFiles();
  logShadow(files, { first: FIRST, days: 28 });
  logLive(files, { first: LIVE, days: 10, ...live });
  sell(files, dayAfter(FIRST, -30), 70);
  return files;
}

describe('what a promoted version was asked for', () => {
  it('is counted by as-of date: all, without an answer, and unusable, of both versions', async () => {
    const files = new GuardWorldFiles();
    logShadow(files, { first: '2026-02-28', days: 1, horizons: [1, 2] });
    const version: Forecast = (series, date) => {
      if (series.sku === 'sku-0') return null;
      if (series.sku === 'sku-1') return -1;
      return series.sku === 'sku-2' ? 'NaN' : demandOf(series, date);
    };
    logLive(files, { first: LIVE, days: 1, version });
    const none = { comparatorMissing: 0, comparatorInvalid: 0, stores: 4, skus: 10, regions: 2 };
    expect(await count(files)).toEqual([
      { date: '2026-02-28', live: false, asked: 80, missing: 0, invalid: 0, comparatorAsked: 80, ...none },
      { date: LIVE, live: true, asked: 40, missing: 4, invalid: 8, comparatorAsked: 40, ...none },
    ]);
  });

  it('is not counted where the log is damaged', async () => {
    const files = new GuardWorldFiles();
    logLive(files, { first: LIVE, days: 2 });
    const [key = ''] = [...files.objects.keys()].filter((one) => one.includes(LIVE));
    files.put(key, (files.objects.get(key) ?? Buffer.of()).subarray(0, 40));
    expect((await count(files)).map(({ date }) => date)).toEqual([dayAfter(LIVE, 1)]);
  });
});

describe('the closed days of a promoted version', () => {
  it('have the errors of the version and of both comparators on the same rows, here by the plain meaning', async () => {
    const { days } = await read(world());
    expect(days.reference.map(({ date }) => date)).toEqual(datesFrom(dayAfter(FIRST, 1), 28));
    expect(days.live.map(({ date }) => date)).toEqual(datesFrom(dayAfter(LIVE, 1), 10));
    const day = days.live[0];
    const date = dayAfter(LIVE, 1);
    const own = SERIES.reduce((sum, one) => sum + Math.abs(Number(near(1)(one, date, 1)) - demandOf(one, date)), 0);
    const previous = SERIES.reduce(
      (sum, one) => sum + Math.abs(Number(near(1.1)(one, date, 1)) - demandOf(one, date)),
      0,
    );
    const naive = SERIES.reduce(
      (sum, one) => sum + Math.abs(demandOf(one, dayAfter(date, -7)) - demandOf(one, date)),
      0,
    );
    expect(day).toEqual({
      ...{ date, keys: 40, known: 40, stores: 4, knownStores: 4, previousRows: 40, naiveRows: 40 },
      ...{ previousOwn: expect.closeTo(own, 5), previousError: expect.closeTo(previous, 5) },
      ...{ naiveOwn: expect.closeTo(own, 5), naiveError: expect.closeTo(naive, 5) },
    });
  });

  it('take for seasonal naive the latest same weekday that was known when the forecast was made', async () => {
    const files = new GuardWorldFiles();
    logLive(files, { first: LIVE, days: 1, horizons: [7, 8] });
    const [near7, far8] = [dayAfter(LIVE, 7), dayAfter(LIVE, 8)];
    sell(files, dayAfter(LIVE, -14), 30);
    const { days } = await read(files);
    const error = (date: string, back: number) =>
      SERIES.reduce((sum, one) => sum + Math.abs(demandOf(one, dayAfter(date, -back)) - demandOf(one, date)), 0);
    expect(days.live.map(({ date, naiveError }) => [date, naiveError])).toEqual([
      [near7, error(near7, 7)],
      [far8, error(far8, 14)],
    ]);
  });

  it('are those whose outcomes are there, read as last restated, and no later than asked for', async () => {
    const files = world();
    files.objects.delete(predictionPaths.outcomes(dayAfter(LIVE, 3), '20260501T000000Z', 'csv.gz'));
    files.put(predictionPaths.outcomes(dayAfter(LIVE, 4), '20260601T000000Z', 'csv.gz'), gzipSync('no table'));
    files.outcomes(outcomesOf([dayAfter(LIVE, 5)]).slice(0, 37), '20260601T000000Z');
    const { days } = await read(files, { until: dayAfter(LIVE, 8) });
    expect(days.live.map(({ date }) => date)).toEqual([1, 2, 6, 7, 8].map((index) => dayAfter(LIVE, index)));
    expect(days.open.map(({ date, known }) => [date, known])).toEqual([
      [dayAfter(LIVE, 3), 0],
      [dayAfter(LIVE, 4), 0],
      [dayAfter(LIVE, 5), 37],
    ]);
    // Eight days of the calendar, five of them closed, where all are closed before.
    expect(coverageOf(days, RULE)).toBeCloseTo(5 / 8);
  });

  it('leave out what sold out: that was not what was wanted', async () => {
    const files = world();
    const date = dayAfter(LIVE, 1);
    files.outcomes(
      outcomesOf([date], ({ sku }) => ({ stockout: sku === 'sku-0' ? 1 : 0 })),
      '20260601T000000Z',
    );
    expect((await read(files)).days.live[0]).toMatchObject({ date, known: 40, previousRows: 36 });
  });

  it('know forecasts of the version by whatever document, as when the next candidate is in its shadow', async () => {
    const files = world();
    logLive(files, { first: dayAfter(LIVE, 10), days: 1, routed: { revision: 11, promotionId: 'demand_3-0_1' } });
    expect((await read(files)).days.live).toHaveLength(11);
  });
});

describe('daily rows of a promoted version', () => {
  it('compare with the version before as long as it runs beside, else with the seasonal naive forecast on all days', async () => {
    const beside = await read(world());
    expect(comparatorOf(beside.days, '1.0')).toBe('1.0');
    const alone = await read(world({ previous: null }));
    expect(comparatorOf(alone.days, '1.0')).toBe('seasonal-naive');
    const rows = dailyRows(alone.days, 'seasonal-naive', null);
    expect(rows.every(({ comparatorAbsError }) => (comparatorAbsError ?? 0) > 0)).toBe(true);
    const first = await read(world(), {}, { version: '2.0', previous: '' });
    expect(comparatorOf(first.days, '')).toBe('seasonal-naive');
  });

  it('have no score where there is nothing to compare with', async () => {
    const { days } = await read(world({ previous: null }));
    expect(dailyRows(days, '1.0', null).at(-1)).toMatchObject({ absError: null, comparatorAbsError: null });
  });

  it('have a drift of the input by week against each series own level, and none where demand stays what it was', async () => {
    const files = world();
    const calm = await read(files);
    const psi = (found: Awaited<ReturnType<typeof read>>) =>
      dailyRows(found.days, '1.0', found.input).map(({ date, inputPsi, inputPsiCritical }) => ({
        ...{ date, psi: inputPsi ?? -1, critical: inputPsiCritical ?? -1 },
      }));
    for (const { date, psi: value } of psi(calm)) {
      if (date > LIVE) expect(value).toBeLessThan(0.1);
      else expect(value).toBe(-1);
    }
    sell(files, dayAfter(LIVE, 4), 7, 3);
    const moved = psi(await read(files));
    expect(moved.at(-1)?.psi).toBeGreaterThan(0.25);
    expect(moved.at(-1)?.psi).toBeGreaterThan(moved.at(-1)?.critical ?? 0);
    expect(moved.find(({ date }) => date === dayAfter(LIVE, 3))?.psi).toBeLessThan(0.1);
  });
});
