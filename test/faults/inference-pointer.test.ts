import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Pointer } from '../../functions/inference/pointer/pointer.ts';
import { PointerCopyStore } from '../../functions/inference/pointer/pointer-copy-store.ts';
import type { PointerEvent } from '../../functions/inference/pointer/pointer-event.ts';
import { PointerReader } from '../../functions/inference/pointer/pointer-reader-store.ts';
import { type PointerReaderOptions, READER_DEFAULTS } from '../../functions/inference/pointer/reader-options.ts';
import type { PointerDocument } from '../../functions/pointer/document.ts';
import { servedContent } from '../../functions/pointer/flag.ts';
import { createTestKey } from '../fakes/test-key.ts';
import { FaultyProxy, type ProxyFault } from '../local/fixtures/faulty-proxy.ts';
import { APPLICATION, type LocalPointer, startLocalPointer } from '../local/fixtures/local-pointer.ts';
import { signedDocument } from '../pointer/fixtures.ts';

const MODEL = 'demand';
const NOW_MS = Date.parse('2026-03-02T06:00:00.000Z');
const { refreshTimeoutMs: WAIT_MS, firstTimeoutMs: FIRST_WAIT_MS } = READER_DEFAULTS;
/** A bound is the reader's; how long this machine takes to notice that it has passed is the machine's. */
const SLACK_MS = 1_500;

const key = createTestKey();
const UNITS = Array.from({ length: 2_000 }, (_, number) => ({
  sku: `sku-${number}`,
  store: `store-${number % 40}`,
  region: ['north', 'south', 'coast'][number % 3] ?? '',
  category: ['fresh', 'dry'][number % 2] ?? '',
  segments: [],
}));
const CANARY = {
  canaryVersion: '2.0.0',
  canaryUntil: '2026-04-01T00:00:00.000Z',
  canaryPercentage: 30,
  canaryRegions: ['north', 'south'],
  excludedSegments: ['category:dry'],
} as const;

let pointer: LocalPointer;
let proxy: FaultyProxy;
let client: AppConfigDataClient;
let document: PointerDocument;
let folder: string;
let clockMs = NOW_MS;
let events: PointerEvent[] = [];
const figures: string[] = [];

beforeAll(async () => {
  pointer = await startLocalPointer(MODEL);
  document = await signedDocument(key, { ...CANARY, revision: 1 });
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pointer-faults-'));
  proxy = await FaultyProxy.before(pointer.data.endpoint);
  // As a function has it: the SDK's own retries are part of what is measured.
  const { maxAttempts: _, ...settings } = pointer.data.client;
  client = new AppConfigDataClient({ ...settings, endpoint: proxy.endpoint });
  events = [];
  await pointer.deploy(document);
});
afterEach(async () => {
  client.destroy();
  await proxy.stop();
  await rm(folder, { recursive: true, force: true });
});
afterAll(async () => {
  await pointer.stop();
  console.info(['Milliseconds that a fault of AppConfig adds to a read of the pointer:', ...figures].join('\n  '));
});

function readerOf(options: Partial<PointerReaderOptions> = {}): PointerReader {
  return new PointerReader({
    client,
    application: APPLICATION,
    model: MODEL,
    publicKeyPem: key.publicKeyPem,
    now: () => clockMs,
    steady: () => clockMs,
    onEvent: (event) => events.push(event),
    copyFolder: null,
    ...options,
  });
}

/** What a caller gets: the document, and where it sends each unit. */
const seen = ({ document: served, router }: Pointer) => ({ served, routes: router.routeAll(UNITS, NOW_MS) });

async function timed<T>(work: () => T | Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const began = performance.now();
  const value = await work();
  return { value, ms: performance.now() - began };
}

/** A reader that has read the pointer and is due to look again, and how long a look takes it when all is well. */
async function readerThatIsDue(options: Partial<PointerReaderOptions> = {}) {
  const reader = readerOf(options);
  const undisturbed = seen(await reader.current());
  expect(undisturbed.served).toEqual(document);
  clockMs += 15_000;
  const { ms } = await timed(() => reader.current());
  clockMs += 15_000;
  return { reader, undisturbed, lookMs: ms };
}

interface Measured {
  readonly fault: string;
  readonly addedMs: number;
  readonly boundMs: number;
  readonly next?: string;
}

function state({ fault, addedMs, boundMs, next }: Measured): void {
  const added = Math.max(0, addedMs).toFixed(1).padStart(7);
  figures.push(
    `${fault.padEnd(52)} ${added} (bound ${boundMs})${next === undefined ? '' : `; then ${next} µs a call`}`,
  );
  expect(addedMs).toBeLessThan(boundMs + SLACK_MS);
}

/** Calls within the pause after a look that failed: none waits. Microseconds of each. */
async function meanOfNext(reader: PointerReader, calls = 10_000): Promise<string> {
  let waits = 0;
  const { ms } = await timed(() => {
    for (let call = 0; call < calls; call++) if (reader.current() instanceof Promise) waits += 1;
  });
  expect(waits).toBe(0);
  return ((ms / calls) * 1000).toFixed(2);
}

const GONE: ProxyFault = { kind: 'gone' };
const SLOW: ProxyFault = { kind: 'slow', milliseconds: 2_000 };
const BROKEN: ProxyFault = {
  kind: 'answers',
  status: 500,
  contentType: 'application/json',
  body: '{"Message":"We encountered an internal error."}',
};
const GARBAGE: ProxyFault = {
  kind: 'answers',
  status: 200,
  contentType: 'text/html',
  body: '<html><body>Bad gateway</body></html>',
};

describe('AppConfig that fails later', () => {
  it.each([
    ['gone', GONE, 'not-refreshed UNREACHABLE'],
    ['slow (2 s)', SLOW, 'not-refreshed TIMEOUT'],
    ['answers 500', BROKEN, 'not-refreshed SERVER_ERROR'],
    ['answers garbage', GARBAGE, 'not-refreshed UNREADABLE'],
  ])('%s: the same document and the same routes are served, within the bound', async (name, fault, told) => {
    const { reader, undisturbed, lookMs } = await readerThatIsDue();
    await proxy.fail(fault);
    const { value, ms } = await timed(() => reader.current());
    expect(seen(value)).toEqual(undisturbed);
    // The SDK tries again by itself, which may take longer than a call waits.
    const kinds = events
      .filter(({ kind }) => kind !== 'moved')
      .map((event) => ('code' in event ? `${event.kind} ${event.code}` : ''));
    expect([told, 'not-refreshed TIMEOUT']).toContain(kinds[0]);
    state({ fault: `${name}, later`, addedMs: ms - lookMs, boundMs: WAIT_MS, next: await meanOfNext(reader) });
    await proxy.mend();
    await pointer.deploy(await signedDocument(key, { revision: 2, productionVersion: '3.0.0' }));
    await vi.waitFor(
      async () => {
        clockMs += 15_000;
        expect((await reader.current()).document.revision).toBe(2);
      },
      { timeout: 10_000, interval: 100 },
    );
  });

  it('slow (2 s): what it says is served as soon as it has said it, and nobody waits for that', async () => {
    const { reader } = await readerThatIsDue();
    await pointer.deploy(await signedDocument(key, { revision: 2, productionVersion: '3.0.0' }));
    await proxy.fail(SLOW);
    const { ms } = await timed(async () => {
      expect((await reader.current()).document.revision).toBe(1);
      await vi.waitFor(() => expect(reader.current()).toMatchObject({ document: { revision: 2 } }), {
        timeout: 10_000,
        interval: 10,
      });
    });
    expect(reader.counts).toMatchObject({ looks: 3, late: 1 });
    figures.push(`slow (2 s): a move is seen after ${ms.toFixed(0)} ms, by one look`);
  });

  it.each([
    ['unsigned', async () => ({ ...(await signedDocument(key, { revision: 2 })), signature: 'bm9uZQ==' })],
    ['signed by another key', () => signedDocument(createTestKey(), { revision: 2, productionVersion: '9.9.9' })],
    ['signed for another model', () => signedDocument(key, { revision: 2, productionVersion: '9.9.9' }, 'other')],
  ])('serves what is %s: the same document and the same routes are served', async (name, bad) => {
    const { reader, undisturbed, lookMs } = await readerThatIsDue();
    await pointer.deploy(await bad());
    const { value, ms } = await timed(() => reader.current());
    expect(seen(value)).toEqual(undisturbed);
    expect(events.at(-1)).toMatchObject({ kind: 'refused', code: 'SIGNATURE_INVALID' });
    state({ fault: `serves what is ${name}`, addedMs: ms - lookMs, boundMs: WAIT_MS, next: await meanOfNext(reader) });
    await pointer.deploy(document);
    clockMs += 15_000;
    expect(seen(await reader.current())).toEqual(undisturbed);
    expect(events.at(-1)).toMatchObject({ kind: 'recovered', code: 'SIGNATURE_INVALID' });
  });
});

describe('AppConfig that fails before the first read', () => {
  /** What an earlier process saw; it has left its copy, and is gone. */
  async function earlierProcess() {
    const reader = readerOf({ copyFolder: folder });
    const undisturbed = seen(await reader.current());
    const { ms } = await timed(() => readerOf().current());
    const copy = new PointerCopyStore(folder, APPLICATION, MODEL);
    await vi.waitFor(async () => expect(await copy.read()).toMatchObject({ state: 'read' }));
    return { undisturbed, firstMs: ms };
  }

  const FAULTS: readonly (readonly [string, ProxyFault])[] = [
    ['gone', GONE],
    ['slow (2 s)', SLOW],
    ['answers 500', BROKEN],
    ['answers garbage', GARBAGE],
  ];

  it.each(FAULTS)('%s, with a copy: the same document and the same routes are served', async (name, fault) => {
    const { undisturbed, firstMs } = await earlierProcess();
    await proxy.fail(fault);
    const { value, ms } = await timed(() => readerOf({ copyFolder: folder }).current());
    expect(seen(value)).toEqual(undisturbed);
    state({ fault: `${name}, before the first read, with a copy`, addedMs: ms - firstMs, boundMs: WAIT_MS });
  });

  it.each(FAULTS)('%s, with a bootstrap document: it is served, and its routes', async (name, fault) => {
    const { undisturbed, firstMs } = await earlierProcess();
    await proxy.fail(fault);
    const { value, ms } = await timed(() => readerOf({ bootstrap: servedContent(document) }).current());
    expect(seen(value)).toEqual(undisturbed);
    state({ fault: `${name}, before the first read, with a bootstrap`, addedMs: ms - firstMs, boundMs: WAIT_MS });
  });

  it.each([
    ['gone', GONE, 'UNREACHABLE'],
    ['answers 500', BROKEN, 'SERVER_ERROR'],
    ['answers garbage', GARBAGE, 'UNREADABLE'],
  ])('%s, with neither: an error says what was tried and what to do', async (name, fault, code) => {
    const { firstMs } = await earlierProcess();
    await proxy.fail(fault);
    const reader = readerOf();
    const { value, ms } = await timed(() => Promise.resolve(reader.current()).catch((error: unknown) => error));
    expect(value).toMatchObject({
      code: 'POINTER_UNAVAILABLE',
      reasons: [{ code, next: expect.any(String) }, { code: 'NO_COPY' }, { code: 'NO_BOOTSTRAP' }],
    });
    state({
      fault: `${name}, before the first read, with neither (error)`,
      addedMs: ms - firstMs,
      boundMs: FIRST_WAIT_MS,
    });
    await proxy.mend();
    clockMs += 5_000;
    expect((await reader.current()).document).toEqual(document);
  });

  it('slow (2 s for each of two requests), with neither: an error at the bound, and the document when it has come', async () => {
    await proxy.fail(SLOW);
    const reader = readerOf();
    const { value, ms } = await timed(() => Promise.resolve(reader.current()).catch((error: unknown) => error));
    expect(value).toMatchObject({ code: 'POINTER_UNAVAILABLE', reasons: [{ code: 'TIMEOUT' }, {}, {}] });
    state({ fault: 'slow (2 s), before the first read, with neither (error)', addedMs: ms, boundMs: FIRST_WAIT_MS });
    await vi.waitFor(async () => expect((await reader.current()).document).toEqual(document), { timeout: 10_000 });
    expect(reader.counts).toMatchObject({ looks: 1, late: 1 });
  });

  it('unsigned, with a copy and with neither', async () => {
    const { undisturbed } = await earlierProcess();
    await pointer.deploy({ ...document, signature: 'bm9uZQ==' });
    const { value, ms } = await timed(() => readerOf({ copyFolder: folder }).current());
    expect(seen(value)).toEqual(undisturbed);
    state({ fault: 'serves what is unsigned from the first read, with a copy', addedMs: ms, boundMs: WAIT_MS });
    await expect(readerOf().current()).rejects.toMatchObject({
      code: 'POINTER_UNAVAILABLE',
      reasons: [{ code: 'SIGNATURE_INVALID' }, {}, {}],
    });
  });
});

describe('AppConfig that denies its reader', () => {
  it('says so, with the permission to give; the last good document serves', async () => {
    const { reader, undisturbed } = await readerThatIsDue();
    pointer.data.deny('appconfig:GetLatestConfiguration');
    expect(seen(await reader.current())).toEqual(undisturbed);
    expect(events.at(-1)).toMatchObject({ kind: 'not-refreshed', code: 'ACCESS_DENIED' });
    await expect(readerOf().current()).rejects.toMatchObject({
      reasons: [{ code: 'ACCESS_DENIED', next: expect.stringContaining('appconfig:GetLatestConfiguration') }, {}, {}],
    });
    pointer.data.deny();
  });

  it('does not know a model that was not onboarded', async () => {
    await expect(readerOf({ model: 'unknown' }).current()).rejects.toMatchObject({
      reasons: [{ code: 'NOT_FOUND', next: expect.stringContaining('Onboard the model') }, {}, {}],
    });
  });
});
