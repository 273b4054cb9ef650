import type { TransactWrite } from '../platform/transaction.ts';
import type { Draft, EntryBody, LedgerRow } from './entry.ts';

export interface Appended {
  readonly seq: number;
  readonly entryHash: string;
}

/** An entry that was read: its row, and its body parsed. */
export interface ReadEntry {
  readonly row: LedgerRow;
  readonly body: EntryBody;
}

/**
 * The ledger as the rest of the product sees it.
 *
 * `append` puts the entry and `writes` into one transaction: on return all of it is durable, on any error none of it is.
 * `writes` may be a function of the position that the entry will have (called again for each attempt), for items that
 * must name it. A lost race for the position is retried inside; LEDGER_CONTENTION after that, and the call may be repeated.
 * A condition of one of `writes` that does not hold throws CONDITION_FAILED with `details.index` (of the write) and
 * `details.item` (the stored item, when the write asks for it with ReturnValuesOnConditionCheckFailure: 'ALL_OLD').
 * An append is not idempotent by itself: a caller that may be retried makes one of its `writes` conditional.
 */
export interface Ledger {
  append(
    draft: Draft,
    writes?: readonly TransactWrite[] | ((seq: number) => readonly TransactWrite[]),
  ): Promise<Appended>;
  /** One entry by position; null when there is none. */
  read(model: string, seq: number): Promise<ReadEntry | null>;
  /** Entries in order of position, the whole chain unless limited. */
  entries(model: string, options?: { readonly fromSeq?: number }): AsyncIterable<ReadEntry>;
}
