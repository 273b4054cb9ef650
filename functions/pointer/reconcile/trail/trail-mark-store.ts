import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { parseStored } from '../../../platform/boundary.ts';
import { type ItemKey, registryKeys } from '../../../platform/keys.ts';
import type { TransactWrite } from '../../../platform/transaction.ts';

const cursorItem = z.object({ through: z.iso.datetime() });

/** How far the event history was read, and which of its events were recorded. */
export class TrailMarkStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** UTC; null before the first look. */
  async cursor(): Promise<string | null> {
    const item = await this.#get(registryKeys.trailCursor);
    return item === undefined ? null : parseStored(cursorItem, item, 'The cursor of the event history').through;
  }

  async moveCursor(through: string): Promise<void> {
    const Item = { ...registryKeys.trailCursor, through };
    await this.#client.send(new PutCommand({ TableName: this.#table, Item }));
  }

  /** Whether an event, or the principal of an execution, is in the ledger already. */
  async isRecorded(key: ItemKey): Promise<boolean> {
    return (await this.#get(key)) !== undefined;
  }

  /** Makes an entry the only one of its event. */
  newMark(key: ItemKey, of: { readonly model: string; readonly ledgerSeq: number }): TransactWrite {
    return {
      Put: { TableName: this.#table, Item: { ...key, ...of }, ConditionExpression: 'attribute_not_exists(pk)' },
    };
  }

  async #get(key: ItemKey) {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { ...key }, ConsistentRead: true }),
    );
    return Item;
  }
}
