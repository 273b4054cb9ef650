import * as z from 'zod';
import { parseInput, parseStored } from '../platform/boundary.ts';
import { ReleaseError } from '../platform/errors.ts';
import { canonicalJson, sha256Hex } from '../platform/json.ts';
import { type Draft, entryBody, GENESIS_HASH, type LedgerRow } from './entry.ts';
import type { ReadEntry } from './ledger.ts';

/** The newest entry of a chain: what the next one continues from. */
export interface Head {
  readonly seq: number;
  readonly entryHash: string;
}

/** A row that lacks only its signature, which is over the UTF-8 bytes of `body`. */
export type UnsignedRow = Omit<LedgerRow, 'signature'>;

/**
 * The entry that continues the chain after `head`; the first of its chain when there is none.
 * @throws ReleaseError INVALID_INPUT when the draft is no entry: without an actor, or of a type that does not exist
 */
export function buildEntry(draft: Draft, head: Head | null): UnsignedRow {
  const seq = (head?.seq ?? 0) + 1;
  const { model, type, at, actor, data } = draft;
  const body = canonicalJson({
    schema: 1,
    model,
    seq,
    prevHash: head?.entryHash ?? GENESIS_HASH,
    at,
    type,
    actor: { ...actor },
    data,
  });
  const parsed = parseInput(entryBody, JSON.parse(body));
  if (!parsed.ok) {
    throw new ReleaseError('INVALID_INPUT', `The draft of type ${type} for ${model} cannot become a ledger entry.`, {
      reasons: parsed.reasons,
    });
  }
  return { model, seq, body, entryHash: entryHash(body) };
}

/** Lower-case hex SHA-256 of the UTF-8 bytes of an entry's body. */
export function entryHash(body: string): string {
  return sha256Hex(body);
}

const ledgerRow = z.object({
  model: z.string(),
  seq: z.int().min(1),
  body: z.string(),
  entryHash: z.string(),
  signature: z.string(),
});

/**
 * An item of the ledger table as an entry. It is checked against itself (digest, model, position); the chain and the
 * signatures are the verifier's work.
 * @throws ReleaseError CORRUPT_ITEM
 */
export function parseRow(item: unknown): ReadEntry {
  const row = parseStored(ledgerRow, item, 'Ledger row');
  const what = `Ledger row ${row.model} ${row.seq}`;
  const body = parseStored(entryBody, parseJson(row.body), what);
  if (entryHash(row.body) !== row.entryHash || body.model !== row.model || body.seq !== row.seq) {
    throw new ReleaseError('CORRUPT_ITEM', `${what} is not what was written: run the verifier on this model.`);
  }
  return { row, body };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON at all has no shape either: the caller's check names the row.
    return undefined;
  }
}
