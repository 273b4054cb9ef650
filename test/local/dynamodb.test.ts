import {
  DescribeTableCommand,
  DynamoDBClient,
  ExecuteStatementCommand,
  ListTablesCommand,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDynamoDb } from '../../infra/local/dynamodb/dynamodb.ts';
import { createTable } from '../../infra/local/dynamodb/table.ts';
import type { DynamoDbDatabase } from '../../infra/local/dynamodb-engine.ts';
import { ACCOUNT, REGION } from '../../infra/local/service.ts';
import { sharedDatabase } from '../fakes/shared-database.ts';
import { type Served, serveOne } from './fixtures/serve-one.ts';

const ORDERS_ARN = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/Orders`;
const ORDERS = {
  TableName: 'ignored: the name is passed',
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'by', AttributeType: 'S' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byBuyer',
      KeySchema: [{ AttributeName: 'by', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
  Replicas: [
    {
      Region: REGION,
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    },
  ],
};

describe('DynamoDB on this machine', () => {
  let engine: DynamoDbDatabase;
  let served: Served;
  let client: DynamoDBClient;
  let documents: DynamoDBDocumentClient;

  beforeAll(async () => {
    engine = await sharedDatabase();
    served = await serveOne('dynamodb', createDynamoDb(engine));
    client = new DynamoDBClient(served.client);
    documents = DynamoDBDocumentClient.from(client);
  });
  afterAll(async () => {
    client.destroy();
    await served.stop();
  });

  it('creates a table from the properties of the template, with stream and index, under real ARNs', async () => {
    const table = await createTable(engine, 'Orders', ORDERS);

    expect(table).toMatchObject({ name: 'Orders', arn: ORDERS_ARN });
    expect(table.streamArn).toMatch(new RegExp(`^${ORDERS_ARN}/stream/`));
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'Orders' }));
    expect(Table).toMatchObject({
      TableArn: ORDERS_ARN,
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      GlobalSecondaryIndexes: [{ IndexName: 'byBuyer', IndexArn: `${ORDERS_ARN}/index/byBuyer` }],
    });
  });

  it('leaves a table that exists as it is', async () => {
    const first = await createTable(engine, 'Kept', ORDERS);
    await documents.send(new PutCommand({ TableName: 'Kept', Item: { pk: 'a', sk: '1' } }));

    expect(await createTable(engine, 'Kept', ORDERS)).toEqual(first);
    const { Item } = await documents.send(new GetCommand({ TableName: 'Kept', Key: { pk: 'a', sk: '1' } }));
    expect(Item).toEqual({ pk: 'a', sk: '1' });
  });

  it('refuses PartiQL, which would pass by the rights on tables', async () => {
    const statement = new ExecuteStatementCommand({ Statement: 'SELECT * FROM Orders' });
    await expect(client.send(statement)).rejects.toMatchObject({ name: 'UnknownOperationException' });
  });

  it('says why the engine refuses the properties of a table', async () => {
    await expect(createTable(engine, 'Bad', { ...ORDERS, AttributeDefinitions: [] })).rejects.toThrow(
      /Table Bad could not be created/,
    );
  });

  it('answers conditional failures of a transaction with their reasons', async () => {
    const put = { TableName: 'Orders', Item: { pk: 'c', sk: '1' }, ConditionExpression: 'attribute_not_exists(pk)' };
    await documents.send(new PutCommand(put));

    await expect(
      documents.send(
        new TransactWriteCommand({ TransactItems: [{ Put: put }, { Put: { ...put, Item: { pk: 'c', sk: '2' } } }] }),
      ),
    ).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'ConditionalCheckFailed' }, { Code: 'None' }],
    });
  });

  it('keeps an ARN inside an item as it was written', async () => {
    const arn = `${ORDERS_ARN}/stream/x and arn:aws:dynamodb:ddblocal:${ACCOUNT}:table/Orders`;
    await documents.send(new PutCommand({ TableName: 'Orders', Item: { pk: 'arn', sk: '1', arn } }));

    const { Item } = await documents.send(new GetCommand({ TableName: 'Orders', Key: { pk: 'arn', sk: '1' } }));
    expect(Item?.['arn']).toBe(arn);
  });

  it('authorizes each action inside a transaction on its own table', async () => {
    served.asked();
    const at = (sk: string) => ({ TableName: 'Orders', Key: { pk: 't', sk } });
    await documents.send(
      new TransactWriteCommand({
        TransactItems: [
          { Put: { TableName: 'Kept', Item: { pk: 't', sk: '1' } } },
          { Update: { ...at('2'), UpdateExpression: 'SET x = :x', ExpressionAttributeValues: { ':x': 1 } } },
          { Delete: at('3') },
          { ConditionCheck: { ...at('4'), ConditionExpression: 'attribute_not_exists(pk)' } },
        ],
      }),
    );

    expect(served.asked()).toEqual([
      `dynamodb:PutItem ${ORDERS_ARN.replace('Orders', 'Kept')}`,
      `dynamodb:UpdateItem ${ORDERS_ARN}`,
      `dynamodb:DeleteItem ${ORDERS_ARN}`,
      `dynamodb:ConditionCheckItem ${ORDERS_ARN}`,
    ]);
  });

  it('authorizes a query on the index that it reads, and a batch on each of its tables', async () => {
    served.asked();
    await documents.send(
      new QueryCommand({
        TableName: 'Orders',
        IndexName: 'byBuyer',
        KeyConditionExpression: '#by = :by',
        ExpressionAttributeNames: { '#by': 'by' },
        ExpressionAttributeValues: { ':by': 'x' },
      }),
    );
    const Keys = [{ pk: 'a', sk: '1' }];
    await documents.send(new BatchGetCommand({ RequestItems: { Orders: { Keys }, Kept: { Keys } } }));

    expect(served.asked()).toEqual([
      `dynamodb:Query ${ORDERS_ARN}/index/byBuyer`,
      `dynamodb:BatchGetItem ${ORDERS_ARN}`,
      `dynamodb:BatchGetItem ${ORDERS_ARN.replace('Orders', 'Kept')}`,
    ]);
  });

  it('does nothing that is not allowed', async () => {
    served.deny('dynamodb:PutItem');
    const put = new PutCommand({ TableName: 'Orders', Item: { pk: 'denied', sk: '1' } });
    await expect(documents.send(put)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    served.deny();

    const { Item } = await documents.send(new GetCommand({ TableName: 'Orders', Key: { pk: 'denied', sk: '1' } }));
    expect(Item).toBeUndefined();
  });

  it('shows whoever guesses the port, but not the key, an empty database', async () => {
    const stranger = new DynamoDBClient({ ...served.client, endpoint: engine.endpoint });
    const { TableNames } = await stranger.send(new ListTablesCommand({}));
    stranger.destroy();

    expect(TableNames).toEqual([]);
  });
});
