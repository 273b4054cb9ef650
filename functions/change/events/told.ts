import * as z from 'zod';
import type { EntryBody } from '../../ledger/entry.ts';
import type { Reason } from '../../platform/errors.ts';
import { reason } from '../../registry/items.ts';
import type { EventDetail, EventName, Severity } from './release-event.ts';

/** What an entry tells, before what all events have. `version`: where the entry names it. */
export type Told = {
  readonly [Name in EventName]: {
    readonly event: Name;
    readonly detail: EventDetail<Name>;
    readonly summary: string;
    readonly version?: string | undefined;
    /** Where the entry knows better than the event's name. */
    readonly severity?: Severity;
  };
}[EventName];

/** @throws ReleaseError CORRUPT_ITEM when an entry's data is not of its type */
export type Teller = (body: EntryBody) => Told | null;

const MAX_REASONS = 20;
export const reasons = z.array(reason).default([]);
export const named = z.union([z.string(), z.object({ name: z.string() })]);

export function nameOf(who: z.infer<typeof named>): string {
  return typeof who === 'string' ? who : who.name;
}

export function clipped(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`;
}

export function toldReasons(all: readonly Reason[]) {
  return all.slice(0, MAX_REASONS).map(({ code, message, got, allowed }) => ({
    ...{ code, message: clipped(message, 500) },
    ...(got === undefined ? {} : { got: clipped(got, 500) }),
    ...(allowed === undefined ? {} : { allowed: clipped(allowed, 500) }),
  }));
}

export function because(all: readonly Reason[]): string {
  const [first] = all;
  if (first === undefined) return '';
  return `: ${first.message}${all.length > 1 ? ` (and ${all.length - 1} more)` : ''}`;
}
