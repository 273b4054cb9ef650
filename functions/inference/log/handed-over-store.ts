import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { within } from '../../platform/deadline.ts';
import { ReleaseError } from '../../platform/errors.ts';
import type { Kept } from './hand-over.ts';

const zipped = promisify(gzip);
const unzipped = promisify(gunzip);

/** Several times what an invocation can be asked and can have said. */
const MAX_JSON_BYTES = 100_000_000;

/** What is handed over and too large for an event: gzipped JSON in the prediction bucket, which expires after a week. */
export class HandedOverStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #timeoutMs: number;

  /** @param timeoutMs longest wait for keeping something: an answer waits for it */
  constructor(client: S3Client, bucket: string, timeoutMs = 1_000) {
    this.#client = client;
    this.#bucket = bucket;
    this.#timeoutMs = timeoutMs;
  }

  /** Keeps JSON and answers the version of what was kept; null: it could not be kept in time. Never throws. */
  async keep(key: string, json: string): Promise<string | null> {
    const answer = await within(this.#timeoutMs, async (signal) => {
      const Body = await zipped(json);
      const input = { Bucket: this.#bucket, Key: key, Body, ContentType: 'application/gzip' };
      return this.#client.send(new PutObjectCommand(input), { abortSignal: signal });
    });
    return answer.done ? (answer.value.VersionId ?? 'null') : null;
  }

  /**
   * What was kept, parsed.
   * @throws ReleaseError NOT_FOUND when it expired or never was, CORRUPT_ITEM when it is no gzipped JSON
   */
  async read({ key, versionId }: Kept): Promise<unknown> {
    const bytes = await this.#read(key, versionId);
    try {
      const json = await unzipped(bytes, { maxOutputLength: MAX_JSON_BYTES });
      return JSON.parse(json.toString('utf8'));
    } catch (cause) {
      throw new ReleaseError('CORRUPT_ITEM', `${key} is not what inference keeps there.`, { cause });
    }
  }

  async #read(key: string, versionId: string): Promise<Uint8Array> {
    try {
      const input = { Bucket: this.#bucket, Key: key, VersionId: versionId };
      const { Body } = await this.#client.send(new GetObjectCommand(input));
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    } catch (cause) {
      const isGone = cause instanceof Error && ['NoSuchKey', 'NoSuchVersion'].includes(cause.name);
      if (!isGone) throw cause;
      throw new ReleaseError('NOT_FOUND', `${key} has expired, or was never kept.`, { cause });
    }
  }
}
