import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clearCookie, cookieNames, readCookie, setCookie } from '../../functions/sign-in/cookies.ts';
import { newPending, pendingCookie, readPending } from '../../functions/sign-in/pending.ts';
import { parseReturnPath, signInAddress } from '../../functions/sign-in/return-path.ts';
import {
  liveSession,
  newSession,
  newSessionId,
  personOf,
  type Session,
  sessionDigest,
} from '../../functions/sign-in/session.ts';
import { openedBy, recordedSignIn, standingOf } from '../../functions/sign-in/standing.ts';

const NOW = new Date('2026-03-02T09:00:00.000Z');
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);
const ID = '0123456789abcdef0123456789abcdef';
const SECRET = 'A-_'.repeat(14).concat('b');
const TO = `/approvals/${ID}?k=${SECRET}`;
const ISSUER = 'https://login.shop.example';
const PERSON = { issuer: ISSUER, subject: 'ana-1', email: 'ana@shop.example', name: 'Ana Ruiz' };
const SESSION = newSession(PERSON, NOW);

describe('A sign-in leads back to', () => {
  it.each([TO, `/notices/${ID}?k=${SECRET}`])('the page of one of our links: %s', (path) => {
    expect(parseReturnPath(path)).toBe(path);
  });

  it.each([
    null,
    '',
    '/',
    `https://evil.example${TO}`,
    `//evil.example${TO}`,
    `/\\evil.example${TO}`,
    `/approvals/../../evil?k=${SECRET}`,
    `/rollbacks/${ID}?k=${SECRET}`,
    `/approvals/${ID}`,
    `/approvals/${ID}?k=${SECRET}&next=//evil.example`,
    `/approvals/${ID}?k=${SECRET}#//evil.example`,
    `/approvals/${ID}?k=${SECRET}\n`,
    `\n${TO}`,
    `/approvals/${ID.toUpperCase()}?k=${SECRET}`,
    `javascript:alert(1)//${TO}`,
  ])('nowhere else: %j', (path) => {
    expect(parseReturnPath(path)).toBeNull();
  });

  it('the page of the link that it began at, from wherever the pages lie', () => {
    const link = { requestId: ID, secret: SECRET };
    const began = new URL(signInAddress('notices', link, true), `https://api.example/stage/notices/${ID}?k=${SECRET}`);
    expect(began.pathname).toBe('/stage/sign-in');
    expect(began.searchParams.get('to')).toBe(`/notices/${ID}?k=${SECRET}`);
    expect(began.searchParams.get('as')).toBe('other');
    expect(signInAddress('approvals', link)).not.toContain('as=');
  });
});

describe('Cookies', () => {
  it('belong to the host alone where that can be promised, and to no script anywhere', () => {
    expect(cookieNames('abc123.execute-api.eu-west-1.amazonaws.com').session).toMatch(/^__Host-/);
    for (const host of ['127.0.0.1:4566', 'localhost', '[::1]:80']) {
      expect(cookieNames(host).session).not.toMatch(/^__Host-/);
    }
    expect(cookieNames('127.0.0.1.evil.example').session).toMatch(/^__Host-/);
    expect(setCookie('a', 'b', 5)).toBe('a=b; Max-Age=5; Path=/; HttpOnly; Secure; SameSite=Lax');
    expect(clearCookie('a')).toContain('Max-Age=0');
  });

  it('are read by their whole name, and not at all when there are two of one name', () => {
    expect(readCookie(['ab=1', 'a=2=3'], 'a')).toBe('2=3');
    expect(readCookie(['a=1', 'a=2'], 'a')).toBeNull();
    expect(readCookie([], 'a')).toBeNull();
  });
});

describe('A sign-in that was begun', () => {
  it('comes back from its cookie for ten minutes', () => {
    const pending = newPending(randomBytes, TO, NOW);
    expect(readPending(pendingCookie(pending), later(599))).toEqual(pending);
    expect(readPending(pendingCookie(pending), later(600))).toBeNull();
    expect(new Set([pending.state, pending.nonce, pending.verifier]).size).toBe(3);
    expect(pendingCookie(pending)).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  it('is none when the cookie says anything else, another way back above all', () => {
    const pending = newPending(randomBytes, TO, NOW);
    for (const over of [{ to: 'https://evil.example' }, { state: 'x' }, { until: 'never' }, { more: 1 }]) {
      expect(readPending(Buffer.from(JSON.stringify({ ...pending, ...over })).toString('base64url'), NOW)).toBeNull();
    }
    fc.assert(fc.property(fc.string(), (cookie) => readPending(cookie, NOW) === null));
    expect(readPending(null, NOW)).toBeNull();
  });
});

describe('Who signed in', () => {
  const claims = { iss: ISSUER, sub: 'ana-1', email: 'ana@shop.example', email_verified: true, name: 'Ana Ruiz' };

  it('is told by claims of the issuer', () => {
    expect(personOf(claims)).toEqual(PERSON);
    expect(personOf({ ...claims, name: undefined })).toMatchObject({ name: 'ana@shop.example' });
    expect(personOf({ ...claims, name: { first: 'Ana' } })).toMatchObject({ name: 'ana@shop.example' });
    expect(personOf({ ...claims, name: `Ana\u202e\n${'x'.repeat(200)}\ud800` })).toMatchObject({
      name: expect.stringMatching(/^Ana\ufffd x+$/),
    });
  });

  it.each([undefined, false, null, 'true', 'false', 1])(
    'is nobody with an address that is not verified: %j',
    (email_verified) => {
      expect(typeof personOf({ ...claims, email_verified })).toBe('string');
    },
  );

  it.each([
    undefined,
    {},
    { ...claims, sub: '' },
    { ...claims, sub: 'x'.repeat(256) },
    { ...claims, sub: 'half\ud800' },
    { ...claims, email: 'ana' },
    { ...claims, email: 'ａna@shop.example' },
    { ...claims, email: ['ana@shop.example'] },
    { ...claims, iss: 'nobody' },
  ])('is nobody with claims that are none: %j', (wrong) => {
    expect(personOf(wrong)).toBe('INVALID_CLAIMS');
  });
});

describe('A session', () => {
  it('lasts an hour, and as long as the stack has its issuer', () => {
    expect(liveSession(SESSION, ISSUER, later(3599))).toBe(SESSION);
    expect(liveSession(SESSION, `${ISSUER}/`, later(3599))).toBe(SESSION);
    expect(liveSession(SESSION, ISSUER, later(3600))).toBeNull();
    expect(liveSession(SESSION, 'https://another.example', NOW)).toBeNull();
    expect(liveSession(null, ISSUER, NOW)).toBeNull();
  });

  it('is found by the digest of an id that nobody guesses, and by no other text', () => {
    const id = newSessionId(randomBytes);
    expect(id).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(sessionDigest(id)).toMatch(/^[0-9a-f]{64}$/);
    expect(sessionDigest(id)).not.toContain(id);
    for (const wrong of [null, '', `${id}x`, `${id.slice(1)}#`]) expect(sessionDigest(wrong)).toBeNull();
  });
});

describe('Whoever opens a page', () => {
  const id = newSessionId(() => new Uint8Array(32));
  const asked: string[] = [];
  const ports = (session: Session | null) => ({
    issuer: ISSUER,
    sessions: {
      session: async (digest: string) => {
        asked.push(digest);
        return digest === sessionDigest(id) ? session : null;
      },
    },
  });
  const open = (cookies: readonly string[], session: Session | null = SESSION) =>
    openedBy(ports(session), { link: { requestId: ID }, host: 'api.example', cookies }, NOW);

  it('need not say who it is where the stack has no issuer', async () => {
    expect(await openedBy(null, { link: { requestId: ID }, host: '', cookies: [] }, NOW)).toEqual({ requestId: ID });
    expect(standingOf(undefined, PERSON)).toEqual({ kind: 'free' });
  });

  it('is known by the cookie of this host', async () => {
    expect(await open([`__Host-release-session=${id}`])).toEqual({ requestId: ID, signIn: { session: SESSION } });
  });

  it.each([
    ['no cookie', []],
    ['one that another host could have set', [`release-session=${id}`]],
    ['two', [`__Host-release-session=${id}`, `__Host-release-session=${id}`]],
    ['a guess', [`__Host-release-session=${'x'.repeat(43)}`]],
  ])('is nobody with %s', async (_what, cookies) => {
    expect(await open(cookies)).toEqual({ requestId: ID, signIn: { session: null } });
  });

  it('is nobody once the session is over, and garbage is not even looked for', async () => {
    expect(await open([`__Host-release-session=${id}`], { ...SESSION, expiresAt: NOW.toISOString() })).toMatchObject({
      signIn: { session: null },
    });
    asked.length = 0;
    await open(['__Host-release-session=short']);
    expect(asked).toEqual([]);
  });

  it.each([
    ['ana@shop.example', 'same'],
    ['ANA@Shop.Example', 'same'],
    ['ana+approvals@shop.example.', 'same'],
    ['ben@shop.example', 'other'],
    ['ana@shop.example.evil.example', 'other'],
  ])('is told apart by the mailbox: a link to %s makes them the %s', (email, kind) => {
    const standing = standingOf({ session: SESSION }, { email });
    expect(standing.kind).toBe(kind);
    const { issuer, subject, email: signed } = SESSION;
    expect(recordedSignIn(standing)).toEqual(kind === 'same' ? { signedIn: { issuer, subject, email: signed } } : {});
  });

  it('is missing when nobody is signed in, and nothing is recorded of it', () => {
    expect(standingOf({ session: null }, PERSON)).toEqual({ kind: 'missing' });
    expect(recordedSignIn({ kind: 'missing' })).toEqual({});
    expect(recordedSignIn({ kind: 'free' })).toEqual({});
  });
});
