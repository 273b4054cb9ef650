import { beforeEach, describe, expect, it } from 'vitest';
import { GuardItemStore } from '../../../functions/evidence/guard/guard-item-store.ts';
import type { GuardPorts } from '../../../functions/evidence/guard/guard-ports.ts';
import { lookAtPromoted } from '../../../functions/evidence/guard/look-at-promoted.ts';
import { onFreshStage } from '../../fakes/fresh-stage.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import type { Tables } from '../../fakes/tables.ts';
import { datesFrom, dayAfter, type Forecast, outcomesOf, SERIES } from '../stages/stage-world.ts';
import { guardPorts, type Heard, promoteGuarded } from './guard-stand.ts';
import { GuardWorldFiles, logLive, logShadow, near, sell } from './guard-world.ts';

const FIRST = '2026-02-01';
const LIVE = '2026-03-01';
/** The first of the two stores out of four that there is nothing of. */
const HALF = SERIES.filter(({ store }) => store < 'store-2');

describe('A version that serves, and nothing to judge it by', () => {
  let stage: ReleaseStage;
  let tables: Tables;
  onFreshStage((fresh, shared) => {
    [stage, tables] = [fresh, shared];
  });
  let files: GuardWorldFiles;
  let heard: Heard;
  let now: string;

  beforeEach(async () => {
    await stage.onboard();
    await stage.promote('1.0');
    await promoteGuarded(stage);
    files = new GuardWorldFiles(stage.model);
    files.isLive = true;
    heard = { started: [], told: [], alerts: [], reads: 0 };
  });

  const look = (at: string, over: Partial<GuardPorts> = {}) => {
    now = `${at}:00.000Z`;
    return lookAtPromoted({ ...guardPorts({ stage, tables, files }, heard, () => now), ...over });
  };
  const item = () => new GuardItemStore(tables.client, tables.registry).read(stage.model);
  const warnings = async () => (await item())?.warnings.map(({ code }) => code);
  const silence = () => heard.told.filter((signal) => signal === 'GUARD_SILENT');

  /** Forecasts of four weeks beside production and of so many days since; sales up to the day before the last. */
  function forecast(days: number, sold = days - 1): void {
    logShadow(files, { first: FIRST, days: 28 });
    logLive(files, { first: LIVE, days });
    sell(files, dayAfter(FIRST, -30), 58 + sold);
  }

  it('is not confirmed when outcomes stay away, and people are told of which days', async () => {
    forecast(13);
    expect(await look('2026-03-13T12:00')).toMatchObject([{ status: 'armed', decision: 'OK' }]);
    // From here on forecasts go on, and nobody tells what was sold.
    logLive(files, { first: dayAfter(LIVE, 13), days: 4 });
    await look('2026-03-17T12:00');
    expect(await look('2026-03-17T12:05')).toMatchObject([{ status: 'armed', decision: 'WARN' }]);
    expect(await item()).toMatchObject({
      warnings: [
        { code: 'NO_OUTCOMES', got: expect.stringMatching(/^none of 2026-03-13, 2026-03-14, 2026-03-15, 2026-03-16;/) },
      ],
    });
    expect([heard.started, silence().length]).toEqual([[], 1]);
    expect(heard.alerts).toMatchObject([
      { version: '', rolledBack: false, detail: expect.stringContaining('2026-03-14'), trigger: 'system:guard' },
    ]);
    // They come after all: what was missing is judged, and the version confirmed.
    sell(files, dayAfter(LIVE, 12), 5);
    await look('2026-03-18T04:30');
    logLive(files, { first: dayAfter(LIVE, 17), days: 1 });
    await look('2026-03-18T05:30');
    sell(files, dayAfter(LIVE, 17), 1);
    expect(await look('2026-03-19T04:30')).toMatchObject([{ status: 'disarmed', decision: 'OK' }]);
  });

  it('is not confirmed when nobody asks for forecasts, and people are told since when', async () => {
    forecast(8, 8);
    await look('2026-03-09T04:30');
    expect(await warnings()).toEqual([]);
    await look('2026-03-09T12:00');
    expect(await item()).toMatchObject({
      warnings: [{ code: 'NO_FORECASTS', got: expect.stringContaining('the last are of 2026-03-08') }],
    });
    // Sales go on; the period ends, and nothing is confirmed by eight days of fourteen.
    sell(files, dayAfter(LIVE, 8), 12);
    await look('2026-03-21T05:00');
    await look('2026-03-21T05:05');
    expect(await look('2026-03-21T05:10')).toMatchObject([{ status: 'armed' }]);
    expect([heard.started, silence().length, heard.alerts.length]).toEqual([[], 1, 1]);
  });

  it('is not confirmed by half the stores, neither of those asked for nor of those told of', async () => {
    forecast(6);
    await look('2026-03-06T12:00');
    logLive(files, { first: dayAfter(LIVE, 6), days: 2, series: HALF });
    files.outcomes(outcomesOf(datesFrom(dayAfter(LIVE, 5), 3)), '20260501T000000Z');
    await look('2026-03-08T12:00');
    expect(await item()).toMatchObject({
      decision: expect.stringMatching(/INSUFFICIENT|WARN/),
      warnings: [
        { code: 'FEWER_REQUESTS' },
        { code: 'STORES_MISSING', got: '2 of 4 stores, 1 of 2 regions on 2026-03-07' },
      ],
    });
    // Asked for whole again; what was sold is told of half the stores.
    logLive(files, { first: dayAfter(LIVE, 8), days: 9 });
    const half = outcomesOf(datesFrom(dayAfter(LIVE, 8), 9)).filter(({ store }) => store < 'store-2');
    files.outcomes(half, '20260501T000000Z');
    await look('2026-03-18T04:30');
    expect(await look('2026-03-18T04:35')).toMatchObject([{ status: 'armed' }]);
    expect((await item())?.warnings).toContainEqual(
      expect.objectContaining({
        code: 'OUTCOMES_INCOMPLETE',
        got: expect.stringMatching(
          /^sales of 2 of 4 stores \(20 of 40 forecasts\) on 2026-03-17; too few on 2026-03-10/,
        ),
      }),
    );
    expect([heard.started, silence().length]).toEqual([[], 2]);
  });

  it('is gone back from when it leaves out half of what it was asked: that is a fault, and no silence', async () => {
    forecast(4, 4);
    await look('2026-03-04T12:00');
    const version: Forecast = (series, ...of) => (series.store < 'store-2' ? near(1)(series, ...of) : null);
    logLive(files, { first: dayAfter(LIVE, 4), days: 1, version });
    expect(await look('2026-03-05T12:00')).toMatchObject([{ decision: 'ROLLBACK' }]);
    expect(await item()).toMatchObject({ reasons: [{ code: 'VOLUME_DROP' }] });
    expect(heard.started).toHaveLength(1);
    expect(silence()).toEqual([]);
  });

  it('is watched on once it is confirmed, cheaply: at most once an hour, and told of instead of taken back', async () => {
    forecast(14);
    await look('2026-03-15T12:00');
    sell(files, dayAfter(LIVE, 13), 2);
    logLive(files, { first: dayAfter(LIVE, 14), days: 1 });
    await look('2026-03-16T04:30');
    expect(await look('2026-03-16T04:35')).toMatchObject([{ status: 'disarmed', decision: 'OK' }]);
    await look('2026-03-16T04:40');
    heard.reads = 0;
    logLive(files, { first: dayAfter(LIVE, 15), days: 1, previous: null });
    await look('2026-03-16T05:10');
    expect(heard.reads).toBe(0);
    await look('2026-03-16T13:00');
    expect(heard.reads).toBe(1);
    sell(files, dayAfter(LIVE, 15), 1);
    await look('2026-03-17T04:30');
    expect(await item()).toMatchObject({ status: 'disarmed', accuracy: { comparator: 'seasonal-naive' } });

    // Broken forecasts of the next day: owner and approvers are told, and nothing moves.
    logLive(files, { first: dayAfter(LIVE, 16), days: 1, previous: null, version: () => -1 });
    expect(await look('2026-03-17T06:00')).toMatchObject([{ status: 'disarmed', decision: 'ROLLBACK' }]);
    expect(heard.started).toEqual([]);
    expect(heard.alerts.at(-1)).toMatchObject({ version: '2.0', rolledBack: false, cause: 'data-corruption' });
  });

  it('is told of at the next look when nobody can be told now, and nothing else changes by it', async () => {
    forecast(4);
    logLive(files, { first: dayAfter(LIVE, 4), days: 1, version: () => -1 });
    const sendAlert = async () => {
      throw new Error('No mailbox answers.');
    };
    expect(await look('2026-03-05T12:00', { sendAlert })).toMatchObject([{ decision: 'ROLLBACK' }]);
    expect(heard.started).toHaveLength(1);
    expect(heard.told).toContain('GUARD_ALERT_NOT_SENT');
    await look('2026-03-05T12:05');
    await look('2026-03-05T12:10');
    expect(heard.alerts).toMatchObject([{ version: '2.0', rolledBack: true }]);
  });
});
