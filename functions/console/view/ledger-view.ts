import * as z from 'zod';
import type { EntryBody } from '../../ledger/entry.ts';
import { isReleaseError } from '../../platform/errors.ts';
import { type Release, ReleaseHistory } from '../../registry/release-history.ts';
import type { LedgerRead } from '../read/read-ledger.ts';

/** A rollback as the ledger records it. */
export interface RolledBack {
  readonly seq: number;
  readonly at: string;
  readonly from: string;
  readonly to: string;
  readonly cause: string;
  readonly by: string;
  /** Until the data plane was seen to serve the target; null where the entry does not say. */
  readonly seconds: number | null;
  readonly detail: string;
}

/** A run that ended, the newest first. */
export interface Ended {
  readonly seq: number;
  readonly at: string;
  readonly promotionId: string;
  readonly end: string;
  readonly reasons: readonly string[];
}

/** A document that went out last, by the ledger. */
export interface NewestDocument {
  readonly sha256: string;
  readonly seq: number;
  readonly revision: number | null;
  readonly since: string;
}

/** How far the ledger was checked for this page. */
export interface LedgerState {
  readonly head: LedgerRead['head'];
  readonly from: number;
  readonly read: number;
  readonly fault: LedgerRead['fault'];
  readonly anchors: LedgerRead['anchors'];
}

export interface LedgerView {
  readonly state: LedgerState;
  /** The newest first. */
  readonly releases: readonly Release[];
  readonly document: NewestDocument | null;
  readonly rollbacks: readonly RolledBack[];
  readonly ended: readonly Ended[];
  /** Some of what these are made of could not be read, or lies before what was read. */
  readonly isPart: boolean;
}

/** So many of each are shown. */
export const SHOWN = 15;

/** What the newest entries of a chain tell. */
export function ledgerView(read: LedgerRead): LedgerView {
  const history = new ReleaseHistory();
  let unread = 0;
  for (const body of read.entries) unread += addTo(history, body) ? 0 : 1;
  const { head, from, fault, anchors, entries } = read;
  const last = history.documents.at(-1);
  const digest = entries.find(({ seq }) => seq === last?.ledgerPosition)?.data['documentSha256'];
  return {
    state: { head, from, read: entries.length, fault, anchors },
    releases: history.releases.toReversed().slice(0, SHOWN),
    document:
      last === undefined || typeof digest !== 'string'
        ? null
        : { sha256: digest, seq: last.ledgerPosition, revision: last.revision, since: last.since },
    rollbacks: newest(entries, rolledBackOf),
    ended: newest(entries, endedOf),
    isPart: from > 1 || unread > 0,
  };
}

/** False for an entry whose data is not of its type: the others still tell theirs. */
function addTo(history: ReleaseHistory, body: EntryBody): boolean {
  try {
    history.add(body);
    return true;
  } catch (cause) {
    if (isReleaseError(cause, 'CORRUPT_ITEM')) return false;
    throw cause;
  }
}

function newest<T>(entries: readonly EntryBody[], of: (body: EntryBody) => T | null): readonly T[] {
  const found: T[] = [];
  for (const body of entries.toReversed()) {
    const one = of(body);
    if (one !== null) found.push(one);
    if (found.length === SHOWN) break;
  }
  return found;
}

const rolledBack = z.object({
  from: z.string(),
  to: z.string(),
  cause: z.string(),
  seconds: z.number().nullable().default(null),
  detail: z.string().default(''),
  requestedBy: z.union([z.string(), z.object({ name: z.string() })]),
});

function rolledBackOf({ type, seq, at, data }: EntryBody): RolledBack | null {
  const found = type === 'rolled-back' ? rolledBack.safeParse(data).data : undefined;
  if (found === undefined) return null;
  const { requestedBy, ...told } = found;
  return { seq, at, ...told, by: typeof requestedBy === 'string' ? requestedBy : requestedBy.name };
}

const ended = z.object({
  promotionId: z.string(),
  end: z.string(),
  reasons: z.array(z.object({ code: z.string(), message: z.string() })).default([]),
});
/** Of many reasons the first ones are told. */
const REASONS = 3;

function endedOf({ type, seq, at, data }: EntryBody): Ended | null {
  const isEnd = type === 'promotion-ended' || type === 'change-ended' || type === 'model-changed';
  const found = isEnd ? ended.safeParse(type === 'model-changed' ? { end: 'applied', ...data } : data).data : undefined;
  if (found === undefined) return null;
  const { promotionId, end, reasons } = found;
  const told = reasons.slice(0, REASONS).map(({ code, message }) => `${message} (${code})`);
  const more = reasons.length - told.length;
  return { seq, at, promotionId, end, reasons: more > 0 ? [...told, `${more} more`] : told };
}
