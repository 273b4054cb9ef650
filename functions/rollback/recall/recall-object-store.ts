import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { EvidenceStore } from '../../evidence/evidence-store.ts';
import { parseStored } from '../../platform/boundary.ts';
import { sha256Hex } from '../../platform/json.ts';
import type { StoredObject } from '../../registry/items.ts';
import { type RecallSummary, recallSummary } from './recall-summary.ts';

/** What of a put differs between a list and its summary. */
interface Put {
  readonly key: string;
  readonly contentType: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Called for each attempt: a stream is read once. */
  readonly body: () => NonNullable<PutObjectCommand['input']['Body']>;
}

/**
 * Lists of recalled forecasts and their summaries, in the prediction bucket. Each is written once: whoever comes second,
 * finds the first one and goes by it.
 */
export class RecallObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #objects: EvidenceStore;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
    this.#objects = new EvidenceStore(client, bucket);
  }

  /** What lies under a key; null when nothing does. */
  find(key: string): Promise<StoredObject | null> {
    return this.#objects.find(key);
  }

  /**
   * Saves one object version to a local file.
   * @throws ReleaseError NOT_FOUND, DIGEST_MISMATCH
   */
  save(object: StoredObject, path: string): Promise<void> {
    return this.#objects.saveTo(object, path);
  }

  /**
   * A summary as it was stored.
   * @throws ReleaseError NOT_FOUND, DIGEST_MISMATCH, CORRUPT_ITEM
   */
  async readSummary(object: StoredObject): Promise<RecallSummary> {
    const text = (await this.#objects.read(object)).toString('utf8');
    return parseStored(recallSummary, JSON.parse(text), object.key);
  }

  /** Puts a list from a local file; null when there is one already. */
  async putList(key: string, path: string): Promise<StoredObject | null> {
    const sha256 = await fileSha256(path);
    const { size: bytes } = await stat(path);
    // No content encoding: the object is a gzip file, and a client must not inflate it on the way.
    return this.#putOnce({
      ...{ key, contentType: 'application/x-ndjson', sha256, bytes },
      body: () => createReadStream(path),
    });
  }

  /** Puts a summary, or answers the one that is there. */
  async putSummary(key: string, text: string): Promise<StoredObject> {
    const body = Buffer.from(text, 'utf8');
    const sha256 = sha256Hex(body);
    const put = { key, contentType: 'application/json', sha256, bytes: body.length, body: () => body };
    const written = (await this.#putOnce(put)) ?? (await this.#objects.find(key));
    if (written === null) throw new Error(`The object at ${key} was there, and is not.`);
    return written;
  }

  async #putOnce(put: Put): Promise<StoredObject | null> {
    try {
      return await this.#put(put);
    } catch (cause) {
      if (isThere(cause)) return null;
    }
    // The client itself cannot send a stream again, and takes a conflict with another writer for final.
    try {
      return await this.#put(put);
    } catch (cause) {
      if (isThere(cause)) return null;
      throw cause;
    }
  }

  async #put({ key, contentType, sha256, bytes, body }: Put): Promise<StoredObject> {
    const { VersionId } = await this.#client.send(
      new PutObjectCommand({
        Bucket: this.#bucket,
        Key: key,
        Body: body(),
        ContentLength: bytes,
        ContentType: contentType,
        ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
        IfNoneMatch: '*',
      }),
    );
    return { bucket: this.#bucket, key, versionId: VersionId ?? 'null', sha256 };
  }
}

async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

function isThere(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'PreconditionFailed';
}
