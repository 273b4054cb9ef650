import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { engineArn, realNames } from './dynamodb.ts';
import type { DynamoDbEngine } from './dynamodb-engine.ts';
import type { Invoke } from './service.ts';

export interface StreamMappingOptions {
  readonly engine: DynamoDbEngine;
  /** Resolved properties of an AWS::Lambda::EventSourceMapping on a table's stream. */
  readonly properties: unknown;
  readonly invoke: Invoke;
  /** Told of records that were given up, with the document that Lambda would send to the destination. */
  readonly onFailure: (destinationArn: string, notice: object) => Promise<void>;
  /** Pause between two looks, and before the first retry, which doubles each time up to a minute. */
  readonly pauseSeconds?: number;
}

const MAX_RETRY_SECONDS = 60;
const properties = z.looseObject({
  FunctionName: z.string(),
  EventSourceArn: z.string(),
  StartingPosition: z.enum(['TRIM_HORIZON', 'LATEST']),
  BatchSize: z.coerce.number().default(100),
  BisectBatchOnFunctionError: z.boolean().default(false),
  MaximumRetryAttempts: z.coerce.number().default(-1),
  MaximumRecordAgeInSeconds: z.coerce.number().default(-1),
  DestinationConfig: z.object({ OnFailure: z.object({ Destination: z.string() }) }).optional(),
  // Would change which records arrive, or what an answer means.
  FilterCriteria: z.undefined().optional(),
  FunctionResponseTypes: z.undefined().optional(),
});
type Mapping = z.infer<typeof properties>;

const recordSchema = z.looseObject({
  eventID: z.string(),
  dynamodb: z.looseObject({ SequenceNumber: z.string(), ApproximateCreationDateTime: z.number() }),
});
type StreamRecord = z.infer<typeof recordSchema>;

const shardList = z.object({
  StreamDescription: z.object({
    Shards: z.array(z.object({ ShardId: z.string(), ParentShardId: z.string().optional() })),
  }),
});
const iteratorAnswer = z.object({ ShardIterator: z.string() });
const recordsAnswer = z.object({ Records: z.array(recordSchema), NextShardIterator: z.string().nullish() });

/**
 * Hands the records of a table's stream to a function, in order, as Lambda's event source mapping does: a failed batch is
 * repeated (halved first, when the mapping says so) and holds up what follows until it succeeds or is given up.
 */
export function followStream(options: StreamMappingOptions): { stop(): Promise<void> } {
  const mapping = properties.parse(options.properties);
  const stopping = new AbortController();
  const done = follow(mapping, options, stopping.signal).catch((error: unknown) => {
    // Also the end of a pause that was cut short, or of an engine that was stopped first.
    if (!stopping.signal.aborted) throw error;
  });
  return {
    stop: () => {
      stopping.abort();
      return done;
    },
  };
}

async function follow(mapping: Mapping, options: StreamMappingOptions, signal: AbortSignal): Promise<void> {
  const iterators = new Map<string, string | null>();
  let startingPosition: Mapping['StartingPosition'] = mapping.StartingPosition;
  for (;;) {
    const StreamArn = mapping.EventSourceArn;
    const { StreamDescription } = shardList.parse(await call(options.engine, 'DescribeStream', { StreamArn }));
    for (const { ShardId, ParentShardId } of StreamDescription.Shards) {
      // A parent's records come first; null marks a shard read to its end.
      if (iterators.has(ShardId) || (ParentShardId !== undefined && iterators.get(ParentShardId))) continue;
      const start = { StreamArn, ShardId, ShardIteratorType: startingPosition };
      iterators.set(ShardId, iteratorAnswer.parse(await call(options.engine, 'GetShardIterator', start)).ShardIterator);
    }
    // Shards that appear later are read whole.
    startingPosition = 'TRIM_HORIZON';
    for (const [shard, iterator] of iterators) {
      if (iterator !== null) iterators.set(shard, await readShard(iterator, mapping, options, signal));
    }
    await sleep((options.pauseSeconds ?? 0.25) * 1_000, undefined, { signal });
  }
}

/** Delivers what a shard holds from the iterator on; answers where to go on, null at the shard's end. */
async function readShard(
  from: string,
  mapping: Mapping,
  options: StreamMappingOptions,
  signal: AbortSignal,
): Promise<string | null> {
  let iterator = from;
  for (;;) {
    const page = { ShardIterator: iterator, Limit: mapping.BatchSize };
    const { Records, NextShardIterator } = recordsAnswer.parse(await call(options.engine, 'GetRecords', page));
    if (Records.length > 0) await deliver(Records, mapping, options, signal);
    if (NextShardIterator === null || NextShardIterator === undefined) return null;
    iterator = NextShardIterator;
    if (Records.length === 0) return iterator;
  }
}

async function deliver(
  records: readonly StreamRecord[],
  mapping: Mapping,
  options: StreamMappingOptions,
  signal: AbortSignal,
): Promise<void> {
  const pauseSeconds = options.pauseSeconds ?? 1;
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    const failure = await failureOf(records, mapping, options.invoke);
    if (failure === undefined) return;
    if (mapping.BisectBatchOnFunctionError && records.length > 1) {
      const half = Math.ceil(records.length / 2);
      await deliver(records.slice(0, half), mapping, options, signal);
      return deliver(records.slice(half), mapping, options, signal);
    }
    if (isGivenUp(records, attempt, mapping)) return giveUp(records, failure, mapping, options);
    await sleep(Math.min(pauseSeconds * 2 ** attempt, MAX_RETRY_SECONDS) * 1_000, undefined, { signal });
  }
}

async function failureOf(records: readonly StreamRecord[], mapping: Mapping, invoke: Invoke): Promise<unknown> {
  const Records = records.map((record) => ({ ...record, eventSourceARN: mapping.EventSourceArn }));
  try {
    const { functionError, payload } = await invoke(mapping.FunctionName, { Records });
    return functionError === undefined ? undefined : payload;
  } catch (error) {
    return { errorMessage: String(error) };
  }
}

function isGivenUp(records: readonly StreamRecord[], attempt: number, mapping: Mapping): boolean {
  const { MaximumRetryAttempts: retries, MaximumRecordAgeInSeconds: maxAge } = mapping;
  const oldest = records[0]?.dynamodb.ApproximateCreationDateTime ?? 0;
  return (retries >= 0 && attempt >= retries) || (maxAge >= 0 && Date.now() / 1_000 - oldest > maxAge);
}

async function giveUp(
  records: readonly StreamRecord[],
  failure: unknown,
  mapping: Mapping,
  options: StreamMappingOptions,
): Promise<void> {
  const destination = mapping.DestinationConfig?.OnFailure.Destination;
  if (destination === undefined) return;
  await options.onFailure(destination, {
    version: '1.0',
    requestContext: { functionArn: mapping.FunctionName, condition: 'RetryAttemptsExhausted' },
    responsePayload: failure,
    DDBStreamBatchInfo: {
      startSequenceNumber: records.at(0)?.dynamodb.SequenceNumber,
      endSequenceNumber: records.at(-1)?.dynamodb.SequenceNumber,
      batchSize: records.length,
      streamArn: mapping.EventSourceArn,
    },
  });
}

async function call(
  engine: DynamoDbEngine,
  operation: string,
  body: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const text = JSON.stringify(body, (_key, value) => (typeof value === 'string' ? engineArn(value) : value));
  const answer = await engine.send(`DynamoDBStreams_20120810.${operation}`, text);
  if (answer.status === 200) return JSON.parse(operation === 'GetRecords' ? answer.body : realNames(answer.body));
  throw new Error(`${operation} of a table's stream failed: ${answer.body}`);
}
