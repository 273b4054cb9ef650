import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';

/** All items of a model's chain as stored, unchecked, by ascending position, a page (1 MB) at a time. */
export async function* readRows(client: DynamoDBDocumentClient, table: string, model: string): AsyncIterable<unknown> {
  let start: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: 'model = :model',
        ExpressionAttributeValues: { ':model': model },
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    yield* page.Items ?? [];
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
}
