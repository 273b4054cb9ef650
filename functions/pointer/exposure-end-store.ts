import { registryKeys } from '../platform/keys.ts';
import type { TransactWrite } from '../platform/transaction.ts';

/** The end of one exposure: written with its ledger entry, once per deployment that took the candidate out. */
export interface ExposureEnd {
  readonly model: string;
  readonly promotionId: string;
  readonly deploymentNumber: number;
  /** Position of the `exposure-ended` entry. */
  readonly ledgerSeq: number;
}

/** Writes of exposure ends, for one transaction with their ledger entries. */
export class ExposureEndWrites {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  newEnd(item: ExposureEnd): TransactWrite {
    return {
      Put: {
        TableName: this.#table,
        Item: { ...registryKeys.exposureEnd(item.model, item.promotionId, item.deploymentNumber), ...item },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    };
  }
}
