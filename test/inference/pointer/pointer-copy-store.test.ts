import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PointerCopyStore } from '../../../functions/inference/pointer/pointer-copy-store.ts';

let folder: string;
let store: PointerCopyStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pointer-copy-'));
  store = new PointerCopyStore(folder, 'model-release', 'demand');
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true });
});

const copyOf = (text: string, confirmedAtMs = 1_000_000) => ({ content: Buffer.from(text), confirmedAtMs });
const files = () => readdir(join(folder, 'model-release'));

describe('A copy of the pointer', () => {
  it('is read by the next process as it was, with the time of its last confirmation', async () => {
    expect(await store.read()).toEqual({ state: 'none' });
    expect(await store.keep(copyOf('document', 1_234_567))).toBe(true);
    const next = new PointerCopyStore(folder, 'model-release', 'demand');
    expect(await next.read()).toEqual({ state: 'read', ...copyOf('document', 1_234_567) });
    expect(await files()).toEqual(['demand.json']);
  });

  it('is not written again while it is the same, though it is confirmed', async () => {
    await store.keep(copyOf('document', 1_000_000));
    const { ino } = await stat(store.path);
    await store.keep(copyOf('document', 2_000_000));
    expect(await store.read()).toMatchObject({ confirmedAtMs: 2_000_000 });
    expect((await stat(store.path)).ino).toBe(ino);
  });

  it('is replaced as a whole, also where somebody else has written another, torn it, or deleted it', async () => {
    await store.keep(copyOf('document'));
    for (const other of ['docum', 'DOCUMENT', '']) {
      await writeFile(store.path, other);
      expect(await store.keep(copyOf('document'))).toBe(true);
      expect(await readFile(store.path, 'utf8')).toBe('document');
    }
    await rm(dirname(store.path), { recursive: true });
    expect(await store.keep(copyOf('document'))).toBe(true);
    expect(await readFile(store.path, 'utf8')).toBe('document');
  });

  it('is the last of those that came while one was written', async () => {
    const kept = Array.from({ length: 50 }, (_, number) => store.keep(copyOf(`document ${number}`)));
    expect(await Promise.all(kept)).toEqual(Array(50).fill(true));
    expect(await readFile(store.path, 'utf8')).toBe('document 49');
    expect(await files()).toEqual(['demand.json']);
  });

  it('is one of two that are written at the same time, never some of each', async () => {
    const texts = ['a', 'b'].map((letter) => letter.repeat(200_000));
    const stores = texts.map(() => new PointerCopyStore(folder, 'model-release', 'demand'));
    for (let round = 0; round < 20; round++) {
      await Promise.all(stores.map((one, index) => one.keep(copyOf(texts[index] ?? ''))));
      const read = await store.read();
      expect(texts).toContain(read.state === 'read' ? Buffer.from(read.content).toString() : read.state);
    }
    expect(await files()).toEqual(['demand.json']);
  });

  it('is ignored where it is too large, a folder, a pipe, or leads to nothing', async () => {
    await mkdir(dirname(store.path), { recursive: true });
    await writeFile(store.path, Buffer.alloc(4_100 * 1024));
    expect(await store.read()).toEqual({ state: 'ignored' });
    await rm(store.path);
    await mkdir(store.path);
    expect(await store.read()).toEqual({ state: 'ignored' });
    await rm(store.path, { recursive: true });
    expect(spawnSync('mkfifo', [store.path]).status).toBe(0);
    expect(await store.read()).toEqual({ state: 'ignored' });
    await rm(store.path);
    await symlink(store.path, store.path);
    expect(await store.read()).toEqual({ state: 'ignored' });
  });

  it('that cannot be written leaves nothing behind', async () => {
    await mkdir(store.path, { recursive: true });
    expect(await store.keep(copyOf('document'))).toBe(false);
    expect(await files()).toEqual(['demand.json']);
    expect(await store.keep({ ...copyOf(''), content: Buffer.alloc(4_100 * 1024) })).toBe(false);
    const nowhere = new PointerCopyStore('/proc/nowhere', 'model-release', 'demand');
    expect(await nowhere.keep(copyOf('document'))).toBe(false);
  });

  it('stays in its folder, whatever the application is called', () => {
    const path = new PointerCopyStore('/tmp/copies', '../../etc/x', '..').path;
    expect(path).toBe('/tmp/copies/%2E%2E%2F%2E%2E%2Fetc%2Fx/%2E%2E.json');
  });
});
