import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isReleaseError, ReleaseError } from '../platform/errors.ts';
import { sha256Hex } from '../platform/json.ts';
import type { Retention } from '../platform/retention.ts';
import type { StoredObject } from '../registry/items.ts';

/** What a look at an object's bytes found. */
export interface Inspected {
  readonly sha256: string;
  /** The first 64 KiB, or all of a smaller object. */
  readonly head: Buffer;
  /** Size of the whole object. */
  readonly bytes: number;
}

const HEAD_BYTES = 65_536;

/**
 * The evidence bucket. Evidence is written once (If-None-Match) and kept under Object Lock; what is recorded of it is
 * the object version and the SHA-256 of its bytes, so that a later version under the same key changes nothing.
 */
export class EvidenceStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  /**
   * Writes bytes under a key that does not exist yet. Repeating the call with the same bytes answers the first write's
   * version, so a retried step is safe.
   * @throws ReleaseError CONDITION_FAILED when other bytes lie there already
   */
  async writeOnce(
    key: string,
    bytes: string | Uint8Array,
    options: { readonly contentType: string; readonly retention: Retention; readonly at: string },
  ): Promise<StoredObject> {
    const body = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
    const sha256 = sha256Hex(body);
    try {
      const { VersionId } = await this.#client.send(
        new PutObjectCommand({
          Bucket: this.#bucket,
          Key: key,
          Body: body,
          ContentType: options.contentType,
          ChecksumAlgorithm: 'SHA256',
          IfNoneMatch: '*',
          ObjectLockMode: options.retention.mode,
          ObjectLockRetainUntilDate: retainUntil(options.at, options.retention),
        }),
      );
      return { bucket: this.#bucket, key, versionId: VersionId ?? 'null', sha256 };
    } catch (cause) {
      if (!isPreconditionFailed(cause)) throw cause;
      return this.#writtenBefore(key, sha256, cause);
    }
  }

  /**
   * Puts a local file under a key of `work/`, where nothing is kept for long, and answers the version that was written:
   * another file under the same key is another version, and changes nothing for whoever was told of this one.
   */
  async putWork(key: string, path: string): Promise<StoredObject> {
    const [sha256, { size }] = [await fileSha256(path), await stat(path)];
    const { VersionId } = await this.#client.send(
      new PutObjectCommand({
        Bucket: this.#bucket,
        Key: key,
        Body: createReadStream(path),
        ContentLength: size,
        ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
      }),
    );
    return { bucket: this.#bucket, key, versionId: VersionId ?? 'null', sha256 };
  }

  /** What was written under a key before, as it is recorded; null when nothing was. */
  async find(key: string): Promise<StoredObject | null> {
    const versionId = await this.#head(key);
    return versionId === null ? null : this.#describe(key, versionId);
  }

  /**
   * Copies an object of any readable bucket to a key that does not exist yet, and answers the copy's version and digest,
   * computed from the bytes of the copy.
   * @throws ReleaseError NOT_FOUND when the source does not exist; CONDITION_FAILED when other bytes lie at `key`
   */
  async copyIn(
    source: { readonly bucket: string; readonly key: string },
    key: string,
    options: { readonly retention: Retention; readonly at: string },
  ): Promise<StoredObject> {
    const before = await this.find(key);
    if (before !== null) return before;
    try {
      const { VersionId } = await this.#client.send(
        new CopyObjectCommand({
          Bucket: this.#bucket,
          Key: key,
          CopySource: `${source.bucket}/${source.key.split('/').map(encodeURIComponent).join('/')}`,
          // Tags of the source are not evidence, and carrying them over would take rights on them.
          TaggingDirective: 'REPLACE',
          ObjectLockMode: options.retention.mode,
          ObjectLockRetainUntilDate: retainUntil(options.at, options.retention),
        }),
      );
      return this.#describe(key, VersionId ?? 'null');
    } catch (cause) {
      if (!isMissing(cause)) throw cause;
      throw new ReleaseError('NOT_FOUND', `No object at s3://${source.bucket}/${source.key}.`, { cause });
    }
  }

  /**
   * The bytes of one object version, checked against the recorded digest. Reading stops at `maxBytes`.
   * @throws ReleaseError NOT_FOUND, DIGEST_MISMATCH; INVALID_INPUT when there are more than `maxBytes`
   */
  async read(object: StoredObject, maxBytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
    const bytes = await this.#bytes(object, maxBytes);
    assertDigest(object, sha256Hex(bytes));
    return bytes;
  }

  /**
   * Writes the bytes of one object version to a local file, as a stream, checked against the recorded digest.
   * @throws ReleaseError NOT_FOUND, DIGEST_MISMATCH; the file is then of no use
   */
  async saveTo(object: StoredObject, path: string): Promise<void> {
    const hash = createHash('sha256');
    const body = await this.#body(object.key, object.versionId);
    const hashed = async function* () {
      for await (const chunk of body) {
        hash.update(chunk);
        yield chunk;
      }
    };
    await pipeline(hashed, createWriteStream(path));
    assertDigest(object, hash.digest('hex'));
  }

  /**
   * SHA-256 and first bytes of the newest version of an object in any readable bucket, read as a stream so that size
   * costs time only; null when there is no such object.
   */
  async inspect(source: { readonly bucket: string; readonly key: string }): Promise<Inspected | null> {
    try {
      return await this.#stream({ Bucket: source.bucket, Key: source.key });
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw cause;
    }
  }

  async #stream(input: {
    readonly Bucket: string;
    readonly Key: string;
    readonly VersionId?: string;
  }): Promise<Inspected> {
    const { Body } = await this.#client.send(new GetObjectCommand(input));
    const hash = createHash('sha256');
    const head: Uint8Array[] = [];
    let bytes = 0;
    if (Body) {
      for await (const chunk of Body.transformToWebStream()) {
        hash.update(chunk);
        if (bytes < HEAD_BYTES) head.push(chunk);
        bytes += chunk.length;
      }
    }
    return { sha256: hash.digest('hex'), head: Buffer.concat(head).subarray(0, HEAD_BYTES), bytes };
  }

  /** The newest version under a key; null when there is none, or it was deleted. */
  newestVersion(key: string): Promise<string | null> {
    return this.#head(key);
  }

  async #writtenBefore(key: string, sha256: string, cause: unknown): Promise<StoredObject> {
    const stored = await this.find(key);
    if (stored?.sha256 === sha256) return stored;
    throw new ReleaseError('CONDITION_FAILED', `Something else is already stored at ${key}.`, { cause });
  }

  async #describe(key: string, versionId: string): Promise<StoredObject> {
    const { sha256 } = await this.#stream({ Bucket: this.#bucket, Key: key, VersionId: versionId });
    return { bucket: this.#bucket, key, versionId, sha256 };
  }

  async #head(key: string): Promise<string | null> {
    try {
      const { VersionId } = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }));
      return VersionId ?? 'null';
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw cause;
    }
  }

  async #bytes({ key, versionId }: StoredObject, maxBytes: number): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of await this.#body(key, versionId)) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new ReleaseError('INVALID_INPUT', `The object at ${key} exceeds ${maxBytes} bytes.`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  async #body(key: string, versionId: string): Promise<AsyncIterable<Uint8Array>> {
    try {
      const { Body } = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: key, VersionId: versionId }),
      );
      if (!Body) throw new ReleaseError('NOT_FOUND', `The object at ${key} has no body.`);
      return Body.transformToWebStream();
    } catch (cause) {
      if (isReleaseError(cause) || !isMissing(cause)) throw cause;
      throw new ReleaseError('NOT_FOUND', `No object version ${versionId} at ${key}.`, { cause });
    }
  }
}

function assertDigest(object: StoredObject, got: string): void {
  if (got === object.sha256) return;
  throw new ReleaseError('DIGEST_MISMATCH', `The bytes of ${object.key} are not those that were recorded.`, {
    reasons: [
      {
        code: 'DIGEST_MISMATCH',
        path: object.key,
        message: 'The SHA-256 of the object version differs from the recorded one.',
        got,
        allowed: object.sha256,
      },
    ],
  });
}

async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

function retainUntil(at: string, retention: Retention): Date {
  return new Date(Date.parse(at) + retention.days * 86_400_000);
}

function isPreconditionFailed(error: unknown): boolean {
  return error instanceof Error && (error.name === 'PreconditionFailed' || error.name === 'ConditionalRequestConflict');
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && ['NoSuchKey', 'NotFound', 'NoSuchBucket', 'NoSuchVersion'].includes(error.name);
}
