import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import * as z from 'zod';
import { entryBody, GENESIS_HASH, type LedgerRow } from '../entry.ts';
import { AnchorCursor, type FoundAnchor } from './anchor-cursor.ts';
import { canonicalText } from './canonical-text.ts';
import type { Fault } from './fault.ts';
import { isSigned } from './is-signed.ts';

export interface Chain {
  readonly model: string;
  /** PEM (SPKI) of the public half of the ledger key. */
  readonly publicKeyPem: string;
  /** Items of the ledger table as stored, by ascending position. */
  readonly rows: AsyncIterable<unknown> | Iterable<unknown>;
  /** All anchors of the model, by ascending position. */
  readonly anchors: AsyncIterable<FoundAnchor> | Iterable<FoundAnchor>;
}

export interface Verification {
  readonly model: string;
  /** Entries that hold, counted from the first. */
  readonly entries: number;
  /** Anchors that were compared. */
  readonly anchors: number;
  readonly head: { readonly seq: number; readonly entryHash: string } | null;
  readonly lastAnchor: { readonly seq: number; readonly at: string } | null;
  /** Absent when the whole chain holds. */
  readonly fault?: Fault;
}

// Signatures are checked on libuv's threads; enough rows to keep them busy, few enough to hold in memory.
const BATCH = 512;

/** Rebuilds a chain from its raw rows and stops at the first position that does not hold. */
export async function verifyChain({ model, publicKeyPem, rows, anchors }: Chain): Promise<Verification> {
  const key = createPublicKey(publicKeyPem);
  const pending = new AnchorCursor(anchors);
  let head: Verification['head'] = null;
  const result = (fault?: Fault): Verification => {
    const { compared, last } = pending;
    const found = { model, entries: head?.seq ?? 0, anchors: compared, head, lastAnchor: last };
    return fault === undefined ? found : { ...found, fault };
  };
  for await (const batch of inBatches(rows)) {
    for (const { row, fault } of await checkRows(batch, { model, key, head })) {
      if (fault !== null) return result(fault);
      const mismatch = await pending.compare(row, key);
      if (mismatch !== null) return result(mismatch);
      head = { seq: row.seq, entryHash: row.entryHash };
    }
  }
  return result((await pending.beyond(head?.seq ?? 0)) ?? undefined);
}

type Checked =
  | { readonly row: LedgerRow; readonly fault: null }
  | { readonly row: LedgerRow | null; readonly fault: Fault };

interface Context {
  readonly model: string;
  readonly key: KeyObject;
  readonly head: Verification['head'];
}

/** Up to and with the first row that does not hold. */
async function checkRows(batch: readonly unknown[], { model, key, head }: Context): Promise<readonly Checked[]> {
  const rows = batch.map((item) => rowSchema.safeParse(item).data ?? null);
  const signed = await Promise.all(rows.map((row) => row !== null && isSigned(key, row.body, row.signature)));
  const checked: Checked[] = [];
  let previous = head;
  for (const [index, row] of rows.entries()) {
    const position = (previous?.seq ?? 0) + 1;
    const prevHash = previous?.entryHash ?? GENESIS_HASH;
    if (row === null) return [...checked, { row, fault: notARow(position, batch[index]) }];
    const fault = checkRow(row, { model, position, prevHash, signed: signed[index] === true });
    if (fault !== null) return [...checked, { row, fault }];
    checked.push({ row, fault: null });
    previous = row;
  }
  return checked;
}

const rowSchema = z.strictObject({
  model: z.string(),
  seq: z.int().min(1),
  body: z.string(),
  entryHash: z.string(),
  signature: z.string(),
});

interface Expected {
  readonly model: string;
  readonly position: number;
  readonly prevHash: string;
  readonly signed: boolean;
}

function checkRow(row: LedgerRow, expected: Expected): Fault | null {
  const { position } = expected;
  if (row.seq > position) {
    const missing =
      row.seq === position + 1 ? `Position ${position} is` : `Positions ${position} to ${row.seq - 1} are`;
    return { position, kind: 'dropped', message: `${missing} missing; the next row stored is ${row.seq}.` };
  }
  if (row.seq < position) {
    return { position, kind: 'reordered', message: `The row after ${position - 1} says that it is ${row.seq}.` };
  }
  const hash = createHash('sha256').update(row.body, 'utf8').digest('hex');
  if (hash !== row.entryHash) {
    const message = 'The SHA-256 of the stored body is not the stored entryHash.';
    return { position, kind: 'altered', message, got: hash, expected: row.entryHash };
  }
  if (!expected.signed) {
    const message = 'The signature is not by the ledger key over the stored body.';
    return { position, kind: 'forged-signature', message, got: row.signature };
  }
  return checkBody(row, expected);
}

/** The body of a row whose digest and signature hold: it is genuine, but does it belong here? */
function checkBody(row: LedgerRow, { model, position, prevHash }: Expected): Fault | null {
  const parsed = parseBody(row.body);
  if (parsed === null) {
    return { position, kind: 'altered', message: 'The stored body is not the canonical JSON of a ledger entry.' };
  }
  if (row.model !== model || parsed.model !== model) {
    const message = 'The entry was written into the chain of another model.';
    return { position, kind: 'foreign-model', message, got: parsed.model, expected: model };
  }
  if (parsed.seq !== position) {
    const message = `The entry stored here was written as position ${parsed.seq}: entries were moved, or one was dropped.`;
    return { position, kind: 'reordered', message, got: String(parsed.seq), expected: String(position) };
  }
  if (parsed.prevHash !== prevHash) {
    const message = 'The entry continues from another entry than the one before it.';
    return { position, kind: 'broken-link', message, got: parsed.prevHash, expected: prevHash };
  }
  return null;
}

function parseBody(body: string): z.infer<typeof entryBody> | null {
  try {
    const value: unknown = JSON.parse(body);
    return canonicalText(value) === body ? (entryBody.safeParse(value).data ?? null) : null;
  } catch {
    return null;
  }
}

function notARow(position: number, item: unknown): Fault {
  const got = typeof item === 'object' && item !== null ? Object.keys(item).sort().join(', ') : String(item);
  const message = 'The row does not have the attributes of a ledger row, or has others.';
  return { position, kind: 'altered', message, got, expected: 'body, entryHash, model, seq, signature' };
}

async function* inBatches(rows: AsyncIterable<unknown> | Iterable<unknown>): AsyncIterable<readonly unknown[]> {
  let batch: unknown[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
