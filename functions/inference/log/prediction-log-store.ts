import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { within } from '../../platform/deadline.ts';
import { predictionPaths } from '../../platform/keys.ts';
import type { PredictionRecord } from './prediction.ts';

/** All records of one request. They agree in model, revision and request id. */
export interface PredictionBatch {
  readonly model: string;
  /** Business date of the request. */
  readonly asOf: string;
  readonly requestId: string;
  readonly revision: number;
  readonly records: readonly PredictionRecord[];
}

/** Objects of the log, one per arm and version. */
export interface LogResult {
  readonly written: number;
  /** Were there already: the request was repeated, and what was logged first stays. */
  readonly repeated: number;
  readonly failed: number;
  /** Forecasts in the objects that failed. */
  readonly lostRecords: number;
  /** Names of the errors, each once. */
  readonly causes: readonly string[];
}

/**
 * Longest wait for all objects of a request together. What is not in the log can neither be judged nor recalled, so the
 * answer waits for it longer than for anything beside it: a put takes some 50 ms, and two seconds let the SDK repeat one
 * twice. A bucket that is down must not hold up orders for longer.
 */
export const LOG_TIMEOUT_MS = 2_000;

const zipped = promisify(gzip);

interface Put {
  readonly outcome: 'written' | 'repeated' | 'failed';
  readonly records: number;
  readonly cause?: string;
}

/**
 * The prediction log: objects that are written once and never changed. A request that is repeated under the same id and
 * the same pointer document finds its objects there and leaves them: the first forecasts are those that were served.
 * Apart from `at`, the same request gives the same bytes.
 */
export class PredictionLogStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #timeoutMs: number;

  constructor(client: S3Client, bucket: string, timeoutMs = LOG_TIMEOUT_MS) {
    this.#client = client;
    this.#bucket = bucket;
    this.#timeoutMs = timeoutMs;
  }

  /** Writes one object per arm and version, all at once. Never throws and never takes longer than the limit. */
  async log(batch: PredictionBatch): Promise<LogResult> {
    const groups = [...Map.groupBy(batch.records, ({ arm, version }) => `${arm} ${version}`).values()];
    const puts = await Promise.all(groups.map((records) => this.#put(batch, records)));
    const failed = puts.filter(({ outcome }) => outcome === 'failed');
    return {
      written: puts.filter(({ outcome }) => outcome === 'written').length,
      repeated: puts.filter(({ outcome }) => outcome === 'repeated').length,
      failed: failed.length,
      lostRecords: failed.reduce((sum, { records }) => sum + records, 0),
      causes: [...new Set(failed.flatMap(({ cause }) => cause ?? []))],
    };
  }

  async #put(batch: PredictionBatch, records: readonly PredictionRecord[]): Promise<Put> {
    const answer = await within(this.#timeoutMs, (signal) => this.#putTwice(batch, records, signal));
    if (answer.done) return { outcome: answer.value, records: records.length };
    const cause = answer.timedOut ? 'TIMED_OUT' : nameOf(answer.cause);
    return { outcome: 'failed', records: records.length, cause };
  }

  /** A second try is safe: if the first one arrived after all, the second finds its object. */
  async #putTwice(
    batch: PredictionBatch,
    records: readonly PredictionRecord[],
    signal: AbortSignal,
  ): Promise<'written' | 'repeated'> {
    const command = await this.#command(batch, records);
    try {
      return await this.#send(command, signal);
    } catch (cause) {
      if (signal.aborted) throw cause;
      return this.#send(command, signal);
    }
  }

  async #command(batch: PredictionBatch, records: readonly PredictionRecord[]): Promise<PutObjectCommand> {
    const { arm = '', version = '' } = records[0] ?? {};
    const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
    return new PutObjectCommand({
      Bucket: this.#bucket,
      Key: predictionPaths.prediction({ ...batch, arm, version }),
      // No content encoding: the object is a gzip file, and a client must not inflate it on the way.
      Body: await zipped(lines),
      ContentType: 'application/x-ndjson',
      IfNoneMatch: '*',
    });
  }

  async #send(command: PutObjectCommand, signal: AbortSignal): Promise<'written' | 'repeated'> {
    try {
      await this.#client.send(command, { abortSignal: signal });
      return 'written';
    } catch (cause) {
      if (nameOf(cause) === 'PreconditionFailed') return 'repeated';
      throw cause;
    }
  }
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : 'Error';
}
