import { describe, expect, it } from 'vitest';
import { firstLiveDate, withoutMistyped } from '../../../functions/evidence/guard/guard-dates.ts';
import { datesFrom } from '../stages/stage-world.ts';

const WEEK = datesFrom('2026-03-01', 7).toReversed();

describe('as-of dates', () => {
  it('that are still to come and far from all others are mistyped', () => {
    expect(withoutMistyped(['2062-03-05', '2062-03-04', ...WEEK], '2026-03-07')).toEqual(WEEK);
    expect(withoutMistyped(['2099-01-01', '2062-03-04', ...WEEK], '2026-03-07')).toEqual(WEEK);
    expect(withoutMistyped(['2026-04-07', ...WEEK], '2026-03-07')).toEqual(WEEK);
    expect(withoutMistyped(['2026-03-08', ...WEEK], '2026-03-07')).toEqual(['2026-03-08', ...WEEK]);
  });

  it('stay as they are when nobody asked for long, or history is replayed', () => {
    const paused = ['2026-05-01', ...WEEK];
    expect(withoutMistyped(paused, '2026-05-01')).toEqual(paused);
    expect(withoutMistyped(WEEK, '2020-01-01')).toEqual(WEEK);
    expect(withoutMistyped(WEEK, '2030-01-01')).toEqual(WEEK);
    expect(withoutMistyped(['2062-03-05'], '2026-03-07')).toEqual(['2062-03-05']);
    expect(withoutMistyped([], '2026-03-07')).toEqual([]);
  });
});

describe('the first date of a promoted version', () => {
  const routed = (date: string, revision: number, bytes = 1000) => ({
    key: `${date}-${revision}`,
    date,
    revision,
    bytes,
  });
  const before = datesFrom('2026-02-01', 28).map((date) => routed(date, 7));
  const since = datesFrom('2026-03-01', 5).map((date) => routed(date, 8));

  it('is the first that its document, or a later one, routed', () => {
    expect(firstLiveDate([...before, ...since], 8)).toBe('2026-03-01');
    expect(firstLiveDate([...since, ...before].toReversed(), 8)).toBe('2026-03-01');
    expect(firstLiveDate([...before, routed('2026-03-01', 9)], 8)).toBe('2026-03-01');
    expect(firstLiveDate([...before, routed('2026-02-28', 8, 600)], 8)).toBe('2026-02-28');
    expect(firstLiveDate(since, 8)).toBe('2026-03-01');
    expect(firstLiveDate(before, 8)).toBeUndefined();
    expect(firstLiveDate([], 8)).toBeUndefined();
  });

  it('is no date of which a few forecasts were asked long ago', () => {
    expect(firstLiveDate([routed('2025-01-01', 8, 20), ...before, ...since], 8)).toBe('2026-03-01');
    // Nothing else since: better than none.
    expect(firstLiveDate([...before, routed('2026-03-01', 8, 20)], 8)).toBe('2026-03-01');
  });

  it('is no date that was asked again after an earlier document had routed it', () => {
    const again = datesFrom('2026-02-10', 10).map((date) => routed(date, 8));
    expect(firstLiveDate([...before, ...again, ...since], 8)).toBe('2026-03-01');
  });
});
