import { registryKeys } from '../../platform/keys.ts';
import type { TransactWrite } from '../../platform/transaction.ts';

/** The write that goes with the ledger entry of a note. */
export class NotedFactWrites {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  /** Says that the fact at this position of the ledger has its note, once. */
  newNotedFact(model: string, seq: number, noted: { readonly note: string; readonly at: string }): TransactWrite {
    return {
      Put: {
        TableName: this.#table,
        Item: { ...registryKeys.notedFact(model, seq), model, ledgerSeq: seq, ...noted },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    };
  }
}
