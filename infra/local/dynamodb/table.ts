import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { DynamoDbDatabase } from '../dynamodb-engine.ts';
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
  GlobalSecondaryIndexes: z
    .array(z.object({ IndexName: z.string(), KeySchema: z.unknown(), Projection: z.unknown() }))
    .optional(),
  LocalSecondaryIndexes: z.undefined('does not run on this machine').optional(),
  StreamSpecification: z.object({ StreamViewType: z.string() }).optional(),
});
const description = z.object({
  Table: z.object({ TableStatus: z.string(), TableArn: z.string(), LatestStreamArn: z.string().optional() }),
});

/**
 * Creates a table from the resolved properties of an AWS::DynamoDB::GlobalTable. A table that exists already (kept in a
 * data directory) stays as it is. Backups, encryption, protection from deletion and the time to live of items, which AWS keeps late as
 * well, have no effect on one machine.
 * @throws Error with the engine's answer when it refuses the properties
 */
export async function createTable(engine: DynamoDbDatabase, name: string, resolved: unknown): Promise<Table> {
  const { KeySchema, AttributeDefinitions, ...table } = properties.parse(resolved);
  const call = (operation: string, body: object) =>
    engine.send(`DynamoDB_20120810.${operation}`, JSON.stringify({ TableName: name, ...body }));
  const { status, body: refusal } = await call('CreateTable', {
    ...{ KeySchema, AttributeDefinitions, BillingMode: 'PAY_PER_REQUEST' },
    GlobalSecondaryIndexes: table.GlobalSecondaryIndexes,
    StreamSpecification: table.StreamSpecification && { StreamEnabled: true, ...table.StreamSpecification },
  });
  if (status !== 200 && !refusal.includes('ResourceInUseException')) {
    throw new Error(`Table ${name} could not be created: ${refusal}`);
  }
  for (;;) {
    const { body } = await call('DescribeTable', {});
    const { TableStatus, TableArn: arn, LatestStreamArn } = description.parse(JSON.parse(realNames(body))).Table;
    if (TableStatus === 'ACTIVE') return { name, arn, streamArn: LatestStreamArn ?? '' };
    await sleep(20);
  }
}
