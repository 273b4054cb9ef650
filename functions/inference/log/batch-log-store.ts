import { once } from 'node:events';
import { createGzip, type Gzip } from 'node:zlib';
import type { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { within } from '../../platform/deadline.ts';
import { predictionPaths } from '../../platform/keys.ts';
import { type BatchName, linesOf, objectRecords } from './log-object.ts';
import type { PredictionRecord } from './prediction.ts';

export interface BatchLogOptions extends BatchName {
  readonly client: S3Client;
  readonly bucket: string;
  /** Size of an upload's parts. S3 takes 5 MB and more, and ten thousand of them. */
  readonly partBytes?: number;
}

/** Objects of the log, one per arm and version. */
export interface BatchLogResult {
  readonly written: number;
  /** Were there already: the batch was repeated, and what was logged first stays. */
  readonly repeated: number;
  readonly failed: number;
  /** Forecasts in the objects that are in the log. */
  readonly records: number;
  /** Forecasts in the objects that failed. */
  readonly lostRecords: number;
  /** Names of the errors, each once. */
  readonly causes: readonly string[];
}

/** Two of these per object are on their way at most, and one is being filled. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 2;
/** A part that hangs is not waited for when nobody wants it any more. */
const ABORT_TIMEOUT_MS = 10_000;
/** Compressing takes larger pieces than a line with less ado. */
const PIECE_LENGTH = 256 * 1024;

/**
 * The log of one batch of any size: one gzip stream per arm and version, sent up in parts while it grows. Nothing can be
 * seen of an object before `finish`; each is written once, whoever comes second finds it there. What fails is told by
 * `finish` alone, so that an object that cannot be written does not keep the others from the log.
 */
export class BatchLog {
  readonly #options: BatchLogOptions;
  readonly #objects = new Map<string, ObjectStream>();

  constructor(options: BatchLogOptions) {
    this.#options = options;
  }

  /** Takes records of any arms and versions; resolves when it can take more. Never throws. */
  async append(records: readonly PredictionRecord[]): Promise<void> {
    await Promise.all(
      objectRecords(records).map((some) => {
        const { arm = '', version = '' } = some[0] ?? {};
        return this.#object(arm, version).append(some);
      }),
    );
  }

  /** Writes what was appended. Never throws. */
  async finish(): Promise<BatchLogResult> {
    const objects = [...this.#objects.values()];
    const ends = await Promise.all(objects.map((object) => object.finish()));
    const recordsOf = (some: readonly ObjectStream[]) => some.reduce((sum, { records }) => sum + records, 0);
    const failed = objects.filter((_, index) => ends[index]?.outcome === 'failed');
    const count = (wanted: ObjectEnd['outcome']) => ends.filter(({ outcome }) => outcome === wanted).length;
    return {
      written: count('written'),
      repeated: count('repeated'),
      failed: failed.length,
      records: recordsOf(objects) - recordsOf(failed),
      lostRecords: recordsOf(failed),
      causes: [...new Set(ends.flatMap(({ cause }) => cause ?? []))],
    };
  }

  /** Gives the batch up: nothing of it will be seen. Parts that could not be removed end by the bucket's lifecycle. */
  async abort(): Promise<void> {
    await Promise.all([...this.#objects.values()].map((object) => object.abort()));
  }

  #object(arm: string, version: string): ObjectStream {
    const key = predictionPaths.prediction({ ...this.#options, arm, version });
    const object = this.#objects.get(key) ?? new ObjectStream(this.#options, key);
    this.#objects.set(key, object);
    return object;
  }
}

interface ObjectEnd {
  readonly outcome: 'written' | 'repeated' | 'failed';
  readonly cause?: string;
}

/** One object while it grows. */
class ObjectStream {
  records = 0;
  readonly #gzip: Gzip = createGzip();
  readonly #end: Promise<ObjectEnd>;
  readonly #closed: Promise<void>;
  #piece = '';

  constructor({ client, bucket, partBytes = PART_BYTES }: BatchLogOptions, Key: string) {
    this.#closed = new Promise((resolve) => this.#gzip.once('close', resolve));
    // A failed upload destroys the stream that it reads; whoever writes into it then hears of that by `#closed`.
    this.#gzip.on('error', () => undefined);
    const upload = new Upload({
      client,
      // Sent with the put of a small object, and with the end of an upload in parts.
      params: { Bucket: bucket, Key, Body: this.#gzip, ContentType: 'application/x-ndjson', IfNoneMatch: '*' },
      partSize: partBytes,
      queueSize: PARTS_AT_ONCE,
    });
    this.#end = upload.done().then(
      (): ObjectEnd => ({ outcome: 'written' }),
      (cause: unknown): ObjectEnd => {
        this.#gzip.destroy();
        const name = cause instanceof Error ? cause.name : 'Error';
        return name === 'PreconditionFailed' ? { outcome: 'repeated' } : { outcome: 'failed', cause: name };
      },
    );
  }

  async append(records: readonly PredictionRecord[]): Promise<void> {
    this.records += records.length;
    this.#piece += linesOf(records);
    if (this.#piece.length >= PIECE_LENGTH) await this.#write();
  }

  async finish(): Promise<ObjectEnd> {
    await this.#write();
    if (!this.#gzip.destroyed) this.#gzip.end();
    return this.#end;
  }

  /** The upload takes a stream that breaks off for a failure, and removes its parts before it ends. */
  async abort(): Promise<void> {
    this.#gzip.destroy(new Error('The batch was given up.'));
    await within(ABORT_TIMEOUT_MS, () => this.#end);
  }

  async #write(): Promise<void> {
    const piece = this.#piece;
    this.#piece = '';
    if (piece === '' || this.#gzip.destroyed || this.#gzip.write(piece)) return;
    await Promise.race([once(this.#gzip, 'drain').catch(() => undefined), this.#closed]);
  }
}
