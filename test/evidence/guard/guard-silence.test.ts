import { describe, expect, it } from 'vitest';
import type { DayErrors } from '../../../functions/evidence/guard/guard-closed-days.ts';
import type { Arrival, Spread } from '../../../functions/evidence/guard/guard-item.ts';
import {
  incompleteOutcomes,
  missingStores,
  overdue,
  overdueDates,
  spreadsAfter,
} from '../../../functions/evidence/guard/guard-silence.ts';
import { plusDays } from '../../../functions/platform/duration.ts';

const RULES = { graceSeconds: 6 * 3600, missingShare: 0.5 };
/** A Sunday. */
const FIRST = '2026-03-01';

/** Days in order, each at five on the day itself unless told. */
function daily(count: number, cameAt: (date: string) => string = (date) => `${date}T05:00:00.000Z`): Arrival[] {
  const dates = Array.from({ length: count }, (_, index) => plusDays(FIRST, index));
  return dates.map((date) => ({ date, at: cameAt(date) }));
}

describe('a business date without data', () => {
  const dates = (arrivals: readonly Arrival[], now: string) => overdueDates(arrivals, now, RULES)?.dates;

  it('is overdue once the usual time of day and the grace are over, and not before', () => {
    // The last of them is the 28th.
    expect(dates(daily(28), '2026-03-29T10:59:00.000Z')).toEqual([]);
    expect(dates(daily(28), '2026-03-29T11:01:00.000Z')).toEqual(['2026-03-29']);
    expect(dates(daily(28), '2026-03-31T11:01:00.000Z')).toEqual(['2026-03-29', '2026-03-30', '2026-03-31']);
  });

  it('is not missed on a weekday that never has any', () => {
    const weekdays = daily(27).filter(({ date }) => ![0, 6].includes(new Date(date).getUTCDay()));
    // Friday the 27th is the last; the weekend is none, the Monday is.
    expect(weekdays.at(-1)?.date).toBe('2026-03-27');
    expect(dates(weekdays, '2026-03-30T10:00:00.000Z')).toEqual([]);
    expect(dates(weekdays, '2026-03-30T12:00:00.000Z')).toEqual(['2026-03-30']);
  });

  it('is told by what is usual: one late day moves nothing, and what comes days later is awaited as long', () => {
    const late = daily(28, (date) => (date === '2026-03-10' ? '2026-03-14T05:00:00.000Z' : `${date}T05:00:00.000Z`));
    expect(dates(late, '2026-03-29T11:01:00.000Z')).toEqual(['2026-03-29']);
    const afterwards = daily(28, (date) => `${plusDays(date, 3)}T05:00:00.000Z`);
    expect(dates(afterwards, '2026-04-01T10:00:00.000Z')).toEqual([]);
    expect(dates(afterwards, '2026-04-01T12:00:00.000Z')).toEqual(['2026-03-29']);
  });

  it('is not told of while nothing is usual yet, nor where history is replayed', () => {
    expect(overdueDates([], '2026-03-29T12:00:00.000Z', RULES)).toBeNull();
    expect(overdueDates(daily(6), '2026-05-29T12:00:00.000Z', RULES)).toBeNull();
    const replayed = daily(28, () => '2026-11-01T00:00:00.000Z');
    expect(dates(replayed, '2026-11-03T00:00:00.000Z')).toEqual([]);
  });

  it('is named by the finding, with the last that came and what is usual', () => {
    const [found] = overdue('NO_OUTCOMES', daily(28), '2026-04-10T00:00:00.000Z', RULES);
    expect(found).toEqual({
      code: 'NO_OUTCOMES',
      got: 'none of 2026-03-29, 2026-03-30, 2026-03-31, 2026-04-01, 2026-04-02 and 7 more; the last are of 2026-03-28 and came at 2026-03-28T05:00:00.000Z',
      allowed: 'there 5 h after a business date begins, as usual, or 6 h later',
    });
    expect(overdue('NO_OUTCOMES', daily(28), '2026-03-28T12:00:00.000Z', RULES)).toEqual([]);
  });
});

describe('stores that are not asked for', () => {
  const on = (index: number, over: Partial<Spread> = {}) => ({
    ...{ date: plusDays(FIRST, index), stores: 40, skus: 300, regions: 4 },
    ...over,
  });
  const spread = (...days: readonly Omit<Spread, 'isShort'>[]) => spreadsAfter([], days, RULES);
  const usual = Array.from({ length: 7 }, (_, index) => on(index));

  it('are told of when half of the usual ones are missing: how many of how many, and since when', () => {
    expect(missingStores(spread(...usual, on(7, { stores: 21 })), RULES)).toEqual([]);
    const spreads = spread(...usual, on(7, { stores: 20 }), on(8, { stores: 12, regions: 2 }));
    expect(missingStores(spreads, RULES)).toMatchObject([
      {
        code: 'STORES_MISSING',
        got: '12 of 40 stores, 2 of 4 regions on 2026-03-09, and too few on all 2 dates since 2026-03-08',
      },
    ]);
  });

  it('are told of as long as they are missing: a gap does not become usual, however long it lasts', () => {
    const gap = Array.from({ length: 20 }, (_, index) => on(7 + index, { skus: 150 }));
    expect(missingStores(spread(...usual, ...gap), RULES)).toMatchObject([
      { got: expect.stringContaining('on all 20 dates since') },
    ]);
    expect(missingStores(spread(...usual, ...gap, on(27)), RULES)).toEqual([]);
  });

  it('are nothing to tell of before two dates say what is usual, nor where there was only one', () => {
    expect(missingStores(spread(on(0), on(1, { stores: 1 })), RULES)).toEqual([]);
    const single = [0, 1, 2].map((index) => on(index, { stores: 1, regions: 0 }));
    expect(missingStores(spread(...single, on(3, { stores: 1, regions: 0 })), RULES)).toEqual([]);
  });

  it('count once, however often a date is looked at, and as last looked at', () => {
    const first = spread(...usual, on(7, { stores: 10 }));
    const again = spreadsAfter(first, [on(7)], RULES);
    expect(again).toHaveLength(8);
    expect(missingStores(again, RULES)).toEqual([]);
  });
});

describe('outcomes of half the stores', () => {
  const open = (index: number, over: Partial<DayErrors> = {}): DayErrors => ({
    ...{ date: plusDays(FIRST, index), keys: 400, known: 200, stores: 40, knownStores: 20 },
    ...{ previousRows: 0, previousOwn: 0, previousError: 0, naiveRows: 0, naiveOwn: 0, naiveError: 0 },
    ...over,
  });
  const told = new Set([0, 1, 2].map((index) => plusDays(FIRST, index)));

  it('are told of: which days, how many of how many', () => {
    expect(incompleteOutcomes([open(0), open(1, { known: 120, knownStores: 12 })], told, RULES)).toMatchObject([
      {
        code: 'OUTCOMES_INCOMPLETE',
        got: 'sales of 12 of 40 stores (120 of 400 forecasts) on 2026-03-02; too few on 2026-03-01, 2026-03-02',
      },
    ]);
  });

  it('are not a day that is nearly whole, nor one of which nobody said anything', () => {
    expect(incompleteOutcomes([open(0, { known: 201 }), open(5, { known: 0 })], told, RULES)).toEqual([]);
  });
});
