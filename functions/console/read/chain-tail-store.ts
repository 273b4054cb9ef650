import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';

/** Entries hold documents, of which few are large; no more than this is held in memory for one page. */
const MAX_BYTES = 48 * 1024 * 1024;

/**
 * The newest rows of a model's chain as stored, unchecked, by ascending position: `count` of them at most, and fewer where
 * they are large.
 */
export async function readNewestRows(
  client: DynamoDBDocumentClient,
  { table, model, count }: { readonly table: string; readonly model: string; readonly count: number },
): Promise<readonly unknown[]> {
  const rows: unknown[] = [];
  let bytes = 0;
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
    for (const { body } of page.Items ?? []) bytes += String(body).length;
    start = page.LastEvaluatedKey;
  } while (start !== undefined && rows.length < count && bytes < MAX_BYTES);
  return rows.reverse();
}
