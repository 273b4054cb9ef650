import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';

/** The newest rows of a model's chain as stored, unchecked, by ascending position; `count` of them at most. */
export async function readNewestRows(
  client: DynamoDBDocumentClient,
  { table, model, count }: { readonly table: string; readonly model: string; readonly count: number },
): Promise<readonly unknown[]> {
  const rows: unknown[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: count - rows.length,
        KeyConditionExpression: '#model = :model',
        ExpressionAttributeNames: { '#model': 'model' },
        ExpressionAttributeValues: { ':model': model },
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    rows.push(...(page.Items ?? []));
    start = page.LastEvaluatedKey;
  } while (start !== undefined && rows.length < count);
  return rows.reverse();
}
