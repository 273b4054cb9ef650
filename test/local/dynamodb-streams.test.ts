import { beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { followStream } from '../../infra/local/dynamodb/streams.ts';
import { createTable, type Table } from '../../infra/local/dynamodb/table.ts';
import type { DynamoDbDatabase } from '../../infra/local/dynamodb-engine.ts';
import type { Invoke } from '../../infra/local/service.ts';
import { sharedDatabase } from '../fakes/shared-database.ts';

const TABLE = {
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
};
const eventSchema = z.object({
  Records: z.array(
    z.looseObject({
      eventName: z.string(),
      eventSource: z.literal('aws:dynamodb'),
      eventSourceARN: z.string(),
      dynamodb: z.looseObject({ Keys: z.object({ id: z.object({ S: z.string() }) }) }),
    }),
  ),
});

describe('Table streams on this machine', () => {
  let engine: DynamoDbDatabase;
  let tables = 0;
  const newTable = async (): Promise<Table> => {
    tables += 1;
    return createTable(engine, `Streamed${tables}`, TABLE);
  };
  const write = async (table: Table, ...ids: readonly string[]): Promise<void> => {
    for (const id of ids) {
      const body = JSON.stringify({ TableName: table.name, Item: { id: { S: id }, at: { N: '1' } } });
      await engine.send('DynamoDB_20120810.PutItem', body);
    }
  };
  const follow = (table: Table, invoke: (ids: readonly string[]) => boolean, more: object = {}, source = engine) => {
    const failures: (readonly [string, object])[] = [];
    const run: Invoke = async (_name, payload) => {
      const ids = eventSchema.parse(payload).Records.map(({ dynamodb }) => dynamodb.Keys.id.S);
      return invoke(ids) ? { payload: null } : { payload: { errorType: 'Error' }, functionError: 'Unhandled' };
    };
    const properties = { FunctionName: 'watch', EventSourceArn: table.streamArn, StartingPosition: 'TRIM_HORIZON' };
    const mapping = followStream({
      engine: source,
      properties: { ...properties, ...more },
      invoke: run,
      onFailure: async (destination, notice) => {
        failures.push([destination, notice]);
      },
      pauseSeconds: 0.01,
    });
    return { ...mapping, failures };
  };

  beforeAll(async () => {
    engine = await sharedDatabase();
  });

  it('hands over every change in order, in batches of the mapping, as Lambda shows them', async () => {
    const table = await newTable();
    await write(table, 'a', 'b', 'c');
    const batches: string[][] = [];
    const mapping = follow(table, (ids) => batches.push([...ids]) > 0, { BatchSize: 2 });
    await vi.waitFor(() => expect(batches.flat()).toEqual(['a', 'b', 'c']));
    await write(table, 'd');
    await vi.waitFor(() => expect(batches.flat()).toEqual(['a', 'b', 'c', 'd']));
    await mapping.stop();

    expect(batches.every((batch) => batch.length <= 2)).toBe(true);
  });

  it('names kind of change, images and the real ARN of the stream', async () => {
    const table = await newTable();
    const events: unknown[] = [];
    const mapping = followStream({
      engine,
      properties: { FunctionName: 'watch', EventSourceArn: table.streamArn, StartingPosition: 'TRIM_HORIZON' },
      invoke: async (_name, payload) => {
        events.push(...eventSchema.parse(payload).Records);
        return { payload: null };
      },
      onFailure: async () => undefined,
      pauseSeconds: 0.01,
    });
    await write(table, 'a');
    const key = JSON.stringify({ TableName: table.name, Key: { id: { S: 'a' } } });
    await engine.send('DynamoDB_20120810.DeleteItem', key);
    await vi.waitFor(() => expect(events).toHaveLength(2));
    await mapping.stop();

    expect(events).toMatchObject([
      { eventName: 'INSERT', eventSourceARN: table.streamArn, dynamodb: { NewImage: { at: { N: '1' } } } },
      { eventName: 'REMOVE', eventSourceARN: table.streamArn, dynamodb: { OldImage: { at: { N: '1' } } } },
    ]);
  });

  it('repeats a failed batch before anything after it', async () => {
    const table = await newTable();
    await write(table, 'a', 'b');
    const seen: string[][] = [];
    const mapping = follow(table, (ids) => seen.push([...ids]) > 2, { BatchSize: 1 });
    await vi.waitFor(() => expect(seen).toEqual([['a'], ['a'], ['a'], ['b']]));
    await mapping.stop();
  });

  it('halves a failing batch down to the record that fails, and gives that one up to the destination', async () => {
    const table = await newTable();
    await write(table, 'a', 'b', 'bad', 'c');
    const delivered: string[] = [];
    const mapping = follow(
      table,
      (ids) => {
        if (ids.includes('bad')) return false;
        delivered.push(...ids);
        return true;
      },
      {
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 1,
        DestinationConfig: { OnFailure: { Destination: 'arn:aws:sns:x' } },
      },
    );
    await vi.waitFor(() => expect(delivered).toEqual(['a', 'b', 'c']));
    await mapping.stop();

    expect(mapping.failures).toMatchObject([
      ['arn:aws:sns:x', { DDBStreamBatchInfo: { batchSize: 1, streamArn: table.streamArn } }],
    ]);
  });

  it('goes on after the last delivered record when the engine failed to answer', async () => {
    const table = await newTable();
    await write(table, 'a', 'b');
    let failures = 0;
    const send: DynamoDbDatabase['send'] = async (target, body) => {
      const broken = delivered.length === 1 && failures < 3;
      if (broken) failures += 1;
      return broken ? Promise.reject(new Error('no answer')) : engine.send(target, body);
    };
    const delivered: string[] = [];
    const mapping = follow(table, (ids) => delivered.push(...ids) > 0, { BatchSize: 1 }, { ...engine, send });
    await vi.waitFor(() => expect(delivered).toEqual(['a', 'b']));
    await mapping.stop();

    expect(failures).toBe(3);
  });

  it('refuses a mapping with a setting that it would not honour', async () => {
    const table = await newTable();
    expect(() => follow(table, () => true, { FilterCriteria: { Filters: [] } })).toThrow(/FilterCriteria/);
  });
});
