import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { parseStored } from '../platform/boundary.ts';
import { approvalKeys } from '../platform/keys.ts';
import { type Session, sessionSchema } from './session.ts';

/** Sessions, in the approvals table: its own key encrypts them. Reads are consistent. */
export class SessionStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Keeps a new session; the table drops it some time after it expired. */
  async put(digest: string, session: Session): Promise<void> {
    const expiresAtSeconds = Math.ceil(Date.parse(session.expiresAt) / 1000);
    await this.#client.send(
      new PutCommand({
        TableName: this.#table,
        Item: { ...approvalKeys.session(digest), ...session, expiresAtSeconds },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    );
  }

  /** The session under a digest, expired or not; null when there is none. */
  async session(digest: string): Promise<Session | null> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { ...approvalKeys.session(digest) }, ConsistentRead: true }),
    );
    return Item === undefined ? null : parseStored(sessionSchema, Item, 'A session');
  }
}
