import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { IssuerAnswer } from '../../functions/sign-in/issuer-store.ts';
import { readPending } from '../../functions/sign-in/pending.ts';
import type { Session } from '../../functions/sign-in/session.ts';
import { beginSignIn, completeSignIn, type SignInFlowPorts } from '../../functions/sign-in/sign-in.ts';
import { readSignIn } from '../../functions/sign-in/sign-in-http.ts';

const NOW = new Date('2026-03-02T09:00:00.000Z');
const TO = `/approvals/${'a'.repeat(32)}?k=${'b'.repeat(43)}`;
const ISSUER = 'https://login.shop.example';
const ANA = { iss: ISSUER, sub: 'ana-1', email: 'ana@shop.example', email_verified: true, name: 'Ana' };
const HOST = 'api.example';

const kept = new Map<string, Session>();
const told: string[] = [];
let redeemed: string[] = [];
let answer: IssuerAnswer<unknown> = { ok: true, value: ANA };
let begins: IssuerAnswer<URL> = { ok: true, value: new URL(`${ISSUER}/authorize`) };

const ports: SignInFlowPorts = {
  issuer: {
    authorizationUrl: async ({ state }, asOther) =>
      begins.ok ? { ok: true, value: new URL(`?state=${state}&asOther=${asOther}`, begins.value) } : begins,
    redeem: async (calledBack) => {
      redeemed.push(calledBack.href);
      return answer;
    },
  },
  sessions: { put: async (digest, session) => void kept.set(digest, session) },
  random: randomBytes,
  baseUrl: 'https://api.example/',
  onFailure: (why, code) => void told.push(`${why} ${code}`),
};

const request = (path: string, query: Readonly<Record<string, string>>, cookies: readonly string[] = []) =>
  readSignIn({
    routeKey: `GET ${path}`,
    rawQueryString: new URLSearchParams(query).toString(),
    cookies,
    requestContext: { domainName: HOST },
  });
const begin = (query: Readonly<Record<string, string>> = { to: TO }) =>
  beginSignIn(ports, request('/sign-in', query), NOW);
const complete = (query: Readonly<Record<string, string>>, cookies: readonly string[], at = NOW) =>
  completeSignIn(ports, request('/sign-in/callback', query, cookies), at);

/** As a browser keeps it; the state is what the issuer hands back. */
async function begun() {
  const [cookie = ''] = (await begin()).cookies ?? [];
  const [pair = ''] = cookie.split(';');
  const pending = readPending(pair.slice(pair.indexOf('=') + 1), NOW);
  if (pending === null) throw new Error('Nothing was begun.');
  return { cookies: [pair], state: pending.state };
}

beforeEach(() => {
  kept.clear();
  told.length = 0;
  redeemed = [];
  answer = { ok: true, value: ANA };
  begins = { ok: true, value: new URL(`${ISSUER}/authorize`) };
});

describe('The beginning of a sign-in', () => {
  it('leads to the issuer, with a cookie of ten minutes that holds what the answer has to fit', async () => {
    const { statusCode, headers, cookies, body } = await begin();
    expect([statusCode, body]).toEqual([302, '']);
    expect(headers['location']).toMatch(/^https:\/\/login\.shop\.example\/.*asOther=false/);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    expect(cookies).toEqual([
      expect.stringMatching(/^__Host-release-sign-in=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ]);
    // The secret of the link stays in the browser.
    expect(headers['location']).not.toContain('b'.repeat(43));
  });

  it('is another one each time, and leaves nothing behind, however often a scanner calls it', async () => {
    const all = await Promise.all(Array.from({ length: 100 }, () => begin()));
    expect(new Set(all.map(({ headers }) => headers['location'])).size).toBe(100);
    expect(kept.size).toBe(0);
  });

  it('can ask for somebody else', async () => {
    expect((await begin({ to: TO, as: 'other' })).headers['location']).toContain('asOther=true');
  });

  it.each([{}, { to: 'https://evil.example/' }, { to: `//evil.example${TO}` }])(
    'leads nowhere from %j',
    async (query) => {
      const { statusCode, headers, cookies } = await begin(query);
      expect([statusCode, headers['location'], cookies]).toEqual([400, undefined, undefined]);
    },
  );

  it('answers 503 while the issuer is away, and says that nothing was decided', async () => {
    begins = { ok: false, why: 'unavailable', code: 'ISSUER_TOO_SLOW' };
    const { statusCode, body } = await begin();
    expect(statusCode).toBe(503);
    expect(body).toContain('Nothing was decided.');
    expect(told).toEqual(['unavailable ISSUER_TOO_SLOW']);
  });

  it('takes an event that is none for a sign-in that leads nowhere', async () => {
    expect((await beginSignIn(ports, readSignIn('nonsense'), NOW)).statusCode).toBe(400);
  });
});

describe('The end of a sign-in', () => {
  it('begins a session of an hour under a digest, and leads back to the page', async () => {
    const { cookies, state } = await begun();
    const done = await complete({ code: 'one', state }, cookies);
    expect([done.statusCode, done.headers['location']]).toEqual([302, `https://api.example${TO}`]);
    expect(done.cookies).toEqual([
      expect.stringMatching(
        /^__Host-release-session=[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
      expect.stringMatching(/^__Host-release-sign-in=; Max-Age=0;/),
    ]);
    expect(redeemed).toEqual([`https://api.example/sign-in/callback?code=one&state=${state}`]);
    expect([...kept.values()]).toEqual([
      {
        ...{ issuer: ISSUER, subject: 'ana-1', email: 'ana@shop.example', name: 'Ana' },
        ...{ at: NOW.toISOString(), expiresAt: '2026-03-02T10:00:00.000Z' },
      },
    ]);
    expect(done.cookies?.[0]).not.toContain([...kept.keys()][0] ?? '-');
  });

  it('has a new session id each time, whatever the browser came with', async () => {
    const ids = new Set<string>();
    for (let time = 0; time < 3; time++) {
      const { cookies, state } = await begun();
      const planted = `__Host-release-session=${'p'.repeat(43)}`;
      const done = await complete({ code: 'one', state }, [...cookies, planted]);
      ids.add(done.cookies?.[0] ?? '');
    }
    expect(ids.size).toBe(3);
    expect([...ids].join()).not.toContain('p'.repeat(43));
    expect(kept.size).toBe(3);
  });

  it('is nothing to a browser that did not begin it, began another one, or began it too long ago', async () => {
    const { cookies, state } = await begun();
    const other = await begun();
    const late = new Date(NOW.getTime() + 600_000);
    for (const tried of [
      complete({ code: 'one', state }, []),
      complete({ code: 'one', state }, other.cookies),
      complete({ code: 'one', state: 'forged'.repeat(8) }, cookies),
      complete({ code: 'one' }, cookies),
      complete({ code: 'one', state }, cookies, late),
      complete({ code: 'one', state }, [...cookies, ...other.cookies]),
      complete({ code: 'one', state }, ['__Host-release-sign-in=garbage']),
    ]) {
      const { statusCode, body, cookies: set } = await tried;
      expect([statusCode, set]).toEqual([400, undefined]);
      expect(body).toContain('This sign-in was not begun here');
    }
    expect(redeemed).toEqual([]);
    expect(kept.size).toBe(0);
  });

  it('is a refusal that says its code, and is over, when the issuer or its token says no', async () => {
    const { cookies, state } = await begun();
    answer = { ok: false, why: 'refused', code: 'access_denied' };
    const { statusCode, body, cookies: set } = await complete({ error: 'access_denied', state }, cookies);
    expect([statusCode, set]).toEqual([403, [expect.stringMatching(/^__Host-release-sign-in=; Max-Age=0;/)]]);
    expect(body).toContain('(access_denied)');
    expect(kept.size).toBe(0);
    expect(told).toEqual(['refused access_denied']);
  });

  it('is a page of its own for an address that nobody has verified', async () => {
    const { cookies, state } = await begun();
    answer = { ok: true, value: { ...ANA, email_verified: false } };
    const { statusCode, body } = await complete({ code: 'one', state }, cookies);
    expect([statusCode, body.includes('Your address is not verified')]).toEqual([403, true]);
    answer = { ok: true, value: { iss: ISSUER, sub: 'ana-1' } };
    const again = await begun();
    expect((await complete({ code: 'one', state: again.state }, again.cookies)).statusCode).toBe(403);
    expect(kept.size).toBe(0);
    expect(told).toEqual(['refused NOT_VERIFIED', 'refused INVALID_CLAIMS']);
  });

  it('can be tried again at the same address while the issuer is away', async () => {
    const { cookies, state } = await begun();
    answer = { ok: false, why: 'unavailable', code: 'ISSUER_UNREACHABLE' };
    const away = await complete({ code: 'one', state }, cookies);
    expect([away.statusCode, away.cookies]).toEqual([503, undefined]);
    answer = { ok: true, value: ANA };
    expect((await complete({ code: 'one', state }, cookies)).statusCode).toBe(302);
  });
});
