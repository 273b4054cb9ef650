import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { DynamoDbDatabase } from '../dynamodb-engine.ts';
import type { Invoke } from '../service.ts';
import { engineArn, realNames } from './dynamodb.ts';

export interface StreamMappingOptions {
  readonly engine: DynamoDbDatabase;
  /** Resolved properties of an AWS::Lambda::EventSourceMapping on a table's stream. */
  readonly properties: unknown;
  readonly invoke: Invoke;
  /** Told of records that were given up, with the document that Lambda would send to the destination. */
  readonly onFailure: (destinationArn: string, notice: object) => Promise<void>;
  /** Pause between two looks, and before the first retry, which doubles each time up to a minute. */
  readonly pauseSeconds?: number;
}

const MAX_RETRY_SECONDS = 60;
/** Other members would change which records arrive, or what an answer means. */
const mappingSchema = z.strictObject({
  FunctionName: z.string(),
  EventSourceArn: z.string(),
  StartingPosition: z.literal('TRIM_HORIZON'),
  BatchSize: z.coerce.number().default(100),
  BisectBatchOnFunctionError: z.boolean().default(false),
  MaximumRetryAttempts: z.coerce.number().default(Number.POSITIVE_INFINITY),
  // Hours; nobody waits that long here.
  MaximumRecordAgeInSeconds: z.unknown().optional(),
  DestinationConfig: z.object({ OnFailure: z.object({ Destination: z.string() }) }).optional(),
});
const recordSchema = z.looseObject({ dynamodb: z.looseObject({ SequenceNumber: z.string() }) });
type StreamRecord = z.infer<typeof recordSchema>;
const shardList = z.object({
  StreamDescription: z.object({
    Shards: z.array(z.object({ ShardId: z.string(), ParentShardId: z.string().optional() })),
  }),
});
const iteratorAnswer = z.object({ ShardIterator: z.string() });
const recordsAnswer = z.object({ Records: z.array(recordSchema), NextShardIterator: z.string().nullish() });

interface Run extends StreamMappingOptions {
  readonly mapping: z.infer<typeof mappingSchema>;
  readonly signal: AbortSignal;
}

/** How far a shard was read; without an iterator reading goes on after `delivered`, or at the beginning. */
interface Position {
  readonly iterator?: string | undefined;
  readonly delivered?: string | undefined;
  readonly ended: boolean;
}

/**
 * Hands the records of a table's stream to a function, in order, as Lambda's event source mapping does: a failed batch is
 * repeated (halved first, when the mapping says so) and holds up what follows until it succeeds or is given up.
 */
export function followStream(options: StreamMappingOptions): { stop(): Promise<void> } {
  const mapping = mappingSchema.parse(options.properties);
  const stopping = new AbortController();
  const done = follow({ ...options, mapping, signal: stopping.signal }).catch((error: unknown) => {
    // A pause that was cut short ends this way too.
    if (!stopping.signal.aborted) throw error;
  });
  return {
    stop: () => {
      stopping.abort();
      return done;
    },
  };
}

async function follow(run: Run): Promise<void> {
  const positions = new Map<string, Position>();
  for (;;) {
    try {
      if (await look(positions, run)) continue;
    } catch (error) {
      if (run.signal.aborted) throw error;
      // An iterator that expired during a long retry; or the engine is gone, which whoever started it is told.
      for (const [shard, position] of positions) positions.set(shard, { ...position, iterator: undefined });
    }
    await sleep((run.pauseSeconds ?? 0.25) * 1_000, undefined, { signal: run.signal });
  }
}

/** Delivers up to one batch of each shard; answers whether there was any. */
async function look(positions: Map<string, Position>, run: Run): Promise<boolean> {
  const { EventSourceArn: StreamArn, BatchSize: Limit } = run.mapping;
  const { StreamDescription } = shardList.parse(await call(run.engine, 'DescribeStream', { StreamArn }));
  let delivered = false;
  for (const { ShardId, ParentShardId: parent } of StreamDescription.Shards) {
    const position = positions.get(ShardId) ?? { ended: false };
    // A parent's records come before those of its children.
    if (position.ended || (parent !== undefined && positions.get(parent)?.ended === false)) continue;
    const ShardIterator = position.iterator ?? (await iteratorAt({ StreamArn, ShardId }, position, run));
    const page = await call(run.engine, 'GetRecords', { ShardIterator, Limit });
    const { Records, NextShardIterator: next } = recordsAnswer.parse(page);
    if (Records.length > 0) await deliver(Records, run);
    delivered ||= Records.length > 0;
    const last = Records.at(-1)?.dynamodb.SequenceNumber ?? position.delivered;
    positions.set(ShardId, { delivered: last, iterator: next ?? undefined, ended: !next });
  }
  return delivered;
}

async function iteratorAt(shard: object, { delivered }: Position, { engine }: Run): Promise<string> {
  const from =
    delivered === undefined
      ? { ShardIteratorType: 'TRIM_HORIZON' }
      : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: delivered };
  return iteratorAnswer.parse(await call(engine, 'GetShardIterator', { ...shard, ...from })).ShardIterator;
}

async function deliver(records: readonly StreamRecord[], run: Run): Promise<void> {
  const { mapping, signal } = run;
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    const Records = records.map((record) => ({ ...record, eventSourceARN: mapping.EventSourceArn }));
    const failed = await run.invoke(mapping.FunctionName, { Records }).then(
      ({ functionError }) => functionError !== undefined,
      () => true,
    );
    if (!failed) return;
    if (mapping.BisectBatchOnFunctionError && records.length > 1) {
      const half = Math.ceil(records.length / 2);
      await deliver(records.slice(0, half), run);
      return deliver(records.slice(half), run);
    }
    if (attempt >= mapping.MaximumRetryAttempts) return giveUp(records, run);
    const pauseSeconds = Math.min((run.pauseSeconds ?? 1) * 2 ** attempt, MAX_RETRY_SECONDS);
    await sleep(pauseSeconds * 1_000, undefined, { signal });
  }
}

async function giveUp(records: readonly StreamRecord[], { mapping, onFailure }: Run): Promise<void> {
  const { FunctionName: functionArn, EventSourceArn: streamArn, DestinationConfig } = mapping;
  if (DestinationConfig === undefined) return;
  const [first, last] = [records.at(0), records.at(-1)].map((record) => record?.dynamodb.SequenceNumber);
  await onFailure(DestinationConfig.OnFailure.Destination, {
    version: '1.0',
    requestContext: { functionArn, condition: 'RetryAttemptsExhausted' },
    DDBStreamBatchInfo: {
      ...{ startSequenceNumber: first, endSequenceNumber: last, batchSize: records.length, streamArn },
    },
  });
}

async function call(engine: DynamoDbDatabase, operation: string, body: object): Promise<unknown> {
  const text = JSON.stringify(body, (_key, value) => (typeof value === 'string' ? engineArn(value) : value));
  const answer = await engine.send(`DynamoDBStreams_20120810.${operation}`, text);
  if (answer.status === 200) return JSON.parse(operation === 'GetRecords' ? answer.body : realNames(answer.body));
  throw new Error(`${operation} of a table's stream failed: ${answer.body}`);
}
