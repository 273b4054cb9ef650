import { describe, expect, it } from 'vitest';
import { cycleOf, cyclesOf, firstDay } from '../../../functions/evidence/shadow/shadow-cycles.ts';
import { addDays, type DaySums } from '../../../functions/evidence/shadow/shadow-sums.ts';
import { plusDays } from '../../../functions/platform/duration.ts';

const RULE = { cycle_days: 7, cycle_min_actual_share: 0.95 };

const datesFrom = (first: string, count: number) => Array.from({ length: count }, (_, index) => plusDays(first, index));

function days(dates: readonly string[], members: Partial<DaySums> = {}): readonly DaySums[] {
  return dates.map((day) => ({ day, ...addDays([]), keys: 20, ...members }));
}

describe('cycles of a shadow', () => {
  it('are whole weeks from the first target day, whatever weekday that is', () => {
    const found = cyclesOf(days(datesFrom('2026-03-04', 16)), RULE);
    expect(found).toEqual([
      { cycle: 0, from: '2026-03-04', to: '2026-03-10', complete: true },
      { cycle: 1, from: '2026-03-11', to: '2026-03-17', complete: true },
      { cycle: 2, from: '2026-03-18', to: '2026-03-24', complete: false },
    ]);
  });

  it('are counted by the calendar across both changes of the clock and a leap day', () => {
    for (const first of ['2026-03-27', '2026-10-23', '2028-02-26']) {
      const found = cyclesOf(days(datesFrom(first, 21)), RULE);
      expect(found.map(({ cycle, complete }) => [cycle, complete])).toEqual([
        [0, true],
        [1, true],
        [2, true],
      ]);
      expect(cycleOf(found[2]?.from ?? '', { first, cycleDays: 7 })).toBe(2);
    }
  });

  it('are complete with all their days and enough known actuals, and not one short of it', () => {
    const dates = datesFrom('2026-03-02', 7);
    const missing = (of: number) => [...days(dates.slice(0, 6)), ...days(dates.slice(6), { actualMissing: of })];
    expect(cyclesOf(missing(7), RULE)[0]?.complete).toBe(true);
    expect(cyclesOf(missing(8), RULE)[0]?.complete).toBe(false);
    expect(cyclesOf(days(dates.slice(0, 6)), RULE)[0]?.complete).toBe(false);
    expect(cyclesOf(days(dates, { actualInvalid: 20 }), RULE)[0]?.complete).toBe(true);
  });

  it('do not count a day of which every key contradicts itself, and leave out those without a day', () => {
    const odd = days(['2026-03-01'], { keys: 0, conflicts: 3 });
    const late = days(datesFrom('2026-03-30', 7));
    const found = cyclesOf([...odd, ...days(datesFrom('2026-03-02', 7)), ...late], RULE);
    expect(found.map(({ cycle, from }) => [cycle, from])).toEqual([
      [0, '2026-03-02'],
      [4, '2026-03-30'],
    ]);
    expect([cyclesOf(odd, RULE), firstDay(odd), firstDay([])]).toEqual([[], null, null]);
  });
});
