import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { AwsError, type Now } from '../service.ts';

export const retentionModes = z.enum(['GOVERNANCE', 'COMPLIANCE']);
const retentionSchema = z.object({ mode: retentionModes, until: z.string() }).readonly();
/** Object Lock of one version: `until` is ISO 8601 UTC. */
export type Retention = z.infer<typeof retentionSchema>;

const versionSchema = z
  .object({
    id: z.string(),
    key: z.string(),
    /** `null` in a bucket without versions. */
    versionId: z.string(),
    /** Counts up within the bucket: the highest of a key is its newest version. */
    order: z.number(),
    deleteMarker: z.boolean(),
    bytes: z.number(),
    etag: z.string(),
    lastModified: z.string(),
    /** What a read answers with: content type, user metadata, checksums. */
    headers: z.record(z.string(), z.string()),
    retention: retentionSchema.optional(),
  })
  .readonly();
export type ObjectVersion = z.infer<typeof versionSchema>;

export interface Bucket {
  readonly name: string;
  readonly versioned: boolean;
  readonly objectLock: boolean;
  readonly createdAt: string;
  /** Versions by key, oldest first. */
  readonly keys: Map<string, ObjectVersion[]>;
}

export interface NewObject {
  readonly key: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly retention: Retention | undefined;
  readonly etag?: string;
}

/**
 * Buckets and object versions: bodies as files, the index in memory, read back from the files at start. Every change is
 * synchronous, so that a condition checked before a write still holds when it is written.
 */
export class S3Objects {
  readonly directory: string;
  readonly #temporary: boolean;
  readonly #now: Now;
  readonly #buckets = new Map<string, Bucket>();
  #order = 0;
  /** Removes what nobody asked to keep; also when the process ends without having stopped. */
  readonly stop = (): void => {
    process.off('exit', this.stop);
    if (this.#temporary) rmSync(this.directory, { recursive: true, force: true });
  };

  constructor(now: Now, dataDir?: string) {
    this.#now = now;
    this.#temporary = dataDir === undefined;
    this.directory = dataDir ?? mkdtempSync(join(tmpdir(), 'model-release-s3-'));
    process.once('exit', this.stop);
  }

  createBucket(name: string, options: { readonly versioned: boolean; readonly objectLock: boolean }): void {
    const keys = new Map<string, ObjectVersion[]>();
    this.#buckets.set(name, { name, ...options, createdAt: this.#now().toISOString(), keys });
    mkdirSync(this.#path(name), { recursive: true });
    const kept = readdirSync(this.#path(name)).filter((file) => file.endsWith('.json'));
    const versions = kept.map((file) => versionSchema.parse(JSON.parse(readFileSync(this.#path(name, file), 'utf8'))));
    for (const version of versions.toSorted((a, b) => a.order - b.order)) {
      keys.set(version.key, [...(keys.get(version.key) ?? []), version]);
      this.#order = Math.max(this.#order, version.order);
    }
  }

  buckets(): readonly Bucket[] {
    return [...this.#buckets.values()];
  }

  /** @throws AwsError NoSuchBucket */
  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    return bucket;
  }

  /** The newest version of a key, unless that is a delete marker. */
  current(bucket: Bucket, key: string): ObjectVersion | undefined {
    const newest = bucket.keys.get(key)?.at(-1);
    return newest?.deleteMarker ? undefined : newest;
  }

  version(bucket: Bucket, key: string, versionId: string): ObjectVersion | undefined {
    return bucket.keys.get(key)?.find((version) => version.versionId === versionId);
  }

  read(bucket: Bucket, version: ObjectVersion): Buffer {
    return readFileSync(this.#path(bucket.name, `${version.id}.body`));
  }

  put(bucket: Bucket, object: NewObject): ObjectVersion {
    const { key, body, headers, retention } = object;
    const etag = object.etag ?? createHash('md5').update(body).digest('hex');
    const version = this.#next(bucket, key, { bytes: body.length, etag, headers, retention });
    writeFileSync(this.#path(bucket.name, `${version.id}.body`), body);
    return this.#add(bucket, version);
  }

  putDeleteMarker(bucket: Bucket, key: string): ObjectVersion {
    return this.#add(bucket, this.#next(bucket, key, { deleteMarker: true }));
  }

  setRetention(bucket: Bucket, version: ObjectVersion, retention: Retention): void {
    const changed = { ...version, retention };
    this.#save(bucket, changed);
    this.#replace(bucket, version, [changed]);
  }

  remove(bucket: Bucket, version: ObjectVersion): void {
    rmSync(this.#path(bucket.name, `${version.id}.json`), { force: true });
    rmSync(this.#path(bucket.name, `${version.id}.body`), { force: true });
    this.#replace(bucket, version, []);
  }

  #next(bucket: Bucket, key: string, members: Partial<ObjectVersion>): ObjectVersion {
    this.#order += 1;
    const id = randomBytes(16).toString('hex');
    const lastModified = this.#now().toISOString();
    const versionId = bucket.versioned ? id : 'null';
    const empty = { deleteMarker: false, bytes: 0, etag: '', headers: {} };
    return { id, key, versionId, order: this.#order, lastModified, ...empty, ...members };
  }

  #add(bucket: Bucket, version: ObjectVersion): ObjectVersion {
    this.#save(bucket, version);
    const before = bucket.keys.get(version.key) ?? [];
    bucket.keys.set(version.key, [...before, version]);
    if (!bucket.versioned) for (const old of before) this.remove(bucket, old);
    return version;
  }

  #save(bucket: Bucket, version: ObjectVersion): void {
    writeFileSync(this.#path(bucket.name, `${version.id}.json`), JSON.stringify(version));
  }

  #replace(bucket: Bucket, version: ObjectVersion, by: readonly ObjectVersion[]): void {
    const versions = (bucket.keys.get(version.key) ?? []).flatMap((one) => (one.id === version.id ? by : [one]));
    if (versions.length > 0) bucket.keys.set(version.key, versions);
    else bucket.keys.delete(version.key);
  }

  #path(...parts: readonly string[]): string {
    return join(this.directory, ...parts);
  }
}
