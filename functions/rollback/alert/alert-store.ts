import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { parseStored } from '../../platform/boundary.ts';
import { approvalKeys, type ItemKey } from '../../platform/keys.ts';
import { type AlertLink, alertLink } from './alert-link.ts';

/** The links of alerts, in the approvals table: its own key encrypts them. Reads are consistent. */
export class AlertStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async link(linkId: string): Promise<AlertLink | null> {
    const item = await this.#get(approvalKeys.alertLink(linkId));
    return item === undefined ? null : parseStored(alertLink, item, 'A link of an alert');
  }

  /** Keeps a new link; one that is there already gets the digest of one more secret. */
  async keep(link: AlertLink): Promise<void> {
    if (await this.#putNew(approvalKeys.alertLink(link.linkId), link)) return;
    await this.#client.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: { ...approvalKeys.alertLink(link.linkId) },
        UpdateExpression: 'SET secretSha256s = list_append(secretSha256s, :more)',
        ExpressionAttributeValues: { ':more': link.secretSha256s },
      }),
    );
  }

  /** Notes that the email with a link was accepted for delivery. */
  async sent(linkId: string, at: string): Promise<void> {
    await this.#client.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: { ...approvalKeys.alertLink(linkId) },
        UpdateExpression: 'SET sentAt = if_not_exists(sentAt, :at)',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':at': at },
      }),
    );
  }

  /** Whether an alert was published on the topic. */
  async isPublished(alertId: string): Promise<boolean> {
    return (await this.#get(approvalKeys.alertPublished(alertId))) !== undefined;
  }

  async published(alertId: string, at: string): Promise<void> {
    await this.#putNew(approvalKeys.alertPublished(alertId), { alertId, at });
  }

  async #get(key: ItemKey): Promise<Record<string, unknown> | undefined> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { ...key }, ConsistentRead: true }),
    );
    return Item;
  }

  /** False when there is such an item already. */
  async #putNew(key: ItemKey, item: object): Promise<boolean> {
    try {
      await this.#client.send(
        new PutCommand({
          TableName: this.#table,
          Item: { ...key, ...item },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  }
}
