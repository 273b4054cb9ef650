import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { GATE_ATTRIBUTES } from '../../approval/gate-attributes.ts';
import { type GateItem, gateItem } from '../../approval/items.ts';
import { parseStored } from '../../platform/boundary.ts';
import { approvalKeys } from '../../platform/keys.ts';

/** So many rounds of a run are looked at. */
const MAX_ROUNDS = 250;

/**
 * The gates of a run by their own attributes. Task tokens lie in the same partition; of their items this shows what they
 * have in common with gates, which makes no gate, and the role that asks may not read a token.
 */
export async function readGates(
  client: DynamoDBDocumentClient,
  table: string,
  promotionId: string,
): Promise<readonly GateItem[]> {
  const names = GATE_ATTRIBUTES.map((name, index) => [`#a${index}`, name] as const);
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: table,
      ConsistentRead: true,
      Limit: MAX_ROUNDS * 2,
      Select: 'SPECIFIC_ATTRIBUTES',
      ProjectionExpression: names.map(([alias]) => alias).join(', '),
      ExpressionAttributeNames: Object.fromEntries(names),
      KeyConditionExpression: '#a0 = :pk',
      ExpressionAttributeValues: { ':pk': approvalKeys.gate(promotionId, '', 0).pk },
    }),
  );
  return Items.filter(({ sk }) => !String(sk).endsWith('#token'))
    .map((item) => parseStored(gateItem, item, `Gate ${item['pk']} ${item['sk']}`))
    .sort((a, b) => a.openedSeq - b.openedSeq);
}
