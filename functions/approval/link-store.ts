import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type * as z from 'zod';
import { parseStored } from '../platform/boundary.ts';
import { ReleaseError } from '../platform/errors.ts';
import type { ItemKey } from '../platform/keys.ts';
import type { SentLink } from './sent-link.ts';

/** One kind of links. */
export interface LinkKind<T extends SentLink> {
  readonly schema: z.ZodType<T>;
  readonly key: (linkId: string) => ItemKey;
  /** For whoever reads that an item is broken, for example `A link of a recall`. */
  readonly what: string;
}

/** Personal links of one kind, in the approvals table: its own key encrypts them. Reads are consistent. */
export class LinkStore<T extends SentLink> {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #kind: LinkKind<T>;

  constructor(client: DynamoDBDocumentClient, table: string, kind: LinkKind<T>) {
    this.#client = client;
    this.#table = table;
    this.#kind = kind;
  }

  async link(linkId: string): Promise<T | null> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { ...this.#kind.key(linkId) }, ConsistentRead: true }),
    );
    return Item === undefined ? null : parseStored(this.#kind.schema, Item, this.#kind.what);
  }

  /**
   * Keeps a link whose email is about to be sent, in the place of the one that was read (one attempt less; none before
   * the first).
   * @throws ReleaseError CONDITION_FAILED when another attempt was first
   */
  async keep(link: T): Promise<void> {
    const first = link.attempts === 1;
    const put = new PutCommand({
      TableName: this.#table,
      Item: { ...this.#kind.key(link.linkId), ...link },
      ConditionExpression: first ? 'attribute_not_exists(pk)' : 'attempts = :before',
      ...(first ? {} : { ExpressionAttributeValues: { ':before': link.attempts - 1 } }),
    });
    try {
      await this.#client.send(put);
    } catch (cause) {
      if (!(cause instanceof Error && cause.name === 'ConditionalCheckFailedException')) throw cause;
      throw new ReleaseError('CONDITION_FAILED', 'Another attempt to send the link was first.', { cause });
    }
  }

  /** Notes that the email with a link was accepted for delivery. */
  async sent(linkId: string, at: string): Promise<void> {
    await this.#client.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: { ...this.#kind.key(linkId) },
        UpdateExpression: 'SET sentAt = :at',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':at': at },
      }),
    );
  }
}
