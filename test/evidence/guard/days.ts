import type { GuardDay, GuardDays } from '../../../functions/evidence/guard/guard-days.ts';

const DAY_MS = 86_400_000;

/** The date so many days after the first of March 2026. */
export function dateOf(index: number): string {
  return new Date(Date.parse('2026-03-01') + index * DAY_MS).toISOString().slice(0, 10);
}

/** A day on which nothing is wrong: the model has nine tenths of the comparator's error. */
export function day(index: number, changes: Partial<GuardDay> = {}): GuardDay {
  return {
    date: dateOf(index),
    absError: 900,
    comparatorAbsError: 1000,
    ...{ invalid: 0, rows: 5000, expectedRows: 5000, comparatorInvalid: 0, comparatorRows: 5000 },
    ...{ inputPsi: 0.02, inputPsiCritical: 0.01 },
    ...changes,
  };
}

/** Days whose ratio wavers by 2 % from one to the next, changed from a day on. */
export function days(count: number, change: (index: number) => Partial<GuardDay> = () => ({})): GuardDays {
  const wave = (index: number) => 1000 * (index % 2 === 0 ? 0.89 : 0.91);
  const list = Array.from({ length: count }, (_, index) => day(index, { absError: wave(index), ...change(index) }));
  return { days: list, conflicts: [], undated: 0 };
}

/** The wavering error of a day, so much higher. */
export function worse(index: number, by: number): Partial<GuardDay> {
  return { absError: 1000 * (index % 2 === 0 ? 0.89 : 0.91) * (1 + by) };
}
