import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { parseStored } from '../../platform/boundary.ts';
import { ReleaseError } from '../../platform/errors.ts';
import { approvalKeys } from '../../platform/keys.ts';
import { type RecallLink, recallLink } from './recall-item.ts';

/** The links of recalls, in the approvals table: its own key encrypts them. Reads are consistent. */
export class RecallLinkStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async link(linkId: string): Promise<RecallLink | null> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { ...approvalKeys.recallLink(linkId) }, ConsistentRead: true }),
    );
    return Item === undefined ? null : parseStored(recallLink, Item, 'A link of a recall');
  }

  /**
   * Keeps a link whose email is about to be sent, in the place of the one that was read (one attempt less; none before
   * the first).
   * @throws ReleaseError CONDITION_FAILED when another attempt was first
   */
  async keep(link: RecallLink): Promise<void> {
    const first = link.attempts === 1;
    const put = new PutCommand({
      TableName: this.#table,
      Item: { ...approvalKeys.recallLink(link.linkId), ...link },
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
        Key: { ...approvalKeys.recallLink(linkId) },
        UpdateExpression: 'SET sentAt = :at',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':at': at },
      }),
    );
  }
}
