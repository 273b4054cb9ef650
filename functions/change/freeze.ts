import * as z from 'zod';

const instant = z.iso.datetime({ offset: true, message: 'Expected a moment such as 2026-11-20T00:00:00Z.' });

/** A time in which no candidate begins to serve, for example peak trading. `from` belongs to it, `until` does not. */
export const freezePeriod = z
  .strictObject({
    from: instant,
    until: instant,
    reason: z.string().trim().min(3).max(200),
  })
  .refine(({ from, until }) => Date.parse(from) < Date.parse(until), {
    path: ['until'],
    message: 'The period ends before it begins.',
  });
export type FreezePeriod = Readonly<z.infer<typeof freezePeriod>>;

/** A calendar of freezes: of one model, or of all. */
export const freezeCalendar = z.array(freezePeriod).max(50);

/** What a moment lies in. */
export interface Freeze {
  /** UTC; from then on it is over, periods that follow without a gap included. */
  readonly until: string;
  /** Of every period on the way, in order of time. */
  readonly reasons: readonly string[];
}

/** The freeze that a moment lies in; null: none. Periods that touch or overlap are one freeze. */
export function freezeAt(periods: readonly FreezePeriod[], now: string): Freeze | null {
  const sorted = periods.toSorted((a, b) => Date.parse(a.from) - Date.parse(b.from));
  let end = Date.parse(now);
  const reasons: string[] = [];
  for (const { from, until, reason } of sorted) {
    if (Date.parse(from) > end || Date.parse(until) <= end) continue;
    end = Date.parse(until);
    if (!reasons.includes(reason)) reasons.push(reason);
  }
  return reasons.length === 0 ? null : { until: new Date(end).toISOString(), reasons };
}
