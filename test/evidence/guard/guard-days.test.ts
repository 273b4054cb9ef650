import { describe, expect, it } from 'vitest';
import { judgeGuard } from '../../../functions/evidence/guard/guard.ts';
import { guardConfig } from '../../../functions/evidence/guard/guard-config.ts';
import { guardDays } from '../../../functions/evidence/guard/guard-days.ts';
import { dateOf, day, days } from './days.ts';

describe('rows of closed days', () => {
  it('are put in order, and equal ones of a date are one', () => {
    const read = guardDays([day(2), day(0), day(1), day(0)]);
    expect(read).toEqual({ days: [day(0), day(1), day(2)], conflicts: [], undated: 0 });
  });

  it('contradict each other when a date has different ones: none of them counts, whichever came last', () => {
    const [one, other] = [day(1), day(1, { absError: 1 })];
    const expected = { days: [day(0)], conflicts: [dateOf(1)], undated: 0 };
    expect(guardDays([day(0), one, other])).toEqual(expected);
    expect(guardDays([other, one, day(0), one])).toEqual(expected);
  });

  it('are counted where their date is none', () => {
    expect(guardDays([{ ...day(0), date: null }, day(1)])).toMatchObject({ days: [day(1)], undated: 1 });
  });

  it('are told of in the warnings when they could not be used', () => {
    const read = { ...days(56), conflicts: [dateOf(60)], undated: 2 };
    expect(judgeGuard(read, guardConfig.parse({})).result).toMatchObject({
      ...{ decision: 'WARN', warnings: ['BAD_DATE', 'CONFLICTING_DUPLICATES'] },
    });
  });
});
