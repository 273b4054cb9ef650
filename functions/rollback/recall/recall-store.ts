import { type DynamoDBDocumentClient, GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type * as z from 'zod';
import { parseStored } from '../../platform/boundary.ts';
import { ReleaseError } from '../../platform/errors.ts';
import { type ItemKey, registryKeys } from '../../platform/keys.ts';
import { queryItems } from '../../platform/query-store.ts';
import type { TransactWrite } from '../../platform/transaction.ts';
import {
  type Answer,
  type OpenRecall,
  openRecall,
  type PendingRecall,
  pendingRecall,
  type RecallItem,
  type RecallRef,
  recallItem,
} from './recall-item.ts';

/** What the registry table keeps of recalls. Reads are consistent, since each is followed by a decision. */
export class RecallStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Rollbacks of which it is still looked for forecasts; of one model, or of all. */
  pending(model?: string): Promise<readonly PendingRecall[]> {
    const prefix = model === undefined ? '' : registryKeys.pendingRecall(model, '').sk;
    return this.#query(registryKeys.pendingRecallPartition, prefix, pendingRecall);
  }

  recall({ model, executionName, part }: RecallRef): Promise<RecallItem | null> {
    return this.#get(registryKeys.recall(model, executionName, part), recallItem);
  }

  /** All recalls of a model, open or not. */
  recalls(model: string): Promise<readonly RecallItem[]> {
    return this.#query(registryKeys.partition(model), registryKeys.recallPrefix, recallItem);
  }

  /** Recalls that teams are still asked about; of one model, or of all. */
  open(model?: string): Promise<readonly OpenRecall[]> {
    return this.#query(registryKeys.openRecallPartition, model === undefined ? '' : `${model}#`, openRecall);
  }

  /**
   * Notes a look that found nothing new: nothing was decided, so that the ledger has nothing to say.
   * @throws ReleaseError CONDITION_FAILED when another look was first
   */
  async keepLook(write: TransactWrite): Promise<void> {
    try {
      await this.#client.send(new TransactWriteCommand({ TransactItems: [write] }));
    } catch (cause) {
      const failed = cause instanceof Error && cause.name === 'TransactionCanceledException';
      if (!failed) throw cause;
      throw new ReleaseError('CONDITION_FAILED', 'Another look was first.', { cause });
    }
  }

  async #get<T>(key: ItemKey, schema: z.ZodType<T>): Promise<T | null> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { ...key }, ConsistentRead: true }),
    );
    return Item === undefined ? null : parseStored(schema, Item, `Registry item ${key.pk} ${key.sk}`);
  }

  async #query<T>(pk: string, prefix: string, schema: z.ZodType<T>): Promise<readonly T[]> {
    const items: T[] = [];
    const pages = queryItems(this.#client, {
      TableName: this.#table,
      KeyConditionExpression: prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: prefix === '' ? { ':pk': pk } : { ':pk': pk, ':prefix': prefix },
    });
    for await (const item of pages) {
      items.push(parseStored(schema, item, `Registry item ${item['pk']} ${item['sk']}`));
    }
    return items;
  }
}

/** The writes that recalls undergo, each with the condition under which it may happen. */
export class RecallWrites {
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  newPending(item: PendingRecall): TransactWrite {
    return this.#putNew(registryKeys.pendingRecall(item.model, item.executionName), item);
  }

  /** Says when it is looked again, and for which list; null: it is not. Holds once for each look. */
  looked(before: PendingRecall, next: Pick<PendingRecall, 'part' | 'lookAt'> | null): TransactWrite {
    const Key = { ...registryKeys.pendingRecall(before.model, before.executionName) };
    const guarded = {
      TableName: this.#table,
      ConditionExpression: 'part = :part AND lookAt = :lookAt',
      ExpressionAttributeValues: { ':part': before.part, ':lookAt': before.lookAt },
    };
    if (next === null) return { Delete: { ...guarded, Key } };
    return { Put: { ...guarded, Item: { ...Key, ...before, ...next } } };
  }

  /** A new recall; while it is open, with the item that tells so. */
  newRecall(item: RecallItem): readonly TransactWrite[] {
    const { model, executionName, part } = item;
    const put = this.#putNew(registryKeys.recall(model, executionName, part), item);
    if (item.status === 'closed') return [put];
    return [put, this.#putNew(registryKeys.openRecall(model, executionName, part), { model, executionName, part })];
  }

  /** Adds a team's answer to the recall that was read; the last one that is waited for closes it. */
  answered(recall: RecallItem, answer: Answer, closes: boolean): readonly TransactWrite[] {
    const { model, executionName, part, revision } = recall;
    const after: RecallItem = {
      ...recall,
      answers: [...recall.answers, answer],
      revision: revision + 1,
      ...(closes ? { status: 'closed', closedAt: answer.at } : {}),
    };
    const put: TransactWrite = {
      Put: {
        TableName: this.#table,
        Item: { ...registryKeys.recall(model, executionName, part), ...after },
        ConditionExpression: 'revision = :read',
        ExpressionAttributeValues: { ':read': revision },
      },
    };
    if (!closes) return [put];
    const Key = { ...registryKeys.openRecall(model, executionName, part) };
    return [put, { Delete: { TableName: this.#table, Key } }];
  }

  #putNew(key: ItemKey, item: object): TransactWrite {
    return {
      Put: { TableName: this.#table, Item: { ...key, ...item }, ConditionExpression: 'attribute_not_exists(pk)' },
    };
  }
}
