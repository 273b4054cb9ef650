import {
  CreateTableCommand,
  DynamoDBClient,
  type KeySchemaElement,
  type ScalarAttributeType,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoLedger } from '../../functions/ledger/ledger-store.ts';
import type { DynamoDbDatabase } from '../../infra/local/dynamodb-engine.ts';
import { sharedDatabase } from './shared-database.ts';
import { createTestKey, type TestKey } from './test-key.ts';

/** The three tables on AWS's own engine, with the key schema of the stack. */
export interface Tables {
  readonly engine: DynamoDbDatabase;
  readonly client: DynamoDBDocumentClient;
  /** Names of the tables. */
  readonly registry: string;
  readonly ledger: string;
  readonly approvals: string;
  /** The ledger key. */
  readonly key: TestKey;
  /** A ledger on these tables, signing with `key`. */
  readonly openLedger: () => DynamoLedger;
  readonly stop: () => Promise<void>;
}

/** Tables of their own for a test file, in `beforeAll`; the engine starts once per run (2 to 3 s). */
export async function startTables(): Promise<Tables> {
  const engine = await sharedDatabase();
  const { endpoint, region, credentials } = engine;
  const raw = new DynamoDBClient({ endpoint, region, credentials });
  const [registry, ledger, approvals] = ['registry', 'ledger', 'approvals'] as const;
  await createTable(raw, registry, { pk: 'S', sk: 'S' });
  await createTable(raw, approvals, { pk: 'S', sk: 'S' });
  await createTable(raw, ledger, { model: 'S', seq: 'N' });
  const client = DynamoDBDocumentClient.from(raw, { marshallOptions: { removeUndefinedValues: true } });
  const key = createTestKey();
  return {
    engine,
    client,
    registry,
    ledger,
    approvals,
    key,
    openLedger: () => new DynamoLedger({ client, table: ledger, sign: key.sign }),
    stop: async () => {
      client.destroy();
      raw.destroy();
    },
  };
}

async function createTable(client: DynamoDBClient, table: string, keys: Readonly<Record<string, ScalarAttributeType>>) {
  const names = Object.entries(keys);
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: names.map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType })),
      KeySchema: names.map(
        ([AttributeName], index): KeySchemaElement => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' }),
      ),
    }),
  );
}
