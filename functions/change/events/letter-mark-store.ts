import { type DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { sha256Hex } from '../../platform/json.ts';
import { registryKeys } from '../../platform/keys.ts';
import { normalEmail } from '../../platform/people.ts';
import type { Letter, LetterMarks } from './tell-once.ts';

/** Marks of letters about events, in the registry. Addresses are kept as digests. */
export class LetterMarkStore implements LetterMarks {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async begin(letter: Letter, { at, staleBefore }: { readonly at: string; readonly staleBefore: string }) {
    const isNew = 'attribute_not_exists(pk)';
    const wasLeft = 'attribute_not_exists(sentAt) AND attemptedAt < :staleBefore';
    const put = new PutCommand({
      TableName: this.#table,
      Item: { ...keyOf(letter), attemptedAt: at },
      ConditionExpression: `${isNew} OR (${wasLeft})`,
      ExpressionAttributeValues: { ':staleBefore': staleBefore },
    });
    return this.#once(put);
  }

  async sent(letter: Letter, at: string): Promise<void> {
    await this.#client.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: { ...keyOf(letter) },
        UpdateExpression: 'SET sentAt = :at',
        ExpressionAttributeValues: { ':at': at },
      }),
    );
  }

  async failed(letter: Letter, at: string): Promise<void> {
    const released = new UpdateCommand({
      TableName: this.#table,
      Key: { ...keyOf(letter) },
      // Earlier than any attempt: whoever comes next may try.
      UpdateExpression: 'SET attemptedAt = :never',
      ConditionExpression: 'attribute_not_exists(sentAt) AND attemptedAt = :at',
      ExpressionAttributeValues: { ':never': '', ':at': at },
    });
    await this.#once(released);
  }

  /** Whether the condition held. */
  async #once(command: PutCommand | UpdateCommand): Promise<boolean> {
    try {
      await (command instanceof PutCommand ? this.#client.send(command) : this.#client.send(command));
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  }
}

function keyOf({ eventId, to }: Letter) {
  return registryKeys.letter(eventId, sha256Hex(normalEmail(to)));
}
