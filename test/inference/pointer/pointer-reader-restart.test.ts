import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hostedContent, servedContent } from '../../../functions/pointer/flag.ts';
import { createTestKey } from '../../fakes/test-key.ts';
import { signedDocument } from '../../pointer/fixtures.ts';
import { documentOf, Held, key, noRoute, ReaderStand, revisionOf } from './data-plane.ts';

let copyFolder: string;
let path: string;
let stand: ReaderStand;
beforeEach(async () => {
  copyFolder = await mkdtemp(join(tmpdir(), 'pointer-restart-'));
  path = join(copyFolder, 'model-release', 'demand.json');
  stand = new ReaderStand();
});
afterEach(() => rm(copyFolder, { recursive: true, force: true }));

const down = () => ({ error: noRoute() });
const written = async (text: string | undefined) =>
  vi.waitFor(async () => expect(await readFile(path, 'utf8')).toBe(text ?? expect.any(String)));

async function putCopy(content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** A process that has read the pointer, and ended. */
async function earlierProcess(): Promise<void> {
  await stand.reader({ copyFolder }).current();
  await written(stand.plane.served);
}

describe('A reader that starts anew', () => {
  it('serves by the copy of the process before it while AppConfig is gone', async () => {
    stand.plane.serve(await documentOf());
    await earlierProcess();
    stand.plane.disturb = down;
    const reader = stand.reader({ copyFolder });
    expect(await revisionOf(reader)).toBe(3);
    expect(stand.events.slice(1)).toEqual([
      { kind: 'moved', from: null, to: 3, backward: false, source: 'copy' },
      expect.objectContaining({ kind: 'not-refreshed', code: 'UNREACHABLE' }),
    ]);
    expect(reader.counts).toMatchObject({ servedStale: 1, copyIgnored: 0 });
  });

  it('goes by what AppConfig answers in time, whatever the revision, and counts a step back', async () => {
    stand.plane.serve(await documentOf({ revision: 7 }));
    await earlierProcess();
    stand.plane.serve(await documentOf({ revision: 5 }));
    const reader = stand.reader({ copyFolder });
    expect(await revisionOf(reader)).toBe(5);
    expect(reader.counts).toMatchObject({ wentBack: 1, servedStale: 0 });
    await written(stand.plane.served);
  });

  it('waits for AppConfig no longer than any other call, as it has something to serve', async () => {
    stand.plane.serve(await documentOf());
    await earlierProcess();
    const held = new Held();
    stand.plane.disturb = () => held;
    const reader = stand.reader({ copyFolder, firstTimeoutMs: 30_000 });
    const began = performance.now();
    expect(await revisionOf(reader)).toBe(3);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('says for how long its copy has not been confirmed, although it is new itself', async () => {
    stand.plane.serve(await documentOf());
    const first = stand.reader({ copyFolder });
    await first.current();
    await written(stand.plane.served);
    stand.at += 60;
    await first.current();
    await vi.waitFor(async () => expect((await stat(path)).mtimeMs).toBe(stand.at * 1000));
    stand.at += 7_200;
    stand.plane.disturb = down;
    const reader = stand.reader({ copyFolder });
    await reader.current();
    expect(reader.staleSeconds()).toBe(7_200);
    stand.at += 5;
    await reader.current();
    expect(stand.events.at(-1)).toMatchObject({ kind: 'stale', staleSeconds: 7_205 });
  });

  it('does not take a copy for confirmed in the future', async () => {
    stand.plane.serve(await documentOf());
    await earlierProcess();
    stand.at -= 86_400;
    stand.plane.disturb = down;
    const reader = stand.reader({ copyFolder });
    await reader.current();
    stand.at += 10;
    expect(reader.staleSeconds()).toBe(10);
  });

  it.each([
    ['torn', async () => servedContent(await documentOf()).slice(0, 200)],
    ['empty', async () => ''],
    ['no text', async () => Uint8Array.of(0xff, 0xfe, 0x00)],
    ['not signed', async () => servedContent({ ...(await documentOf()), signature: 'bm9uZQ==' })],
    ['signed by another key', async () => servedContent(await signedDocument(createTestKey()))],
    ['of another model', async () => servedContent(await signedDocument(key, {}, 'other'))],
    ['too large', async () => ' '.repeat(4_100 * 1024)],
  ])('ignores a copy that is %s, counts it, and replaces it', async (_what, content) => {
    await putCopy(await content());
    stand.plane.disturb = down;
    const reader = stand.reader({ copyFolder });
    await expect(reader.current()).rejects.toMatchObject({
      reasons: [{ code: 'UNREACHABLE' }, { code: 'COPY_IGNORED', path }, { code: 'NO_BOOTSTRAP' }],
    });
    expect(reader.counts.copyIgnored).toBe(1);
    stand.plane.disturb = null;
    stand.plane.serve(await documentOf());
    stand.at += 5;
    expect(await revisionOf(reader)).toBe(3);
    await written(stand.plane.served);
  });

  it('keeps no copy of what does not verify', async () => {
    stand.plane.serve(await documentOf());
    const reader = stand.reader({ copyFolder });
    await reader.current();
    const { served } = stand.plane;
    await written(served);
    stand.plane.serve({ ...(await documentOf()), revision: 9 });
    stand.at += 60;
    await reader.current();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await readFile(path, 'utf8')).toBe(served);
  });

  it('serves as ever where nothing can be written, and counts it', async () => {
    stand.plane.serve(await documentOf());
    const reader = stand.reader({ copyFolder: '/proc/nowhere' });
    expect(await revisionOf(reader)).toBe(3);
    await vi.waitFor(() => expect(reader.counts.copyNotWritten).toBe(1));
  });

  it('shares its copy with another process of the same model', async () => {
    stand.plane.serve(await documentOf());
    const readers = [stand.reader({ copyFolder }), stand.reader({ copyFolder })];
    for (const revision of [4, 5, 6, 7]) {
      stand.plane.serve(await documentOf({ revision }));
      stand.at += 60;
      expect(await Promise.all(readers.map(revisionOf))).toEqual([revision, revision]);
    }
    await written(stand.plane.served);
  });
});

describe('A bootstrap document', () => {
  it.each([
    ['as it is served', servedContent],
    ['as it is stored', hostedContent],
  ])('%s serves until AppConfig answers', async (_form, form) => {
    stand.plane.disturb = down;
    const reader = stand.reader({ bootstrap: form(await documentOf({ revision: 9 })) });
    expect(await revisionOf(reader)).toBe(9);
    stand.plane.disturb = null;
    stand.plane.serve(await documentOf());
    stand.at += 5;
    expect(await revisionOf(reader)).toBe(3);
    // Nobody went back: 9 was never served by AppConfig, as far as is known here.
    expect(stand.events.filter(({ kind }) => kind === 'moved')).toEqual([
      { kind: 'moved', from: null, to: 9, backward: false, source: 'bootstrap' },
      { kind: 'moved', from: 9, to: 3, backward: false, source: 'appconfig' },
    ]);
  });

  it('is not asked for where there is a copy, nor where AppConfig answers in time', async () => {
    stand.plane.serve(await documentOf());
    const bootstrap = Buffer.from(servedContent(await documentOf({ revision: 9 })));
    expect(await revisionOf(stand.reader({ bootstrap }))).toBe(3);
    await earlierProcess();
    stand.plane.disturb = down;
    expect(await revisionOf(stand.reader({ bootstrap, copyFolder }))).toBe(3);
  });

  it.each([
    ['no JSON', async () => 'bootstrap', 'NOT_JSON'],
    ['of another model', async () => servedContent(await signedDocument(key, {}, 'other')), 'SIGNATURE_INVALID'],
    [
      'stored, of another model',
      async () => hostedContent(await signedDocument(key, {}, 'other')),
      'SIGNATURE_INVALID',
    ],
    [
      'of a later schema',
      async () => hostedContent(await documentOf()).replace('"schema":1,"rev', '"schema":2,"rev'),
      'NEWER_SCHEMA',
    ],
  ])('that is %s is refused, counted, and named in the error', async (_what, bootstrap, code) => {
    stand.plane.disturb = down;
    const reader = stand.reader({ bootstrap: await bootstrap() });
    await expect(reader.current()).rejects.toMatchObject({
      reasons: [{}, {}, { code: 'BOOTSTRAP_REFUSED', message: expect.stringContaining(code) }],
    });
    expect(reader.counts.bootstrapRefused).toBe(1);
  });
});
