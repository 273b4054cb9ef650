import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';

const body = z.object({
  seq: z.number(),
  at: z.string(),
  type: z.string(),
  actor: z.looseObject({ name: z.string() }),
  data: z.record(z.string(), z.unknown()),
});
export type WatchedEntry = z.infer<typeof body>;

/** Follows a model's ledger, as any reader of the table can. */
export class LedgerWatch {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #model: string;
  readonly entries: WatchedEntry[] = [];

  constructor(client: DynamoDBDocumentClient, table: string, model: string) {
    this.#client = client;
    this.#table = table;
    this.#model = model;
  }

  /** Entries that came since the last call, in order. */
  async news(): Promise<readonly WatchedEntry[]> {
    const { Items } = await this.#client.send(
      new QueryCommand({
        TableName: this.#table,
        ConsistentRead: true,
        KeyConditionExpression: 'model = :model AND seq > :seen',
        ExpressionAttributeValues: { ':model': this.#model, ':seen': this.entries.at(-1)?.seq ?? 0 },
      }),
    );
    const fresh = (Items ?? []).map((item) => body.parse(JSON.parse(String(item['body']))));
    this.entries.push(...fresh);
    return fresh;
  }
}
