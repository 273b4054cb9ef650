import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { parseStored } from '../platform/boundary.ts';
import { type ItemKey, registryKeys } from '../platform/keys.ts';
import type { TransactWrite } from '../platform/transaction.ts';

/** Says that a rollback's intent is in the ledger. */
const intentItem = z.object({ model: z.string(), executionName: z.string(), ledgerSeq: z.int().min(1) });
export type RollbackIntent = z.infer<typeof intentItem>;

/** Says that a rollback is recorded, and how; the answer of a repeated step. */
const recordItem = z.object({
  model: z.string(),
  executionName: z.string(),
  ledgerSeq: z.int().min(1),
  from: z.string(),
  to: z.string(),
  cause: z.string(),
  seconds: z.number().min(0),
  at: z.string(),
  /** Promotions that it ended. */
  closed: z.array(z.string()).default([]),
});
export type RollbackRecord = z.infer<typeof recordItem>;

/** What the registry table keeps of rollbacks: that each was intended once and recorded once. */
export class RollbackStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  intent(model: string, executionName: string): Promise<RollbackIntent | null> {
    return this.#get(registryKeys.rollbackIntent(model, executionName), intentItem);
  }

  record(model: string, executionName: string): Promise<RollbackRecord | null> {
    return this.#get(registryKeys.rollbackRecord(model, executionName), recordItem);
  }

  async #get<T>(key: ItemKey, schema: z.ZodType<T>): Promise<T | null> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { ...key }, ConsistentRead: true }),
    );
    return Item === undefined ? null : parseStored(schema, Item, `Registry item ${key.pk} ${key.sk}`);
  }
}

/** Writes that go with a rollback's ledger entries; each holds only once. */
export class RollbackWrites {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  newIntent(item: RollbackIntent): TransactWrite {
    return this.#putNew(registryKeys.rollbackIntent(item.model, item.executionName), item);
  }

  newRecord(item: RollbackRecord): TransactWrite {
    return this.#putNew(registryKeys.rollbackRecord(item.model, item.executionName), item);
  }

  #putNew(key: ItemKey, item: object): TransactWrite {
    return {
      Put: { TableName: this.#table, Item: { ...key, ...item }, ConditionExpression: 'attribute_not_exists(pk)' },
    };
  }
}
