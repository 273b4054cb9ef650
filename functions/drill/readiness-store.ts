import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { parseStored } from '../platform/boundary.ts';
import { ReleaseError } from '../platform/errors.ts';
import { registryKeys } from '../platform/keys.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import { type ReadinessItem, readinessItem } from './drill-items.ts';

/** What checks of readiness found, in the registry table. */
export class ReadinessStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async read(model: string): Promise<ReadinessItem | null> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { ...registryKeys.readiness(model) }, ConsistentRead: true }),
    );
    return Item === undefined ? null : parseStored(readinessItem, Item, `The readiness of ${model}`);
  }

  /** Puts an item in the place of the one that was read (null: there was none); the condition holds once. */
  write(item: ReadinessItem, before: ReadinessItem | null): TransactWrite {
    return { Put: this.#put(item, before) };
  }

  /**
   * Writes an item that says the same as before, only later: the ledger has nothing to say.
   * @throws ReleaseError CONDITION_FAILED when another check was first
   */
  async keep(item: ReadinessItem, before: ReadinessItem): Promise<void> {
    try {
      await this.#client.send(new PutCommand(this.#put(item, before)));
    } catch (cause) {
      if (!(cause instanceof Error && cause.name === 'ConditionalCheckFailedException')) throw cause;
      throw new ReleaseError('CONDITION_FAILED', `Another check of ${item.model} was first.`, { cause });
    }
  }

  #put(item: ReadinessItem, before: ReadinessItem | null) {
    const put = { TableName: this.#table, Item: { ...registryKeys.readiness(item.model), ...item } };
    if (before === null) return { ...put, ConditionExpression: 'attribute_not_exists(pk)' };
    return {
      ...put,
      ConditionExpression: 'revision = :before',
      ExpressionAttributeValues: { ':before': before.revision },
    };
  }
}
