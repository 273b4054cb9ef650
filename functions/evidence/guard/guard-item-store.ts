import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { parseStored } from '../../platform/boundary.ts';
import { ReleaseError } from '../../platform/errors.ts';
import { registryKeys } from '../../platform/keys.ts';
import type { TransactWrite } from '../../platform/transaction.ts';
import { type GuardItem, guardItem } from './guard-item.ts';

/** The guards' items in the registry table. */
export class GuardItemStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async read(model: string): Promise<GuardItem | null> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { ...registryKeys.guard(model) }, ConsistentRead: true }),
    );
    return Item === undefined ? null : parseStored(guardItem, Item, `The guard of ${model}`);
  }

  /** Puts an item in the place of the one that was read (null: there was none); the condition holds once. */
  write(item: GuardItem, before: GuardItem | null): TransactWrite {
    return { Put: this.#put(item, before) };
  }

  /**
   * Writes an item that says no more than what was looked at: nothing was decided, so that the ledger has nothing to say.
   * @throws ReleaseError CONDITION_FAILED when another look was first
   */
  async keep(item: GuardItem, before: GuardItem | null): Promise<void> {
    try {
      await this.#client.send(new PutCommand(this.#put(item, before)));
    } catch (cause) {
      if (!(cause instanceof Error && cause.name === 'ConditionalCheckFailedException')) throw cause;
      throw new ReleaseError('CONDITION_FAILED', `Another look at ${item.model} was first.`, { cause });
    }
  }

  #put(item: GuardItem, before: GuardItem | null) {
    const Item = { ...registryKeys.guard(item.model), ...item };
    const put = { TableName: this.#table, Item };
    if (before === null) return { ...put, ConditionExpression: 'attribute_not_exists(pk)' };
    return {
      ...put,
      ConditionExpression: 'revision = :before',
      ExpressionAttributeValues: { ':before': before.revision },
    };
  }
}
