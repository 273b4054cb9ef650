import { type DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { queryItems } from '../platform/query-store.ts';
import { parseRow } from './chain.ts';
import type { Ledger, ReadEntry } from './ledger.ts';

/** What a function without the ledger key may do: read entries, consistently. */
export class LedgerReader implements Pick<Ledger, 'read' | 'entries'> {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async read(model: string, seq: number): Promise<ReadEntry | null> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { model, seq }, ConsistentRead: true }),
    );
    return Item === undefined ? null : parseRow(Item);
  }

  async *entries(model: string, options: { readonly fromSeq?: number } = {}): AsyncIterable<ReadEntry> {
    const items = queryItems(this.#client, {
      TableName: this.#table,
      KeyConditionExpression: '#model = :model AND #seq >= :from',
      ExpressionAttributeNames: { '#model': 'model', '#seq': 'seq' },
      ExpressionAttributeValues: { ':model': model, ':from': options.fromSeq ?? 1 },
    });
    for await (const item of items) yield parseRow(item);
  }

  /** The newest entry of a model's chain; null when it has none. */
  async head(model: string): Promise<ReadEntry | null> {
    const { Items } = await this.#client.send(
      new QueryCommand({
        TableName: this.#table,
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: 1,
        KeyConditionExpression: '#model = :model',
        ExpressionAttributeNames: { '#model': 'model' },
        ExpressionAttributeValues: { ':model': model },
      }),
    );
    const newest = Items?.[0];
    return newest === undefined ? null : parseRow(newest);
  }
}
