import { beforeEach, describe, expect, it } from 'vitest';
import { LOOK_FAULTS, type LookFaultCode } from '../../../functions/inference/pointer/look-fault.ts';
import type { PointerReader } from '../../../functions/inference/pointer/pointer-reader-store.ts';
import type { PointerDocument } from '../../../functions/pointer/document.ts';
import { servedContent } from '../../../functions/pointer/flag.ts';
import { createTestKey } from '../../fakes/test-key.ts';
import { signedDocument } from '../../pointer/fixtures.ts';
import { awsError, documentOf, key, noRoute, ReaderStand, refusedToken, revisionOf } from './data-plane.ts';

let stand: ReaderStand;
let good: PointerDocument;
beforeEach(async () => {
  stand = new ReaderStand();
  good = await documentOf();
  stand.plane.serve(good);
});

/** Calls every five seconds, for so many calls; answers what each was served. */
async function calls(reader: PointerReader, count: number): Promise<ReadonlySet<number | string>> {
  const served = new Set<number | string>();
  for (let call = 0; call < count; call++) {
    stand.at += 5;
    served.add(await revisionOf(reader));
  }
  return served;
}

/** What was told since, moves aside. */
const told = () => stand.events.filter(({ kind }) => kind !== 'moved');

/** Answers instead of AppConfig's; each look of a reader that has a session meets it. */
const ERRORS: readonly (readonly [string, LookFaultCode, () => unknown])[] = [
  ['throttles by name', 'THROTTLED', () => awsError('ThrottlingException', 400)],
  ['throttles by status', 'THROTTLED', () => awsError('SomethingElse', 429)],
  ['answers 500', 'SERVER_ERROR', () => awsError('InternalServerException', 500)],
  ['answers 503', 'SERVER_ERROR', () => awsError('Unknown', 503)],
  ['cannot be reached', 'UNREACHABLE', noRoute],
  ['is asked by something that throws no error', 'UNREACHABLE', () => 'no error at all'],
  ['answers a page of a proxy', 'UNREADABLE', () => new SyntaxError('Unexpected token <')],
  ['has its own time limit', 'TIMEOUT', () => Object.assign(new Error('Too slow.'), { name: 'TimeoutError' })],
  ['was asked too soon', 'TOO_SOON', () => refusedToken('PollIntervalNotSatisfied')],
  ['does not know the environment any more', 'NOT_FOUND', () => awsError('ResourceNotFoundException', 404)],
  ['denies access', 'ACCESS_DENIED', () => awsError('AccessDeniedException', 403)],
  ['finds the credentials expired', 'ACCESS_DENIED', () => awsError('ExpiredTokenException', 400)],
  ['rejects the request', 'BAD_REQUEST', () => awsError('ValidationException', 400)],
];

describe('While AppConfig gives no document, the last good one serves', () => {
  it.each(ERRORS)('when it %s', async (_what, code, error) => {
    const reader = stand.reader({ pollSeconds: 15, retrySeconds: 5 });
    await reader.current();
    stand.plane.disturb = () => ({ error: error() });
    stand.at += 10;
    expect(await calls(reader, 12)).toEqual(new Set([3]));
    const during = reader.counts;
    const failed = during.faults[code];
    expect(failed).toBe(during.notRefreshed);
    expect(failed).toBeGreaterThanOrEqual(2);
    expect(during.servedStale).toBe(12);
    expect(told()).toEqual([expect.objectContaining({ kind: 'not-refreshed', code, staleSeconds: 15 })]);
    stand.plane.disturb = null;
    stand.plane.serve(await documentOf({ revision: 4 }));
    stand.at += 60;
    expect(await revisionOf(reader)).toBe(4);
    expect(told().slice(1)).toEqual([{ kind: 'recovered', code, failedLooks: failed, seconds: expect.any(Number) }]);
    expect(reader.staleSeconds()).toBe(0);
  });

  it('and a second episode of the same kind is told again', async () => {
    const reader = stand.reader();
    await reader.current();
    for (let episode = 0; episode < 2; episode++) {
      stand.plane.disturb = () => ({ error: noRoute() });
      stand.at += 60;
      await calls(reader, 3);
      stand.plane.disturb = null;
      await calls(reader, 1);
    }
    expect(told().map(({ kind }) => kind)).toEqual(['not-refreshed', 'recovered', 'not-refreshed', 'recovered']);
  });

  it('and kinds that take turns are told once each', async () => {
    const reader = stand.reader();
    await reader.current();
    stand.at += 60;
    for (let look = 0; look < 6; look++) {
      const error = look % 2 === 0 ? noRoute() : awsError('InternalServerException', 500);
      stand.plane.disturb = () => ({ error });
      await calls(reader, 1);
    }
    stand.plane.disturb = null;
    await calls(reader, 1);
    expect(told().map((event) => `${event.kind} ${'code' in event ? event.code : ''}`)).toEqual([
      'not-refreshed UNREACHABLE',
      'not-refreshed SERVER_ERROR',
      'recovered UNREACHABLE',
      'recovered SERVER_ERROR',
    ]);
  });
});

describe('A token', () => {
  it.each(['Corrupted', 'Expired'])('that is %s leads to a new session within the same look', async (problem) => {
    const reader = stand.reader();
    await reader.current();
    stand.plane.serve(await documentOf({ revision: 4 }));
    let refusals = 1;
    stand.plane.disturb = () => (refusals-- > 0 ? { error: refusedToken(problem) } : undefined);
    stand.at += 60;
    expect(await revisionOf(reader)).toBe(4);
    expect(stand.plane).toMatchObject({ starts: 2, gets: 3 });
    expect(told()).toEqual([{ kind: 'renewed' }]);
    expect(reader.counts).toMatchObject({ renewed: 1, notRefreshed: 0, servedStale: 0, looks: 2 });
  });

  it('that is refused though its session is new is a fault of its own', async () => {
    const reader = stand.reader();
    await reader.current();
    stand.plane.disturb = (operation) => (operation === 'get' ? { error: refusedToken() } : undefined);
    stand.at += 60;
    expect(await calls(reader, 4)).toEqual(new Set([3]));
    expect(stand.events.filter((event) => 'code' in event)).toEqual([
      expect.objectContaining({ kind: 'not-refreshed', code: 'TOKEN_REFUSED' }),
    ]);
    stand.plane.disturb = null;
    await calls(reader, 1);
    expect(stand.events.at(-1)).toMatchObject({ kind: 'recovered', code: 'TOKEN_REFUSED' });
  });

  it.each([
    ['refused', false],
    ['answered again, with nothing new', true],
  ])('whose answer was lost on the way takes no document with it, were it %s', async (_what, isForgiving) => {
    const reader = stand.reader();
    stand.plane.isForgiving = isForgiving;
    await reader.current();
    stand.plane.serve(await documentOf({ revision: 4 }));
    stand.plane.disturb = () => ({ error: noRoute(), lost: true });
    stand.at += 60;
    expect(await revisionOf(reader)).toBe(3);
    stand.plane.disturb = null;
    stand.at += 5;
    expect(await revisionOf(reader)).toBe(4);
  });

  it('stays good where AppConfig said that it did nothing with it, so no document is paid for twice', async () => {
    const reader = stand.reader();
    await reader.current();
    for (const error of [awsError('ThrottlingException', 400), refusedToken('PollIntervalNotSatisfied')]) {
      stand.plane.disturb = () => ({ error });
      stand.at += 60;
      await reader.current();
    }
    stand.plane.disturb = null;
    stand.at += 60;
    await reader.current();
    expect(stand.plane.starts).toBe(1);
  });
});

describe('A throttled reader', () => {
  it('pauses twice as long each time, up to a minute', async () => {
    const reader = stand.reader({ retrySeconds: 5 });
    await reader.current();
    stand.plane.disturb = () => ({ error: awsError('ThrottlingException', 400) });
    stand.at += 60;
    const looksAt: number[] = [];
    for (let second = 0; second < 200; second++) {
      const { looks } = reader.counts;
      await reader.current();
      if (reader.counts.looks > looks) looksAt.push(second);
      stand.at += 1;
    }
    expect(looksAt).toEqual([0, 10, 30, 70, 130, 190]);
  });

  it('that has nothing to serve goes on asking', async () => {
    const reader = stand.reader({ retrySeconds: 5 });
    stand.plane.disturb = () => ({ error: awsError('ThrottlingException', 400) });
    for (let second = 0; second < 100; second++) {
      await revisionOf(reader);
      stand.at += 1;
    }
    expect(reader.counts.looks).toBe(10);
  });
});

describe('What AppConfig serves and is not to be gone by', () => {
  const CONTENTS: readonly (readonly [string, LookFaultCode, () => Promise<string>])[] = [
    ['is no JSON', 'NOT_JSON', async () => '<html>Bad gateway</html>'],
    ['is cut off', 'NOT_JSON', async () => servedContent(good).slice(0, 100)],
    ['breaks the schema', 'NOT_A_POINTER', async () => servedContent(good).replace('"sku-store"', '"planet"')],
    ['is a disabled flag', 'NOT_A_POINTER', async () => '{"pointer":{"enabled":false}}'],
    ['is not signed', 'SIGNATURE_INVALID', async () => servedContent({ ...good, signature: 'bm9uZQ==' })],
    ['was changed after it was signed', 'SIGNATURE_INVALID', async () => servedContent({ ...good, revision: 9 })],
    [
      'is signed by another key',
      'SIGNATURE_INVALID',
      async () => servedContent(await signedDocument(createTestKey(), { revision: 9 })),
    ],
    [
      'is signed for another model',
      'SIGNATURE_INVALID',
      async () => servedContent(await signedDocument(key, { revision: 9 }, 'other')),
    ],
    [
      'has a schema of a later release',
      'NEWER_SCHEMA',
      async () => servedContent(good).replace('"schema":1', '"schema":2'),
    ],
  ];

  it.each(CONTENTS)('when it %s: the last good document stays, and it is told once', async (_what, code, content) => {
    const reader = stand.reader();
    await reader.current();
    stand.plane.serve(await content());
    stand.at += 10;
    expect(await calls(reader, 100)).toEqual(new Set([3]));
    // AppConfig says it once, and has served it ever since.
    expect(told()).toEqual([expect.objectContaining({ kind: 'refused', code })]);
    const { refused, faults, notRefreshed, servedStale, stale } = reader.counts;
    expect([refused, faults[code], notRefreshed, servedStale, stale]).toEqual([34, 34, 0, 100, 0]);
    expect(reader.staleSeconds()).toBeLessThanOrEqual(15);
    stand.plane.serve(good);
    stand.at += 15;
    expect(await revisionOf(reader)).toBe(3);
    expect(stand.events.at(-1)).toMatchObject({ kind: 'recovered', code, failedLooks: 34, seconds: 510 });
    expect(reader.counts.moved).toBe(1);
  });

  it('says which schema it does not know', async () => {
    const reader = stand.reader();
    stand.plane.serve(servedContent(good).replace('"schema":1', '"schema":7'));
    expect(await revisionOf(reader)).toBe('POINTER_UNAVAILABLE');
    expect(stand.events).toEqual([
      { kind: 'refused', code: 'NEWER_SCHEMA', reason: 'The document has schema 7; this release knows 1.' },
    ]);
  });
});

describe('Silence', () => {
  it('beyond five minutes is told once as an error, and counted for as long as it lasts', async () => {
    const reader = stand.reader();
    await reader.current();
    stand.plane.disturb = () => ({ error: noRoute() });
    await calls(reader, 60);
    expect(told().map(({ kind }) => kind)).toEqual(['not-refreshed']);
    expect(reader.staleSeconds()).toBe(300);
    await calls(reader, 20);
    expect(told().map(({ kind }) => kind)).toEqual(['not-refreshed', 'stale']);
    expect(stand.events.at(-1)).toMatchObject({ code: 'UNREACHABLE', staleSeconds: 305 });
    expect(reader.staleSeconds()).toBe(400);
    expect(reader.counts.stale).toBe(20);
    stand.plane.disturb = null;
    await calls(reader, 1);
    expect(reader.staleSeconds()).toBe(0);
    stand.plane.disturb = () => ({ error: noRoute() });
    await calls(reader, 80);
    expect(told().map(({ kind }) => kind)).toEqual(['not-refreshed', 'stale', 'recovered', 'not-refreshed', 'stale']);
  });

  it('is not held against AppConfig while nobody asked: a thawed process may need longer than a call waits', async () => {
    const reader = stand.reader();
    await reader.current();
    stand.plane.disturb = () => ({ error: noRoute() });
    stand.freeze(3_600);
    expect(await revisionOf(reader)).toBe(3);
    expect(reader.staleSeconds()).toBe(3_600);
    expect(told().map(({ kind }) => kind)).toEqual(['not-refreshed']);
    await calls(reader, 1);
    expect(told().map(({ kind }) => kind)).toEqual(['not-refreshed', 'stale']);
  });
});

describe('Without any document', () => {
  it.each(ERRORS)('the error says what was tried and what to do, when AppConfig %s', async (_what, code, error) => {
    const reader = stand.reader();
    stand.plane.disturb = () => ({ error: error() });
    const reasons = [
      expect.objectContaining({ code, path: 'appconfig:model-release/demand', next: expect.any(String) }),
      expect.objectContaining({ code: 'NO_COPY', next: expect.any(String) }),
      expect.objectContaining({ code: 'NO_BOOTSTRAP', next: expect.stringContaining('`bootstrap`') }),
    ];
    await expect(reader.current()).rejects.toMatchObject({ name: 'POINTER_UNAVAILABLE', reasons });
    expect(reader.counts.faults[code]).toBe(1);
  });

  it('an environment or a document that does not exist yet is for onboarding to make', async () => {
    stand.plane.disturb = () => ({ error: awsError('ResourceNotFoundException', 404) });
    await expect(stand.reader().current()).rejects.toMatchObject({
      reasons: [{ code: 'NOT_FOUND', next: expect.stringContaining('Onboard the model') }, {}, {}],
    });
    const empty = new ReaderStand();
    await expect(empty.reader().current()).rejects.toMatchObject({
      reasons: [{ code: 'EMPTY', next: expect.stringContaining('Onboard the model') }, {}, {}],
    });
    expect(empty.events).toEqual([expect.objectContaining({ kind: 'not-refreshed', code: 'EMPTY' })]);
  });

  it('nobody waits, and nobody is asked, before the pause is over; then there is one as soon as it is served', async () => {
    stand.plane.disturb = () => ({ error: awsError('ResourceNotFoundException', 404) });
    const reader = stand.reader({ retrySeconds: 5 });
    expect(await revisionOf(reader)).toBe('POINTER_UNAVAILABLE');
    stand.plane.disturb = null;
    stand.at += 4;
    expect(await revisionOf(reader)).toBe('POINTER_UNAVAILABLE');
    expect(stand.plane.starts).toBe(1);
    stand.at += 1;
    expect(await revisionOf(reader)).toBe(3);
  });

  it('a session without content is given up, for it would go on to say that nothing changed', async () => {
    const empty = new ReaderStand();
    const reader = empty.reader();
    expect(await revisionOf(reader)).toBe('POINTER_UNAVAILABLE');
    empty.plane.serve(good);
    empty.at += 5;
    expect(await revisionOf(reader)).toBe(3);
    expect(empty.plane.starts).toBe(2);
  });

  it('every code of a fault says what to do', () => {
    for (const { next } of Object.values(LOOK_FAULTS)) expect(next).toMatch(/^[A-Z].*\.$/);
  });
});
