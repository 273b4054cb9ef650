import * as z from 'zod';
import { isReleaseError } from '../platform/errors.ts';
import { type Anchor, anchorOf, isAnchoredAtOnce } from './anchor.ts';
import { parseRow } from './chain.ts';
import type { LedgerRow } from './entry.ts';
import type { ReadEntry } from './ledger.ts';

/** What a look at the ledger's stream or at the heads may do. */
export interface AnchorPorts {
  readonly modelNames: () => Promise<readonly string[]>;
  readonly head: (model: string) => Promise<ReadEntry | null>;
  /** Writes once; the same anchor again changes nothing. CONDITION_FAILED when another one lies there. */
  readonly write: (anchor: Anchor) => Promise<void>;
  /** True when the signature of the row is by the ledger key. */
  readonly isSigned: (row: LedgerRow) => boolean;
  /** Raises the alarm; never throws. */
  readonly tampered: (finding: Finding) => void;
}

/** Rows are put once: anything else that happens to one is tampering. Names the position only. */
export interface Finding {
  readonly model: string;
  readonly seq: number;
  readonly what: 'MODIFIED' | 'REMOVED' | 'NOT_AN_ENTRY' | 'NOT_SIGNED' | 'ANCHORED_OTHERWISE';
}

const text = z.object({ S: z.string() });
const number = z.object({ N: z.string() });

/** A change of a row of the ledger, as the table's stream tells it. */
export const streamRecord = z.object({
  eventName: z.enum(['INSERT', 'MODIFY', 'REMOVE']),
  dynamodb: z.object({ Keys: z.object({ model: text, seq: number }), NewImage: z.unknown().optional() }),
});
export type StreamRecord = z.infer<typeof streamRecord>;

/** The ledger table's stream (NEW_IMAGE or NEW_AND_OLD_IMAGES), or, without records, the hourly schedule. */
export const anchorEvent = z.object({ Records: z.array(streamRecord).optional() });

const rowImage = z.object({ model: text, seq: number, body: text, entryHash: text, signature: text });

/**
 * Anchors the decisive entries among new rows and raises the alarm for changed, removed and forged ones. Safe to repeat: a failed
 * write fails the batch, the stream sends it again, and an anchor that exists is left alone. A row that is no entry
 * of ours raises the alarm and does not hold up those behind it.
 */
export async function followStream(records: readonly StreamRecord[], ports: AnchorPorts): Promise<void> {
  for (const { eventName, dynamodb } of records) {
    const position = { model: dynamodb.Keys.model.S, seq: Number(dynamodb.Keys.seq.N) };
    if (eventName !== 'INSERT') {
      ports.tampered({ ...position, what: eventName === 'MODIFY' ? 'MODIFIED' : 'REMOVED' });
      continue;
    }
    const entry = entryOfImage(dynamodb.NewImage);
    if (entry === null) ports.tampered({ ...position, what: 'NOT_AN_ENTRY' });
    else if (isGenuine(entry, ports) && isAnchoredAtOnce(entry.body.type)) await anchorEntry(entry, ports);
  }
}

/**
 * Anchors the newest entry of every model. One model's failure does not keep the others from being anchored.
 * @throws the first failure, after all models were tried
 */
export async function anchorHeads(ports: AnchorPorts): Promise<void> {
  const failures: unknown[] = [];
  for (const model of await ports.modelNames()) {
    try {
      const head = await ports.head(model);
      if (head !== null && isGenuine(head, ports)) await anchorEntry(head, ports);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

function isGenuine({ row }: ReadEntry, ports: AnchorPorts): boolean {
  const signed = ports.isSigned(row);
  if (!signed) ports.tampered({ model: row.model, seq: row.seq, what: 'NOT_SIGNED' });
  return signed;
}

async function anchorEntry(entry: ReadEntry, ports: AnchorPorts): Promise<void> {
  try {
    await ports.write(anchorOf(entry));
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    ports.tampered({ model: entry.row.model, seq: entry.row.seq, what: 'ANCHORED_OTHERWISE' });
  }
}

/** The entry that a new row of the stream is; null when it is none of ours. */
export function entryOfImage(image: unknown): ReadEntry | null {
  const { data } = rowImage.safeParse(image);
  if (data === undefined) return null;
  try {
    return parseRow({
      model: data.model.S,
      seq: Number(data.seq.N),
      body: data.body.S,
      entryHash: data.entryHash.S,
      signature: data.signature.S,
    });
  } catch (error) {
    if (isReleaseError(error, 'CORRUPT_ITEM')) return null;
    throw error;
  }
}
