import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { approvalKeys } from '../../functions/platform/keys.ts';
import type { Gate } from './places.ts';
import type { Scene } from './scene.ts';
import { until } from './until.ts';

/**
 * The token that an execution waits for at a gate, once people were asked under it; another one than `before`. Not even the
 * administrator reads that table: only a function whose code was taken over could.
 */
export async function taskToken(
  scene: Scene,
  at: { readonly promotionId: string; readonly gate: Gate; readonly round: number },
  before = '',
): Promise<string> {
  const refs = [...scene.stack.platform.resources.values()].map(({ ref }) => ref);
  const TableName = refs.find((ref) => /approvals/i.test(ref));
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(scene.clientSettings('request-approval')));
  try {
    return await until(async () => {
      const Key = { ...approvalKeys.token(at.promotionId, at.gate, at.round) };
      const { Item } = await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
      const token = Item?.['requestedAt'] === undefined ? before : String(Item['token']);
      return token === before ? undefined : token;
    });
  } finally {
    client.destroy();
  }
}
