import { type Anchor, anchorOf } from '../../functions/ledger/anchor.ts';
import { buildEntry, parseRow } from '../../functions/ledger/chain.ts';
import type { Draft, LedgerRow } from '../../functions/ledger/entry.ts';
import type { FoundAnchor } from '../../functions/ledger/verifier/anchor-cursor.ts';
import { evidencePaths } from '../../functions/platform/keys.ts';
import { personActor } from '../../functions/platform/people.ts';
import type { TestKey } from './test-key.ts';

/** A draft of no special meaning; `members` replace what matters to a test. */
export function draftOf(members: Partial<Draft> = {}): Draft {
  return {
    model: 'demand',
    type: 'gate-judged',
    at: '2026-03-01T08:00:00.000Z',
    actor: personActor({ name: 'Ada Lovelace', email: 'ada@example.com' }),
    data: {},
    ...members,
  };
}

/** The rows that the writer makes of the drafts, in order. */
export function chainOf(drafts: readonly Draft[], key: TestKey): readonly LedgerRow[] {
  const rows: LedgerRow[] = [];
  for (const draft of drafts) {
    const unsigned = buildEntry(draft, rows.at(-1) ?? null);
    rows.push({ ...unsigned, signature: key.signNow(Buffer.from(unsigned.body)) });
  }
  return rows;
}

/** A chain of `length` entries that differ. */
export function chainOfLength(length: number, key: TestKey, model = 'demand'): readonly LedgerRow[] {
  return chainOf(
    Array.from({ length }, (_, index) => draftOf({ model, data: { step: index + 1, note: 'Größe ≥ 1 €' } })),
    key,
  );
}

export function foundAnchor(anchor: Anchor): FoundAnchor {
  return { seq: anchor.seq, name: evidencePaths.anchor(anchor.model, anchor.seq), anchor };
}

/** The anchors that were written of the rows at these positions. */
export function anchorsAt(rows: readonly LedgerRow[], positions: readonly number[]): readonly FoundAnchor[] {
  return rows.filter(({ seq }) => positions.includes(seq)).map((row) => foundAnchor(anchorOf(parseRow(row))));
}
