import * as z from 'zod';
import { canonicalJson } from '../platform/json.ts';
import type { EntryType } from './entry.ts';
import type { ReadEntry } from './ledger.ts';

/**
 * A position of a chain as it was seen once, kept outside the table where it cannot be deleted. Whoever later cuts the
 * chain below it, or writes another history up to it, is found out. All members come from the entry (`at` too), so that
 * anchoring a position twice writes the same bytes.
 */
export const anchorSchema = z.strictObject({
  schema: z.literal(1),
  model: z.string(),
  seq: z.int().min(1),
  entryHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of the entry, by the ledger key. */
  signature: z.string(),
  at: z.iso.datetime(),
});
export type Anchor = z.infer<typeof anchorSchema>;

/** Entries that are anchored at once; all others wait for the hourly look at the heads. */
const ANCHORED_AT_ONCE: ReadonlySet<EntryType> = new Set([
  'approval-decided',
  'pointer-moved',
  'rollback-intended',
  'rolled-back',
  'model-onboarded',
  'model-changed',
  'exposure-ended',
  'kill-switch-thrown',
  'change-noticed',
  'change-undone',
]);

export function isAnchoredAtOnce(type: EntryType): boolean {
  return ANCHORED_AT_ONCE.has(type);
}

export function anchorOf({ row, body }: ReadEntry): Anchor {
  return {
    schema: 1,
    model: row.model,
    seq: row.seq,
    entryHash: row.entryHash,
    signature: row.signature,
    at: body.at,
  };
}

/** The bytes of an anchor object: RFC 8785 JSON and a newline. */
export function anchorText(anchor: Anchor): string {
  return `${canonicalJson(anchor)}\n`;
}
