import { parse } from 'tinyduration';
import * as z from 'zod';

/** Seconds in an ISO 8601 duration of weeks, days, hours, minutes and seconds. Months and years have no fixed length. */
export function durationSeconds(text: string): number {
  const d = parse(text);
  const days = (d.weeks ?? 0) * 7 + (d.days ?? 0);
  return ((days * 24 + (d.hours ?? 0)) * 60 + (d.minutes ?? 0)) * 60 + (d.seconds ?? 0);
}

/** The instant `duration` after `from`, as UTC ISO 8601. */
export function plusDuration(from: string, duration: string): string {
  return new Date(Date.parse(from) + durationSeconds(duration) * 1000).toISOString();
}

/** The business date so many days after another. */
export function plusDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Whether a text is a positive duration of fixed length. */
export function isDuration(text: string): boolean {
  return isOfFixedLength(text) && durationSeconds(text) > 0;
}

function isOfFixedLength(text: string): boolean {
  try {
    const d = parse(text);
    return !d.years && !d.months && !d.negative;
  } catch {
    return false;
  }
}

/** A positive ISO 8601 duration, optionally bounded, for example `P7D` or `PT15M`; with the bound `PT0S` none at all, too. */
export function durationSchema(bounds: { readonly min?: string; readonly max?: string } = {}) {
  return z.string().superRefine((text, context) => {
    const allowed = `an ISO 8601 duration in weeks, days, hours, minutes or seconds${bounds.min ? `, at least ${bounds.min}` : ''}${bounds.max ? `, at most ${bounds.max}` : ''}`;
    const fixed = bounds.min === 'PT0S' ? isOfFixedLength(text) : isDuration(text);
    const seconds = fixed ? durationSeconds(text) : Number.NaN;
    const tooShort = bounds.min !== undefined && seconds < durationSeconds(bounds.min);
    const tooLong = bounds.max !== undefined && seconds > durationSeconds(bounds.max);
    if (!fixed || tooShort || tooLong) {
      // Checks that calculate with the duration must not see one that is none.
      context.addIssue({ code: 'custom', message: `Expected ${allowed}.`, params: { allowed }, continue: false });
    }
  });
}
