import { AppConfigDataClient, StartConfigurationSessionCommand } from '@aws-sdk/client-appconfigdata';
import { beforeEach, describe, expect, it } from 'vitest';
import { PointerReader } from '../../../functions/inference/pointer/pointer-reader-store.ts';
import { documentOf, Held, key, ReaderStand, revisionOf } from './data-plane.ts';

let stand: ReaderStand;
beforeEach(() => {
  stand = new ReaderStand();
});

/** Lets everything that is ready run. */
const turns = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('A pointer reader', () => {
  it('answers the document that AppConfig serves, with its router', async () => {
    const document = await documentOf();
    stand.plane.serve(document);
    const pointer = await stand.reader().current();
    expect(pointer.document).toEqual(document);
    expect(pointer.router.standard).toEqual({ arm: 'production', version: '1.1.0' });
    expect(stand.plane.mock.commandCalls(StartConfigurationSessionCommand)[0]?.args[0].input).toEqual({
      ApplicationIdentifier: 'model-release',
      EnvironmentIdentifier: 'demand',
      ConfigurationProfileIdentifier: 'demand',
    });
  });

  it('answers at once, and asks nobody, while the document is fresh', async () => {
    stand.plane.serve(await documentOf());
    const reader = stand.reader({ pollSeconds: 15 });
    const first = await reader.current();
    for (let second = 0; second < 15; second++) {
      expect(reader.current()).toBe(first);
      stand.at += 1;
    }
    expect(stand.plane.gets).toBe(1);
    expect(reader.current()).toBeInstanceOf(Promise);
  });

  it('looks again in the same session, and keeps the pointer that it has made while nothing changed', async () => {
    stand.plane.serve(await documentOf());
    const reader = stand.reader({ pollSeconds: 15 });
    const first = await reader.current();
    stand.at += 15;
    expect(await reader.current()).toBe(first);
    stand.plane.serve(await documentOf({ revision: 4, productionVersion: '2.0' }));
    stand.at += 15;
    expect((await reader.current()).router.standard.version).toBe('2.0');
    expect(stand.plane).toMatchObject({ starts: 1, gets: 3 });
  });

  it('counts each move, and says when an older revision came back', async () => {
    const reader = stand.reader();
    for (const revision of [5, 3, 3, 6]) {
      stand.plane.serve(await documentOf({ revision }));
      expect(await revisionOf(reader)).toBe(revision);
      stand.at += 60;
    }
    expect(stand.events).toEqual([
      { kind: 'moved', from: null, to: 5, backward: false, source: 'appconfig' },
      { kind: 'moved', from: 5, to: 3, backward: true, source: 'appconfig' },
      { kind: 'moved', from: 3, to: 6, backward: false, source: 'appconfig' },
    ]);
    expect(reader.counts).toMatchObject({ moved: 3, wentBack: 1, looks: 4, goodLooks: 4, servedStale: 0 });
  });

  it('shares one look among a hundred calls at the same time', async () => {
    stand.plane.serve(await documentOf());
    const reader = stand.reader();
    const calls = () => Promise.all(Array.from({ length: 100 }, () => reader.current()));
    expect(new Set(await calls()).size).toBe(1);
    stand.at += 60;
    expect(new Set(await calls()).size).toBe(1);
    expect(stand.plane).toMatchObject({ starts: 1, gets: 2 });
  });

  it('looks at each call when it may not serve an old document at all', async () => {
    stand.plane.serve(await documentOf());
    const reader = stand.reader({ pollSeconds: 0 });
    for (let call = 0; call < 3; call++) await reader.current();
    expect(stand.plane).toMatchObject({ starts: 1, gets: 3 });
  });

  it('looks again when the clock was set back, for it cannot tell how old its document is', async () => {
    stand.plane.serve(await documentOf());
    const reader = stand.reader({ pollSeconds: 15 });
    await reader.current();
    stand.plane.serve(await documentOf({ revision: 4 }));
    stand.at -= 100_000;
    expect(await revisionOf(reader)).toBe(4);
    stand.at += 10;
    expect(await revisionOf(reader)).toBe(4);
    expect(stand.plane.gets).toBe(2);
  });

  it('looks again when a clock that was set back comes by where its document was fresh', async () => {
    stand.plane.serve(await documentOf());
    const reader = stand.reader({ pollSeconds: 15 });
    await reader.current();
    stand.plane.serve(await documentOf({ revision: 4 }));
    stand.at -= 3_600;
    stand.at += 3_605;
    expect(await revisionOf(reader)).toBe(4);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1])(
    'goes by its own poll interval and limits where it was given %s: that is no time',
    async (seconds) => {
      stand.plane.serve(await documentOf());
      const times = { pollSeconds: seconds, retrySeconds: seconds, staleAfterSeconds: seconds };
      const limits = { refreshTimeoutMs: seconds, firstTimeoutMs: seconds, lookTimeoutMs: seconds };
      const reader = stand.reader({ ...times, ...limits });
      const first = await reader.current();
      stand.at += 14;
      expect(reader.current()).toBe(first);
      stand.at += 1;
      await reader.current();
      expect(stand.plane).toMatchObject({ starts: 1, gets: 2 });
      expect(reader.counts).toMatchObject({ looks: 2, notRefreshed: 0 });
    },
  );

  it('serves on when whoever is told of its events fails', async () => {
    stand.plane.serve(await documentOf());
    const onEvent = () => {
      throw new Error('The counter is broken.');
    };
    expect(await revisionOf(stand.reader({ onEvent }))).toBe(3);
  });

  it('serves on when whoever is told of its events fails later: nobody else would hear of it, and the process would end', async () => {
    const unheard: unknown[] = [];
    const listen = (reason: unknown) => unheard.push(reason);
    process.on('unhandledRejection', listen);
    stand.plane.serve(await documentOf({ revision: 4 }));
    const reader = stand.reader({ onEvent: async () => Promise.reject(new Error('No metrics.')) });
    expect(await revisionOf(reader)).toBe(4);
    await turns();
    process.off('unhandledRejection', listen);
    expect(unheard).toEqual([]);
  });

  it('goes by the clock of the machine unless it is given another', async () => {
    stand.plane.serve(await documentOf());
    const client = new AppConfigDataClient({ region: 'eu-west-1' });
    const whose = { application: 'model-release', model: 'demand', publicKeyPem: key.publicKeyPem };
    const reader = new PointerReader({ client, ...whose, copyFolder: null, pollSeconds: 3600 });
    const first = await reader.current();
    expect(reader.current()).toBe(first);
  });
});

describe('A look that outlasts the wait of its callers', () => {
  /** A reader with revision 3, whose next look is held back. */
  async function late() {
    stand.plane.serve(await documentOf());
    const reader = stand.reader({ pollSeconds: 15, retrySeconds: 5 });
    await reader.current();
    const held = new Held();
    stand.plane.disturb = () => held;
    stand.plane.serve(await documentOf({ revision: 4 }));
    stand.at += 15;
    return { reader, held };
  }

  it('is waited for no longer than the limit; then the last good document serves and is counted', async () => {
    const { reader } = await late();
    const began = performance.now();
    expect(await revisionOf(reader)).toBe(3);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(reader.counts).toMatchObject({ servedStale: 1, notRefreshed: 1, faults: { TIMEOUT: 1 } });
    expect(stand.events.at(-1)).toEqual({
      kind: 'not-refreshed',
      code: 'TIMEOUT',
      reason: 'No answer within 40 ms.',
      staleSeconds: 15,
    });
  });

  it('makes nobody wait again, nor look again, before the pause is over', async () => {
    const { reader } = await late();
    await reader.current();
    for (let call = 0; call < 10; call++) expect(reader.current()).not.toBeInstanceOf(Promise);
    expect(stand.plane.gets).toBe(2);
    expect(reader.counts.servedStale).toBe(11);
    stand.at += 6;
    expect(await revisionOf(reader)).toBe(3);
    // Still the same look: a second one beside it would only spend another token.
    expect(stand.plane.gets).toBe(2);
    expect(reader.counts).toMatchObject({ looks: 2, notRefreshed: 1 });
  });

  it('has its answer taken when it comes, so that a slow AppConfig converges in one session', async () => {
    const { reader, held } = await late();
    await reader.current();
    held.release();
    await turns();
    expect(reader.current()).toMatchObject({ document: { revision: 4 } });
    expect(reader.counts).toMatchObject({ late: 1, moved: 2 });
    stand.plane.disturb = null;
    stand.plane.serve(await documentOf({ revision: 5 }));
    stand.at += 15;
    expect(await revisionOf(reader)).toBe(5);
    expect(stand.plane).toMatchObject({ starts: 1, gets: 3 });
  });

  it('is one episode however often it happens, until an answer comes in time', async () => {
    const { reader, held } = await late();
    await reader.current();
    held.release();
    await turns();
    for (let look = 0; look < 3; look++) {
      const again = new Held();
      stand.plane.disturb = () => again;
      stand.at += 15;
      await reader.current();
      again.release();
      await turns();
    }
    expect(stand.kinds).toEqual(['moved', 'not-refreshed', 'moved']);
    stand.plane.disturb = null;
    stand.at += 15;
    await reader.current();
    expect(stand.events.at(-1)).toEqual({ kind: 'recovered', code: 'TIMEOUT', failedLooks: 4, seconds: 60 });
    expect(reader.staleSeconds()).toBe(0);
  });

  it('is given up at its own limit, and loses no document: the next look begins a session', async () => {
    stand.plane.serve(await documentOf());
    const reader = stand.reader({ pollSeconds: 15, retrySeconds: 5, lookTimeoutMs: 60 });
    await reader.current();
    const held = new Held();
    stand.plane.disturb = () => held;
    stand.plane.serve(await documentOf({ revision: 4 }));
    stand.at += 15;
    await reader.current();
    await new Promise((resolve) => setTimeout(resolve, 60));
    stand.plane.disturb = null;
    stand.at += 6;
    expect(await revisionOf(reader)).toBe(4);
    expect(stand.plane.starts).toBe(2);
    held.release();
    await turns();
    expect(await revisionOf(reader)).toBe(4);
    expect(reader.counts).toMatchObject({ notRefreshed: 1, faults: { TIMEOUT: 1 } });
  });
});

describe('A process that was frozen and thawed', () => {
  it('never serves the document from before while AppConfig answers in time', async () => {
    stand.plane.serve(await documentOf());
    const reader = stand.reader();
    await reader.current();
    stand.plane.serve(await documentOf({ revision: 4 }));
    stand.freeze(3_600);
    expect(await revisionOf(reader)).toBe(4);
    expect(reader.counts.servedStale).toBe(0);
  });

  /** A reader with revision 3 that was frozen amid a look which AppConfig answered with revision 4; it serves 5 by now. */
  async function frozenAmidALook() {
    stand.plane.serve(await documentOf());
    const reader = stand.reader({ retrySeconds: 5 });
    await reader.current();
    stand.plane.serve(await documentOf({ revision: 4 }));
    const held = new Held();
    stand.plane.disturb = () => held;
    stand.at += 15;
    await reader.current();
    stand.plane.disturb = null;
    stand.plane.serve(await documentOf({ revision: 5 }));
    stand.freeze(3_600);
    return { reader, held };
  }

  it('takes what it was answered before as of then, and looks anew', async () => {
    const { reader, held } = await frozenAmidALook();
    held.release();
    await turns();
    expect(await revisionOf(reader)).toBe(5);
    expect(stand.plane.starts).toBe(1);
  });

  it('looks anew when the look from before has failed since, however short ago', async () => {
    const { reader, held } = await frozenAmidALook();
    held.release(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    await turns();
    expect(await revisionOf(reader)).toBe(5);
    expect(reader.counts.faults).toMatchObject({ TIMEOUT: 1, UNREACHABLE: 1 });
    expect(reader.counts).toMatchObject({ notRefreshed: 1, stale: 0 });
  });

  it('abandons a look from before that has not come back, and takes nothing from it later', async () => {
    const { reader, held } = await frozenAmidALook();
    expect(await revisionOf(reader)).toBe(5);
    held.release();
    await turns();
    expect(await revisionOf(reader)).toBe(5);
    expect(reader.counts).toMatchObject({ abandoned: 1, stale: 0 });
    stand.plane.serve(await documentOf({ revision: 6 }));
    stand.at += 15;
    expect(await revisionOf(reader)).toBe(6);
    expect(stand.plane.starts).toBe(2);
  });

  it('is not held up by a wait from before', async () => {
    stand.plane.serve(await documentOf());
    const reader = stand.reader({ refreshTimeoutMs: 500, firstTimeoutMs: 500 });
    await reader.current();
    const held = new Held();
    stand.plane.disturb = () => held;
    stand.at += 15;
    const before = revisionOf(reader);
    stand.freeze(3_600);
    stand.plane.disturb = null;
    stand.plane.serve(await documentOf({ revision: 4 }));
    expect(await revisionOf(reader)).toBe(4);
    expect(await before).toBe(4);
  });

  it('lets those who call after it wait for their own look, though a wait from before ends meanwhile', async () => {
    stand.plane.serve(await documentOf());
    const reader = stand.reader({ refreshTimeoutMs: 100 });
    await reader.current();
    stand.plane.disturb = () => new Held();
    stand.at += 15;
    const before = revisionOf(reader);
    await new Promise((resolve) => setTimeout(resolve, 50));
    stand.freeze(3_600);
    const held = new Held();
    stand.plane.disturb = () => held;
    const after = [revisionOf(reader)];
    expect(await before).toBe(3);
    expect(reader.current()).toBeInstanceOf(Promise);
    after.push(revisionOf(reader));
    stand.plane.serve(await documentOf({ revision: 4 }));
    held.release();
    await Promise.all(after);
    expect(reader.counts).toMatchObject({ abandoned: 1, looks: 3 });
  });

  it('looks once more where a look from before is still within its limit, yet older than the poll interval', async () => {
    stand.plane.serve(await documentOf());
    const reader = stand.reader({ pollSeconds: 1, refreshTimeoutMs: 500 });
    await reader.current();
    const held = new Held();
    stand.plane.disturb = () => held;
    stand.at += 1;
    const before = revisionOf(reader);
    await turns();
    stand.plane.disturb = null;
    stand.plane.serve(await documentOf({ revision: 4 }));
    stand.freeze(3);
    const after = revisionOf(reader);
    held.release();
    expect([await before, await after]).toEqual([3, 4]);
    expect(reader.counts).toMatchObject({ abandoned: 0, looks: 3 });
  });
});
