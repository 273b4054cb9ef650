import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { AwsError, type Now } from '../service.ts';

const retentionSchema = z.object({ mode: z.enum(['GOVERNANCE', 'COMPLIANCE']), until: z.string() }).readonly();
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
  /** Versions by key, oldest first. */
  readonly keys: Map<string, readonly ObjectVersion[]>;
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
  readonly #directory: string;
  readonly #now: Now;
  readonly #buckets = new Map<string, Bucket>();
  #order = 0;
  /** Removes what nobody asked to keep; also when the process ends without having stopped. */
  readonly stop: () => void;

  constructor(now: Now, dataDir?: string) {
    this.#now = now;
    this.#directory = dataDir ?? mkdtempSync(join(tmpdir(), 'model-release-s3-'));
    this.stop = () => {
      process.off('exit', this.stop);
      if (dataDir === undefined) rmSync(this.#directory, { recursive: true, force: true });
    };
    process.once('exit', this.stop);
  }

  createBucket(name: string, options: { readonly versioned: boolean; readonly objectLock: boolean }): void {
    const bucket = { name, ...options, keys: new Map<string, readonly ObjectVersion[]>() };
    this.#buckets.set(name, bucket);
    const directory = join(this.#directory, name);
    mkdirSync(directory, { recursive: true });
    const kept = readdirSync(directory).filter((file) => file.endsWith('.json'));
    const versions = kept.map((file) => versionSchema.parse(JSON.parse(readFileSync(join(directory, file), 'utf8'))));
    for (const version of versions.toSorted((a, b) => a.order - b.order)) {
      bucket.keys.set(version.key, [...this.versions(bucket, version.key), version]);
      this.#order = Math.max(this.#order, version.order);
    }
  }

  /** @throws AwsError NoSuchBucket */
  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    return bucket;
  }

  versions(bucket: Bucket, key: string): readonly ObjectVersion[] {
    return bucket.keys.get(key) ?? [];
  }

  /** A version by its id, else the newest of a key unless that is a delete marker. */
  find(bucket: Bucket, key: string, versionId?: string | null): ObjectVersion | undefined {
    const versions = this.versions(bucket, key);
    if (versionId != null) return versions.find((version) => version.versionId === versionId);
    const newest = versions.at(-1);
    return newest?.deleteMarker ? undefined : newest;
  }

  read(bucket: Bucket, version: ObjectVersion): Buffer {
    return readFileSync(this.#file(bucket, version, 'body'));
  }

  put(bucket: Bucket, { key, body, headers, retention, etag }: NewObject): ObjectVersion {
    const version = this.#next(bucket, key, {
      ...{ bytes: body.length, headers, retention },
      etag: etag ?? createHash('md5').update(body).digest('hex'),
    });
    writeFileSync(this.#file(bucket, version, 'body'), body);
    return this.#add(bucket, version);
  }

  putDeleteMarker(bucket: Bucket, key: string): ObjectVersion {
    return this.#add(bucket, this.#next(bucket, key, { deleteMarker: true }));
  }

  remove(bucket: Bucket, version: ObjectVersion): void {
    for (const kind of ['json', 'body'] as const) rmSync(this.#file(bucket, version, kind), { force: true });
    const others = this.versions(bucket, version.key).filter(({ id }) => id !== version.id);
    if (others.length > 0) bucket.keys.set(version.key, others);
    else bucket.keys.delete(version.key);
  }

  #next(bucket: Bucket, key: string, members: Partial<ObjectVersion>): ObjectVersion {
    this.#order += 1;
    const id = randomBytes(16).toString('hex');
    const names = { id, key, versionId: bucket.versioned ? id : 'null', order: this.#order };
    const empty = { deleteMarker: false, bytes: 0, etag: '', headers: {} };
    return { ...names, lastModified: this.#now().toISOString(), ...empty, ...members };
  }

  #add(bucket: Bucket, version: ObjectVersion): ObjectVersion {
    writeFileSync(this.#file(bucket, version, 'json'), JSON.stringify(version));
    const before = this.versions(bucket, version.key);
    bucket.keys.set(version.key, [...before, version]);
    if (!bucket.versioned) for (const old of before) this.remove(bucket, old);
    return version;
  }

  #file(bucket: Bucket, { id }: ObjectVersion, kind: 'json' | 'body'): string {
    return join(this.#directory, bucket.name, `${id}.${kind}`);
  }
}
