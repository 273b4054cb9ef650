import { type DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { parseStored } from '../../platform/boundary.ts';
import { ReleaseError } from '../../platform/errors.ts';
import { registryKeys } from '../../platform/keys.ts';
import { queryItems } from '../../platform/query-store.ts';
import type { TransactWrite } from '../../platform/transaction.ts';
import { type OpenNotice, openNotice } from './notice-item.ts';

/** Which promotions have a notice that may have to be sent, repeated or taken back. */
export class OpenNoticeStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async all(): Promise<readonly OpenNotice[]> {
    const found: OpenNotice[] = [];
    const items = queryItems(this.#client, {
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': registryKeys.openNoticePartition },
    });
    for await (const item of items) found.push(parseStored(openNotice, item, 'An open notice'));
    return found;
  }

  /**
   * Begins a notice with the write that puts it on its promotion: both or none. Nobody was told yet, so that the ledger has
   * nothing to say.
   * @throws ReleaseError CONDITION_FAILED when another run was first, or the promotion has ended
   */
  async begin({ model, promotionId }: OpenNotice, onRun: TransactWrite): Promise<void> {
    const Item = { ...registryKeys.openNotice(model, promotionId), model, promotionId };
    try {
      const TransactItems = [onRun, { Put: { TableName: this.#table, Item } }];
      await this.#client.send(new TransactWriteCommand({ TransactItems }));
    } catch (cause) {
      if (!(cause instanceof Error && cause.name === 'TransactionCanceledException')) throw cause;
      throw new ReleaseError('CONDITION_FAILED', 'Another run began the notice, or its promotion ended.', { cause });
    }
  }

  /** Nothing is left to do for a notice. Once only. */
  closed({ model, promotionId }: OpenNotice): TransactWrite {
    return {
      Delete: {
        TableName: this.#table,
        Key: { ...registryKeys.openNotice(model, promotionId) },
        ConditionExpression: 'attribute_exists(pk)',
      },
    };
  }

  /** As `closed`, where the ledger has nothing to say. Safe to repeat. */
  async close(notice: OpenNotice): Promise<void> {
    const { Delete } = this.closed(notice);
    if (Delete === undefined) return;
    const { ConditionExpression: _, ...always } = Delete;
    await this.#client.send(new TransactWriteCommand({ TransactItems: [{ Delete: always }] }));
  }
}
