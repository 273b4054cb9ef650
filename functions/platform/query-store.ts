import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';

/** Every item of a consistent query, page after page, read as far as the caller goes on asking. */
export async function* queryItems(
  client: DynamoDBDocumentClient,
  query: Omit<QueryCommandInput, 'ConsistentRead' | 'ExclusiveStartKey'>,
): AsyncIterable<Readonly<Record<string, unknown>>> {
  let start: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        ...query,
        ConsistentRead: true,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    yield* page.Items ?? [];
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
}
