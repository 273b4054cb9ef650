import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTable } from '../../infra/local/dynamodb/table.ts';
import { startDynamoDb } from '../../infra/local/dynamodb-engine.ts';

const TABLE = {
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
};

describe('The database engine', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'engine-test-'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(directory, { recursive: true });
  });

  it('says what to install when there is no Java', async () => {
    vi.stubEnv('PATH', directory);
    vi.stubEnv('JAVA_HOME', undefined);
    await expect(startDynamoDb()).rejects.toThrow(/needs Java 17 or newer; no `java` was found\. Install it/);
  });

  it('says what to install when Java is too old', async () => {
    const java = join(directory, 'java');
    writeFileSync(java, '#!/bin/sh\necho java.lang.UnsupportedClassVersionError: x >&2\nexit 1\n');
    chmodSync(java, 0o755);
    vi.stubEnv('PATH', `${directory}:${process.env['PATH']}`);
    vi.stubEnv('JAVA_HOME', undefined);
    await expect(startDynamoDb()).rejects.toThrow(/needs Java 17 or newer; the `java` found is older/);
  });

  it('tells once that it ended by itself, and nothing when it was stopped', async () => {
    const told: string[] = [];
    const stopped = await startDynamoDb({ onCrash: (message) => told.push(message) });
    await stopped.stop();
    expect(told).toEqual([]);

    const crashed = await startDynamoDb({ onCrash: (message) => told.push(message) });
    crashed.kill();
    await vi.waitFor(() => expect(told).toHaveLength(1));
    expect(told[0]).toMatch(/^DynamoDB Local ended \(exit SIGKILL\)/);
    await crashed.stop();
    expect(told).toHaveLength(1);
  });

  it('finds its tables again in its data directory, even after a crash', async () => {
    const dataDir = relative(process.cwd(), directory);
    const first = await startDynamoDb({ dataDir });
    await createTable(first, 'Kept', TABLE);
    const item = { TableName: 'Kept', Item: { id: { S: 'a' } } };
    await first.send('DynamoDB_20120810.PutItem', JSON.stringify(item));
    first.kill();
    await first.stop();

    const second = await startDynamoDb({ dataDir });
    await createTable(second, 'Kept', TABLE);
    const { body } = await second.send('DynamoDB_20120810.Scan', JSON.stringify({ TableName: 'Kept' }));
    await second.stop();
    expect(JSON.parse(body)).toMatchObject({ Items: [{ id: { S: 'a' } }] });
  });
});
