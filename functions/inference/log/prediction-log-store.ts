import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { within } from '../../platform/deadline.ts';
import { type HandOver, packObjects } from './hand-over.ts';
import { type LogObject, logObject, objectRecords, type PredictionBatch } from './log-object.ts';
import type { PredictionRecord } from './prediction.ts';

/** Objects of the log, one per arm and version. */
export interface LogResult {
  readonly written: number;
  /** Were there already: the request was repeated, and what was logged first stays. */
  readonly repeated: number;
  /** Accepted by the function that completes the log, and not seen written before the answer. */
  readonly handedOver: number;
  /** Neither in time. */
  readonly failed: number;
  /** Forecasts in the objects that were handed over. */
  readonly handedOverRecords: number;
  /** Forecasts in the objects that failed. */
  readonly lostRecords: number;
  /** Why objects were handed over or failed: names of errors, or `TIMED_OUT`, each once. */
  readonly causes: readonly string[];
}

export interface LogLimits {
  /** How long an answer waits for the log before others complete it: a put takes some 50 ms. */
  readonly awaitMs: number;
  /**
   * Longest wait when nobody completes it either. What is not in the log can neither be judged nor recalled, so that the
   * answer then waits longer; a bucket that is down must not hold up orders for more than this.
   */
  readonly totalMs: number;
}

export const LOG_LIMITS: LogLimits = { awaitMs: 300, totalMs: 2_000 };

export interface LogOptions extends Partial<LogLimits> {
  /** Left out: nobody completes the log, and the answer waits for it up to the longest wait. */
  readonly handOver?: HandOver;
}

/** One object on its way. Neither promise is left without somebody who takes its failure. */
interface Run {
  readonly records: number;
  readonly object: Promise<LogObject>;
  readonly put: Promise<PutOutcome>;
  /** How the put ended, once it has. */
  ended: PutOutcome | 'failed' | undefined;
  cause: string;
  handedOver: boolean;
}
export type PutOutcome = 'written' | 'repeated';

/**
 * The prediction log: objects that are written once and never changed. A request that is repeated under the same id and
 * the same pointer document finds its objects there and leaves them: the first forecasts are those that were served.
 * Apart from `at`, the same request gives the same bytes.
 */
export class PredictionLogStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #limits: LogLimits;
  readonly #handOver: HandOver | undefined;

  constructor(client: S3Client, bucket: string, { handOver, ...limits }: LogOptions = {}) {
    this.#client = client;
    this.#bucket = bucket;
    this.#limits = { ...LOG_LIMITS, ...limits };
    this.#handOver = handOver;
  }

  /**
   * Writes one object per arm and version, all at once. What is not written after a short wait is handed over while its
   * put goes on: the same bytes under the same key, so that it does not matter which of them comes first. Never throws
   * and never takes longer than the limit.
   */
  async log(batch: PredictionBatch): Promise<LogResult> {
    const { awaitMs, totalMs } = this.#limits;
    const runs = objectRecords(batch.records).map((records) => this.#start(batch, records));
    await within(awaitMs, () => Promise.allSettled(runs.map(({ put }) => put)));
    const late = runs.filter((run) => !isWritten(run));
    if (late.length > 0) await within(Math.max(0, totalMs - awaitMs), () => this.#rescue(late));
    return resultOf(runs);
  }

  /**
   * Puts one object. Repeating is safe: whoever comes second finds the object there.
   * @throws whatever the client threw twice
   */
  async put({ key, body }: LogObject, signal?: AbortSignal): Promise<PutOutcome> {
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      // No content encoding: the object is a gzip file, and a client must not inflate it on the way.
      Body: body,
      ContentType: 'application/x-ndjson',
      IfNoneMatch: '*',
    });
    try {
      return await this.#send(command, signal);
    } catch (cause) {
      if (signal?.aborted) throw cause;
      // Also a conflict with another writer of the same key, which the client itself takes for final.
      return this.#send(command, signal);
    }
  }

  #start(batch: PredictionBatch, records: readonly PredictionRecord[]): Run {
    const object = logObject(batch, records);
    const answer = within(this.#limits.totalMs, async (signal) => this.put(await object, signal));
    const put = answer.then((outcome) => {
      if (outcome.done) {
        run.ended = outcome.value;
        return outcome.value;
      }
      run.ended = 'failed';
      run.cause = outcome.timedOut ? 'TIMED_OUT' : nameOf(outcome.cause);
      throw outcome.cause;
    });
    put.catch(() => undefined);
    const run: Run = { records: records.length, object, put, ended: undefined, cause: 'TIMED_OUT', handedOver: false };
    return run;
  }

  /** Ends when each object is written or handed over, or is neither and has no way left. */
  async #rescue(late: readonly Run[]): Promise<void> {
    const accepted = this.#handOverAll(late);
    await Promise.allSettled(late.map((run) => Promise.any([run.put, accepted.then(() => demandHandedOver(run))])));
  }

  async #handOverAll(late: readonly Run[]): Promise<void> {
    const handOver = this.#handOver;
    if (handOver === undefined) return;
    const objects = await Promise.all(late.map(({ object }) => object));
    const runOf = new Map(objects.map((object, index) => [object, late[index]]));
    const sends = packObjects(objects).map(async (packed) => {
      const isAccepted = await handOver(packed.event);
      for (const object of packed.objects) {
        const run = runOf.get(object);
        if (run !== undefined) run.handedOver = isAccepted;
      }
    });
    await Promise.all(sends);
  }

  async #send(command: PutObjectCommand, signal: AbortSignal | undefined): Promise<PutOutcome> {
    try {
      await this.#client.send(command, signal === undefined ? {} : { abortSignal: signal });
      return 'written';
    } catch (cause) {
      if (nameOf(cause) === 'PreconditionFailed') return 'repeated';
      throw cause;
    }
  }
}

function isWritten({ ended }: Run): boolean {
  return ended === 'written' || ended === 'repeated';
}

function demandHandedOver({ handedOver }: Run): void {
  if (!handedOver) throw new Error('Nobody took it.');
}

function resultOf(runs: readonly Run[]): LogResult {
  const unwritten = runs.filter((run) => !isWritten(run));
  const handedOver = unwritten.filter((run) => run.handedOver);
  const failed = unwritten.filter((run) => !run.handedOver);
  const recordsOf = (some: readonly Run[]) => some.reduce((sum, { records }) => sum + records, 0);
  return {
    written: runs.filter(({ ended }) => ended === 'written').length,
    repeated: runs.filter(({ ended }) => ended === 'repeated').length,
    handedOver: handedOver.length,
    failed: failed.length,
    handedOverRecords: recordsOf(handedOver),
    lostRecords: recordsOf(failed),
    causes: [...new Set(unwritten.map(({ cause }) => cause))],
  };
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : 'Error';
}
