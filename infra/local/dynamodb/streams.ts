import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { DynamoDbEngine } from '../dynamodb-engine.ts';
import type { Invoke } from '../service.ts';
import { engineArn, realNames } from './dynamodb.ts';

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

interface Run extends StreamMappingOptions {
  readonly mapping: Mapping;
  readonly signal: AbortSignal;
}

/** How far a shard was read; without an iterator reading goes on after `delivered`, or at `start`. */
interface Position {
  readonly start: Mapping['StartingPosition'];
  readonly iterator?: string | undefined;
  readonly delivered?: string | undefined;
  readonly ended: boolean;
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
  const StreamArn = run.mapping.EventSourceArn;
  // Shards that appear later are read whole.
  const start = positions.size === 0 ? run.mapping.StartingPosition : 'TRIM_HORIZON';
  const { StreamDescription } = shardList.parse(await call(run.engine, 'DescribeStream', { StreamArn }));
  let delivered = false;
  for (const { ShardId: shard, ParentShardId: parent } of StreamDescription.Shards) {
    const position = positions.get(shard) ?? { start, ended: false };
    // A parent's records come before those of its children.
    const waits = parent !== undefined && positions.get(parent)?.ended === false;
    if (position.ended || waits) continue;
    const iterator = position.iterator ?? (await iteratorAt(shard, position, run));
    const page = { ShardIterator: iterator, Limit: run.mapping.BatchSize };
    const { Records, NextShardIterator: next } = recordsAnswer.parse(await call(run.engine, 'GetRecords', page));
    if (Records.length > 0) await deliver(Records, run);
    delivered ||= Records.length > 0;
    const last = Records.at(-1)?.dynamodb.SequenceNumber ?? position.delivered;
    positions.set(shard, { start: position.start, delivered: last, iterator: next ?? undefined, ended: !next });
  }
  return delivered;
}

async function iteratorAt(ShardId: string, { delivered, start }: Position, run: Run): Promise<string> {
  const from =
    delivered === undefined
      ? { ShardIteratorType: start }
      : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: delivered };
  const StreamArn = run.mapping.EventSourceArn;
  return iteratorAnswer.parse(await call(run.engine, 'GetShardIterator', { StreamArn, ShardId, ...from }))
    .ShardIterator;
}

async function deliver(records: readonly StreamRecord[], run: Run): Promise<void> {
  const { mapping, signal } = run;
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    const failure = await failureOf(records, mapping, run.invoke);
    if (failure === undefined) return;
    if (mapping.BisectBatchOnFunctionError && records.length > 1) {
      const half = Math.ceil(records.length / 2);
      await deliver(records.slice(0, half), run);
      return deliver(records.slice(half), run);
    }
    if (isGivenUp(records, attempt, mapping)) return giveUp(records, failure, run);
    const pauseSeconds = Math.min((run.pauseSeconds ?? 1) * 2 ** attempt, MAX_RETRY_SECONDS);
    await sleep(pauseSeconds * 1_000, undefined, { signal });
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

async function giveUp(records: readonly StreamRecord[], failure: unknown, run: Run): Promise<void> {
  const { mapping } = run;
  const destination = mapping.DestinationConfig?.OnFailure.Destination;
  if (destination === undefined) return;
  await run.onFailure(destination, {
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
