import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** AppConfig serves no configuration that is larger. */
const MAX_BYTES = 4_000 * 1024;

export interface Copy {
  /** As AppConfig served it, so that its signature can be checked again. */
  readonly content: Uint8Array;
  /** When AppConfig last confirmed it, in milliseconds since 1970. */
  readonly confirmedAtMs: number;
}

/** `ignored`: there is something, and it is no copy. */
export type ReadCopy = ({ readonly state: 'read' } & Copy) | { readonly state: 'none' | 'ignored' };

/**
 * The document that was served last, in a file that outlives the process. Writers replace it as a whole, so that
 * readers see one copy or the other, never half of each. It is not to be trusted: who may write the folder may write
 * the file.
 */
export class PointerCopyStore {
  readonly path: string;
  #waiting: Copy | undefined;
  #writing: Promise<boolean> | undefined;

  /** @param folder is made where its parent exists; the file is `<folder>/<application>/<model>.json` */
  constructor(folder: string, application: string, model: string) {
    this.path = join(folder, fileName(application), `${fileName(model)}.json`);
  }

  /** Never throws. */
  async read(): Promise<ReadCopy> {
    try {
      const copy = await this.#onDisk();
      return copy === null ? { state: 'ignored' } : { state: 'read', ...copy };
    } catch (error) {
      return { state: isError(error, 'ENOENT') ? 'none' : 'ignored' };
    }
  }

  /**
   * Writes a copy where the file does not hold it yet, and when it was confirmed. One at a time; of those that came in
   * between, the last is written. False when it could not be written; never throws.
   */
  keep(copy: Copy): Promise<boolean> {
    this.#waiting = copy;
    this.#writing ??= this.#writeWaiting().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeWaiting(): Promise<boolean> {
    let isWritten = true;
    for (let copy = this.#waiting; copy !== undefined; copy = this.#waiting) {
      this.#waiting = undefined;
      isWritten = (await this.#confirm(copy)) || (await this.#replace(copy));
    }
    return isWritten;
  }

  /** Null: it is no regular file, or too large. A pipe in its place must not make anybody wait. */
  async #onDisk(): Promise<Copy | null> {
    return this.#opened(async (file) => {
      const { size, mtimeMs } = await file.stat();
      const content = size > MAX_BYTES ? null : await file.readFile();
      return content === null ? null : { content, confirmedAtMs: mtimeMs };
    });
  }

  /** True when the file holds the copy already; it then says when that was confirmed. */
  async #confirm({ content, confirmedAtMs }: Copy): Promise<boolean> {
    try {
      const confirmed = await this.#opened(async (file) => {
        const { size } = await file.stat();
        if (size !== content.length || !(await file.readFile()).equals(content)) return false;
        await setTime(file, confirmedAtMs);
        return true;
      });
      return confirmed ?? false;
    } catch {
      return false;
    }
  }

  async #opened<T>(use: (file: FileHandle) => Promise<T>): Promise<T | null> {
    const file = await open(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return (await file.stat()).isFile() ? await use(file) : null;
    } finally {
      await file.close();
    }
  }

  /** Folder by folder: where the parent cannot hold any, Node's recursive form tries for ever. */
  async #makeFolders(): Promise<void> {
    const folder = dirname(this.path);
    for (const one of [dirname(folder), folder]) {
      await mkdir(one).catch((error: unknown) => {
        if (!isError(error, 'EEXIST')) throw error;
      });
    }
  }

  async #replace({ content, confirmedAtMs }: Copy): Promise<boolean> {
    if (content.length > MAX_BYTES) return false;
    const temporary = `${this.path}.${randomUUID()}`;
    try {
      await this.#makeFolders();
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(content);
        await setTime(file, confirmedAtMs);
      } finally {
        await file.close();
      }
      await rename(temporary, this.path);
      return true;
    } catch {
      // A disk that is full or cannot be written costs the copy, nothing else.
      await unlink(temporary).catch(() => undefined);
      return false;
    }
  }
}

function setTime(file: FileHandle, atMs: number): Promise<void> {
  return file.utimes(atMs / 1000, atMs / 1000);
}

/** A name that leads to no other folder, whatever the application is called. */
function fileName(name: string): string {
  return encodeURIComponent(name).replaceAll('.', '%2E');
}

function isError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
