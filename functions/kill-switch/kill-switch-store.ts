import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type * as z from 'zod';
import { parseStored } from '../platform/boundary.ts';
import { type ItemKey, registryKeys } from '../platform/keys.ts';
import { queryItems } from '../platform/query-store.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import {
  type KillSwitchItem,
  killSwitchItem,
  type StandingSwitch,
  type StoppedCandidate,
  stoppedCandidate,
} from './items.ts';

/** What the registry table keeps of thrown kill switches. */
export class KillSwitchStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  stopped(model: string, promotionId: string): Promise<StoppedCandidate | null> {
    return this.#get(registryKeys.stoppedCandidate(model, promotionId), stoppedCandidate);
  }

  /** Everything that was thrown for a model and is kept: the standing switch, and the candidates that were stopped. */
  async all(model: string): Promise<readonly KillSwitchItem[]> {
    const items: KillSwitchItem[] = [];
    const query = queryItems(this.#client, {
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': registryKeys.partition(model), ':prefix': registryKeys.killSwitchPrefix },
    });
    for await (const item of query) {
      items.push(parseStored(killSwitchItem, item, `Registry item ${item['pk']} ${item['sk']}`));
    }
    return items;
  }

  /** Notes that people were reminded on a day; one that was left or renewed in between stays as it is. */
  async reminded(item: KillSwitchItem, date: string): Promise<void> {
    try {
      await this.#client.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: { ...keyOf(item) },
          UpdateExpression: 'SET remindedOn = :date',
          ConditionExpression: 'ledgerSeq = :seq',
          ExpressionAttributeValues: { ':date': date, ':seq': item.ledgerSeq },
        }),
      );
    } catch (error) {
      if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
    }
  }

  async #get<T>(key: ItemKey, schema: z.ZodType<T>): Promise<T | null> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { ...key }, ConsistentRead: true }),
    );
    return Item === undefined ? null : parseStored(schema, Item, `Registry item ${key.pk} ${key.sk}`);
  }
}

/** Writes that go with the ledger entries of kill switches, each with the condition under which it may happen. */
export class KillSwitchWrites {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  /** The switch as it stands from now on, in the place of the one that was read; null: none stood. */
  stands(item: StandingSwitch, before: Pick<StandingSwitch, 'ledgerSeq'> | null): TransactWrite {
    return this.#put(item, before);
  }

  /** Keeps that a candidate was stopped, in the place of what was read; null: it was not, so far. */
  stopped(item: StoppedCandidate, before: Pick<StoppedCandidate, 'ledgerSeq'> | null): TransactWrite {
    return this.#put(item, before);
  }

  #put(item: KillSwitchItem, before: Pick<KillSwitchItem, 'ledgerSeq'> | null): TransactWrite {
    return {
      Put: {
        TableName: this.#table,
        Item: { ...keyOf(item), ...item },
        ...(before === null
          ? { ConditionExpression: 'attribute_not_exists(pk)' }
          : { ConditionExpression: 'ledgerSeq = :seq', ExpressionAttributeValues: { ':seq': before.ledgerSeq } }),
      },
    };
  }
}

function keyOf(item: KillSwitchItem): ItemKey {
  return item.level === 'model'
    ? registryKeys.killSwitch(item.model)
    : registryKeys.stoppedCandidate(item.model, item.promotionId);
}
