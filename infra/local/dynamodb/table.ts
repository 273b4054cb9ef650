import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { DynamoDbEngine } from '../dynamodb-engine.ts';
import { REGION } from '../service.ts';
import { realNames } from './dynamodb.ts';

/** What Ref and Fn::GetAtt of a table resolve to; `streamArn` is empty for a table without a stream. */
export interface Table {
  readonly name: string;
  readonly arn: string;
  readonly streamArn: string;
}

const properties = z.looseObject({
  KeySchema: z.array(z.unknown()),
  AttributeDefinitions: z.array(z.unknown()),
  GlobalSecondaryIndexes: z.array(z.looseObject({})).optional(),
  LocalSecondaryIndexes: z.array(z.looseObject({})).optional(),
  StreamSpecification: z.object({ StreamViewType: z.string() }).optional(),
  TimeToLiveSpecification: z.object({ AttributeName: z.string().optional(), Enabled: z.boolean() }).optional(),
  Replicas: z
    .array(z.looseObject({ Region: z.string(), DeletionProtectionEnabled: z.boolean().optional() }))
    .optional(),
});

const description = z.object({
  Table: z.object({ TableStatus: z.string(), TableArn: z.string(), LatestStreamArn: z.string().optional() }),
});

/**
 * Creates a table from the resolved properties of an AWS::DynamoDB::GlobalTable. A table that exists already (kept in a
 * data directory) stays as it is. Backups, encryption and contributor insights have no effect on one machine.
 * @throws Error with the engine's answer when it refuses the properties
 */
export async function createTable(engine: DynamoDbEngine, name: string, resolved: unknown): Promise<Table> {
  const table = properties.parse(resolved);
  const replica = table.Replicas?.find(({ Region }) => Region === REGION) ?? table.Replicas?.[0];
  const created = await call(engine, 'CreateTable', {
    TableName: name,
    KeySchema: table.KeySchema,
    AttributeDefinitions: table.AttributeDefinitions,
    BillingMode: 'PAY_PER_REQUEST',
    GlobalSecondaryIndexes: table.GlobalSecondaryIndexes?.map(indexOf),
    LocalSecondaryIndexes: table.LocalSecondaryIndexes?.map(indexOf),
    DeletionProtectionEnabled: replica?.DeletionProtectionEnabled ?? false,
    StreamSpecification: table.StreamSpecification && { StreamEnabled: true, ...table.StreamSpecification },
  });
  if (created.status !== 200 && !created.body.includes('ResourceInUseException')) {
    throw new Error(`Table ${name} could not be created: ${created.body}`);
  }
  const live = await active(engine, name);
  if (created.status === 200 && table.TimeToLiveSpecification !== undefined) {
    await call(engine, 'UpdateTimeToLive', {
      TableName: name,
      TimeToLiveSpecification: table.TimeToLiveSpecification,
    });
  }
  return live;
}

/** Throughput settings of the template mean nothing to an on-demand table of the engine. */
function indexOf(index: Readonly<Record<string, unknown>>) {
  const { IndexName, KeySchema, Projection } = index;
  return { IndexName, KeySchema, Projection };
}

async function active(engine: DynamoDbEngine, name: string): Promise<Table> {
  for (;;) {
    const { body } = await call(engine, 'DescribeTable', { TableName: name });
    const { Table: table } = description.parse(JSON.parse(realNames(body)));
    if (table.TableStatus === 'ACTIVE') {
      return { name, arn: table.TableArn, streamArn: table.LatestStreamArn ?? '' };
    }
    await sleep(20);
  }
}

function call(engine: DynamoDbEngine, operation: string, body: object) {
  return engine.send(`DynamoDB_20120810.${operation}`, JSON.stringify(body));
}
