import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { parseStored } from '../platform/boundary.ts';
import { type ItemKey, registryKeys } from '../platform/keys.ts';
import { queryItems } from '../platform/query-store.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import { type DrillItem, drillItem } from './drill-items.ts';

/** Drills in the registry table, and the lease of the environment that they share. */
export class DrillStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async drill(of: Pick<DrillItem, 'model' | 'startedAt' | 'executionName'>): Promise<DrillItem | null> {
    const Key = { ...registryKeys.drill(of.model, of.startedAt, of.executionName) };
    const { Item } = await this.#client.send(new GetCommand({ TableName: this.#table, Key, ConsistentRead: true }));
    return Item === undefined ? null : parseStored(drillItem, Item, `The drill ${of.executionName}`);
  }

  /** The newest drills of a model, the newest first. */
  async newest(model: string, count: number): Promise<readonly DrillItem[]> {
    const found: DrillItem[] = [];
    const pages = queryItems(this.#client, {
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': registryKeys.partition(model), ':prefix': registryKeys.drillPrefix },
      ScanIndexForward: false,
      Limit: count,
    });
    for await (const item of pages) {
      found.push(parseStored(drillItem, item, `Registry item ${item['pk']} ${item['sk']}`));
      if (found.length === count) break;
    }
    return found;
  }

  /** Takes the environment of drills until a moment (UTC); false while another drill has it. Its holder takes it again. */
  async take(holder: string, times: { readonly now: string; readonly until: string }): Promise<boolean> {
    const key: ItemKey = registryKeys.drillLease;
    const put = new PutCommand({
      TableName: this.#table,
      Item: { ...key, holder, until: times.until },
      ConditionExpression: 'attribute_not_exists(pk) OR holder = :holder OR #until < :now',
      ExpressionAttributeNames: { '#until': 'until' },
      ExpressionAttributeValues: { ':holder': holder, ':now': times.now },
    });
    return this.#held(this.#client.send(put));
  }

  /** Gives the environment back; one that somebody else has by now stays theirs. */
  async giveBack(holder: string): Promise<void> {
    const remove = new DeleteCommand({
      TableName: this.#table,
      Key: { ...registryKeys.drillLease },
      ConditionExpression: 'holder = :holder',
      ExpressionAttributeValues: { ':holder': holder },
    });
    await this.#held(this.#client.send(remove));
  }

  async #held(answer: Promise<unknown>): Promise<boolean> {
    try {
      await answer;
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  }
}

/** The write that records a drill, once per execution. */
export class DrillWrites {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  newDrill(item: DrillItem): TransactWrite {
    return {
      Put: {
        TableName: this.#table,
        Item: { ...registryKeys.drill(item.model, item.startedAt, item.executionName), ...item },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    };
  }
}
