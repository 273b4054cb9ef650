import { createPublicKey } from 'node:crypto';
import { parseRow } from '../../ledger/chain.ts';
import type { EntryBody } from '../../ledger/entry.ts';
import { GENESIS_HASH } from '../../ledger/entry.ts';
import type { ReadEntry } from '../../ledger/ledger.ts';
import { isSigned } from '../../ledger/verifier/is-signed.ts';
import type { SeenAnchor } from './console-ports.ts';

/** What the newest rows of a chain came to. */
export interface CheckedRows {
  /** Entries that can be read, by ascending position. */
  readonly entries: readonly EntryBody[];
  readonly head: { readonly seq: number; readonly entryHash: string; readonly at: string } | null;
  /** Position of the first row that was read; 1: the whole chain was. */
  readonly from: number;
  /** The first thing that does not hold; null: all of it does. */
  readonly fault: { readonly position: number; readonly message: string } | null;
}

/**
 * Checks rows, given by ascending position, as the verifier does: digests, links and signatures. Of rows that do not begin
 * with the first one nothing is said of what lies before them.
 */
export async function checkRows(
  model: string,
  rows: readonly unknown[],
  ledgerPublicKeyPem: string,
): Promise<CheckedRows> {
  const read = rows.map(readRow);
  const key = createPublicKey(ledgerPublicKeyPem);
  const signed = await Promise.all(read.map((one) => one !== null && isSigned(key, one.row.body, one.row.signature)));
  const known = read.findIndex((one) => one !== null);
  const first = (read[known]?.row.seq ?? 1) - Math.max(known, 0);
  let before: ReadEntry | null = null;
  let fault: CheckedRows['fault'] = null;
  for (const [index, one] of read.entries()) {
    fault ??= faultOf(one, { model, position: first + index, before, isSigned: signed[index] === true });
    before = one;
  }
  const entries = read.flatMap((one) => (one === null ? [] : [one.body]));
  const newest = read.findLast((one) => one !== null);
  const head =
    newest === undefined || newest === null
      ? null
      : { seq: newest.row.seq, entryHash: newest.row.entryHash, at: newest.body.at };
  return { entries, head, from: first, fault };
}

interface Expected {
  readonly model: string;
  readonly position: number;
  /** Null: the first that was read, or a row that says nothing. */
  readonly before: ReadEntry | null;
  readonly isSigned: boolean;
}

function faultOf(one: ReadEntry | null, { model, position, before, isSigned }: Expected): CheckedRows['fault'] {
  if (one === null) return { position, message: 'The row is not what was written.' };
  if (one.row.model !== model) return { position, message: 'The entry belongs to another model.' };
  if (one.row.seq !== position) return { position, message: `The next entry is ${one.row.seq}: entries are missing.` };
  if (!isSigned) return { position, message: 'The signature is not by the ledger key.' };
  const prevHash = position === 1 ? GENESIS_HASH : before?.row.entryHash;
  if (prevHash !== undefined && one.body.prevHash !== prevHash) {
    return { position, message: 'The entry does not continue from the one before it.' };
  }
  return null;
}

function readRow(item: unknown): ReadEntry | null {
  try {
    return parseRow(item);
  } catch {
    // Whatever it is, it is no entry: that is the finding.
    return null;
  }
}

/** How the newest anchors fit the chain; the newest of them that was compared. */
export interface ComparedAnchors {
  readonly newest: { readonly seq: number; readonly writtenAt: string } | null;
  readonly compared: number;
  readonly fault: CheckedRows['fault'];
}

/** Compares anchors with the rows that were read: a position beyond the head was cut off, another digest was rewritten. */
export function compareAnchors(
  hashes: ReadonlyMap<number, string>,
  head: CheckedRows['head'],
  anchors: readonly SeenAnchor[],
): ComparedAnchors {
  let fault: CheckedRows['fault'] = null;
  for (const { seq, anchor } of anchors) {
    if (seq > (head?.seq ?? 0)) {
      fault ??= {
        position: (head?.seq ?? 0) + 1,
        message: `The chain ends before position ${seq}, which was anchored.`,
      };
    } else if (anchor === null || anchor.seq !== seq || anchor.entryHash !== hashes.get(seq)) {
      fault ??= { position: seq, message: 'Another entry stood here when it was anchored.' };
    }
  }
  const last = anchors.at(-1);
  return {
    newest: last === undefined ? null : { seq: last.seq, writtenAt: last.writtenAt },
    compared: anchors.length,
    fault,
  };
}
