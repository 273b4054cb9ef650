import { readFile, writeFile } from 'node:fs/promises';
import type { Inspected } from '../../functions/evidence/evidence-store.ts';
import { ReleaseError } from '../../functions/platform/errors.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import type { StoredObject } from '../../functions/registry/items.ts';

/** Evidence and incoming objects in memory, with the contract of EvidenceStore: written once, read by version and digest. */
export class MemoryEvidence {
  readonly bucket = 'evidence';
  readonly #objects = new Map<string, Buffer>();

  /** Puts an object where a pipeline would, and answers its URI and digest. */
  put(key: string, text: string | Uint8Array): { readonly uri: string; readonly sha256: string } {
    this.#objects.set(key, Buffer.from(text));
    return { uri: `s3://${this.bucket}/${key}`, sha256: sha256Hex(text) };
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }

  text(key: string): string {
    return this.#objects.get(key)?.toString('utf8') ?? '';
  }

  async inspect({ key }: { readonly key: string }): Promise<Inspected | null> {
    const bytes = this.#objects.get(key);
    return bytes === undefined ? null : { sha256: sha256Hex(bytes), head: bytes, bytes: bytes.length };
  }

  async copyIn({ key: from }: { readonly bucket: string; readonly key: string }, key: string): Promise<StoredObject> {
    const bytes = this.#objects.get(key) ?? this.#objects.get(from);
    if (bytes === undefined) throw new ReleaseError('NOT_FOUND', `No object at ${from}.`);
    this.#objects.set(key, bytes);
    return this.#stored(key, bytes);
  }

  async writeOnce(key: string, content: string | Uint8Array): Promise<StoredObject> {
    const bytes = Buffer.from(content);
    const before = this.#objects.get(key);
    if (before !== undefined && !before.equals(bytes)) throw new ReleaseError('CONDITION_FAILED', `${key} is taken.`);
    this.#objects.set(key, bytes);
    return this.#stored(key, bytes);
  }

  async putWork(key: string, path: string): Promise<StoredObject> {
    const bytes = await readFile(path);
    this.#objects.set(key, bytes);
    return this.#stored(key, bytes);
  }

  async saveTo(object: StoredObject, path: string): Promise<void> {
    await writeFile(path, await this.read(object));
  }

  async find(key: string): Promise<StoredObject | null> {
    const bytes = this.#objects.get(key);
    return bytes === undefined ? null : this.#stored(key, bytes);
  }

  async read(object: StoredObject, maxBytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
    const bytes = this.#objects.get(object.key);
    if (bytes === undefined) throw new ReleaseError('NOT_FOUND', `No object at ${object.key}.`);
    if (bytes.length > maxBytes) throw new ReleaseError('INVALID_INPUT', `${object.key} exceeds ${maxBytes} bytes.`);
    if (sha256Hex(bytes) !== object.sha256) throw new ReleaseError('DIGEST_MISMATCH', `${object.key} was altered.`);
    return bytes;
  }

  #stored(key: string, bytes: Buffer): StoredObject {
    return { bucket: this.bucket, key, versionId: `v-${key}`, sha256: sha256Hex(bytes) };
  }
}
