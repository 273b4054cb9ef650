import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Issuer, oidcIssuer } from '../../functions/sign-in/issuer-store.ts';
import { newPending } from '../../functions/sign-in/pending.ts';
import { SmallIssuer } from './small-issuer.ts';

const redirectUri = 'https://approve.example/sign-in/callback';
const pending = newPending(randomBytes, `/approvals/${'a'.repeat(32)}?k=${'b'.repeat(43)}`, new Date());
const ANA = { sub: 'ana-1', nonce: pending.nonce, email: 'ana@shop.example', email_verified: true, name: 'Ana' };
const calledBack = (query: Readonly<Record<string, string>> = { code: 'one' }) =>
  new URL(`${redirectUri}?${new URLSearchParams({ state: pending.state, ...query })}`);

let small: SmallIssuer;
let issuer: Issuer;
const asked = (over: { readonly issuer?: string; readonly timeoutMs?: number } = {}) =>
  oidcIssuer({ issuer: small.address, clientId: 'release', redirectUri, ...over });

beforeEach(async () => {
  small = await SmallIssuer.start();
  small.claims = ANA;
  issuer = asked();
});
afterEach(() => small.stop());

describe('The way to the issuer', () => {
  it('asks for a code by PKCE, with the state and the nonce of this sign-in, and for no more than who it is', async () => {
    const answer = await issuer.authorizationUrl(pending, false);
    if (!answer.ok) throw new Error(answer.code);
    expect(answer.value.href.startsWith(`${small.address}/authorize?`)).toBe(true);
    const query = Object.fromEntries(answer.value.searchParams);
    expect(query).toEqual({
      ...{ client_id: 'release', response_type: 'code', redirect_uri: redirectUri, scope: 'openid email profile' },
      ...{ state: pending.state, nonce: pending.nonce, code_challenge_method: 'S256' },
      code_challenge: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    });
    expect(answer.value.href).not.toContain(pending.verifier);
    expect(answer.value.href).not.toContain('b'.repeat(43));
  });

  it.each([
    [{}, 'login'],
    [{ prompt_values_supported: ['none', 'login', 'select_account'] }, 'select_account'],
  ])(
    'asks who it is, whoever is signed in there, as an issuer that says %j understands it: %s',
    async (metadata, prompt) => {
      small.metadata = metadata;
      const answer = await issuer.authorizationUrl(pending, true);
      expect(answer.ok && answer.value.searchParams.get('prompt')).toBe(prompt);
    },
  );

  it('is asked for once per process, and again after it could not be found', async () => {
    small.hanging = ['/.well-known/openid-configuration'];
    const quick = asked({ timeoutMs: 100 });
    expect(await quick.authorizationUrl(pending, false)).toMatchObject({ ok: false, why: 'unavailable' });
    small.hanging = [];
    const patient = asked();
    expect(await patient.authorizationUrl(pending, false)).toMatchObject({ ok: true });
    expect(await patient.authorizationUrl(pending, false)).toMatchObject({ ok: true });
    expect(small.asked).toHaveLength(2);
    expect(await quick.authorizationUrl(pending, false)).toMatchObject({ ok: true });
  });

  it('is not there while the issuer is gone, slow, broken, or another one than the settings name', async () => {
    const wrong = { ok: false, why: 'unavailable' };
    small.metadata = { issuer: 'https://another.example' };
    expect(await issuer.authorizationUrl(pending, false)).toEqual({
      ...wrong,
      code: 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
    });
    small.metadata = { authorization_endpoint: undefined };
    expect(await issuer.authorizationUrl(pending, false)).toMatchObject(wrong);
    small.hanging = ['/.well-known/openid-configuration'];
    expect(await asked({ timeoutMs: 50 }).authorizationUrl(pending, false)).toMatchObject(wrong);
    small.stop();
    expect(await asked().authorizationUrl(pending, false)).toEqual({ ...wrong, code: 'ISSUER_UNREACHABLE' });
  });
});

describe('An issuer that says more than is read', () => {
  const long = 'x'.repeat(2_000_000);

  it('is not there, whatever it says so much of, and keeps nobody out afterwards', async () => {
    const much = { ok: false, why: 'unavailable', code: 'ISSUER_ANSWER_TOO_LARGE' };
    small.metadata = { long };
    expect(await issuer.authorizationUrl(pending, false)).toEqual(much);
    small.metadata = {};
    small.claims = { ...ANA, long };
    expect(await issuer.redeem(calledBack(), pending)).toEqual(much);
    const { email_verified: _, ...bare } = ANA;
    small.claims = bare;
    small.userinfo = { sub: 'ana-1', long };
    expect(await asked().redeem(calledBack(), pending)).toEqual(much);
    small.claims = ANA;
    expect(await issuer.redeem(calledBack(), pending)).toMatchObject({ ok: true });
  });
});

describe('What the issuer led back with', () => {
  it('is redeemed with the verifier and without a secret, and tells who signed in', async () => {
    const answer = await issuer.redeem(calledBack(), pending);
    expect(answer).toMatchObject({ ok: true, value: { ...ANA, iss: small.address } });
    expect(Object.fromEntries(small.posted[0] ?? [])).toEqual({
      ...{ grant_type: 'authorization_code', code: 'one', code_verifier: pending.verifier },
      ...{ client_id: 'release', redirect_uri: redirectUri },
    });
  });

  it('is completed by the address that an issuer leaves out of its tokens, of the same person alone', async () => {
    const { email: _, email_verified: __, ...bare } = ANA;
    small.claims = bare;
    small.userinfo = { sub: 'ana-1', email: 'ana@shop.example', email_verified: true, iss: 'https://evil.example' };
    const answer = await issuer.redeem(calledBack(), pending);
    expect(answer).toMatchObject({
      ok: true,
      value: { email: 'ana@shop.example', email_verified: true, iss: small.address },
    });
    small.claims = { ...bare, email: 'ana@shop.example' };
    const verified = await issuer.redeem(calledBack(), pending);
    expect(verified).toMatchObject({ ok: true, value: { email: 'ana@shop.example', email_verified: true } });
    small.userinfo = { ...small.userinfo, sub: 'ben-1' };
    expect(await issuer.redeem(calledBack(), pending)).toMatchObject({ ok: false, why: 'refused' });
  });

  it.each([
    ['for another audience', { aud: 'another-client' }],
    ['for several audiences and another party', { aud: ['release', 'other'], azp: 'other' }],
    ['of another issuer', { iss: 'https://another.example' }],
    ['of another sign-in: its nonce is not ours', { nonce: 'n'.repeat(43) }],
    ['without a nonce', { nonce: undefined }],
    ['that is over', { exp: 1_000_000_000, iat: 999_999_000 }],
    ['without an end', { exp: undefined }],
    ['without a subject', { sub: undefined }],
  ])('is refused with a token %s', async (_what, over) => {
    small.claims = { ...ANA, ...over };
    expect(await issuer.redeem(calledBack(), pending)).toMatchObject({ ok: false, why: 'refused' });
  });

  it('is refused with a token that another key signed', async () => {
    small.signedByAnother = true;
    expect(await issuer.redeem(calledBack(), pending)).toMatchObject({ ok: false, why: 'refused' });
  });

  it.each([
    ['an error of the issuer', { error: 'access_denied' }, 'access_denied'],
    ['an error that is none', { error: '<script>' }, 'UNKNOWN_ERROR'],
    ['no code', {}, 'OAUTH_INVALID_RESPONSE'],
    ['a state that is not ours', { code: 'one', state: 's'.repeat(43) }, 'OAUTH_INVALID_RESPONSE'],
    ['the name of another issuer', { code: 'one', iss: 'https://another.example' }, 'OAUTH_INVALID_RESPONSE'],
  ])('is refused with %s, and nothing is redeemed', async (_what, query, code) => {
    expect(await issuer.redeem(calledBack(query), pending)).toEqual({ ok: false, why: 'refused', code });
    expect(small.posted).toEqual([]);
  });

  it.each([
    ['a code that was redeemed before', { status: 400, error: 'invalid_grant' }, 'refused'],
    ['a client that the issuer does not know', { status: 401, error: 'invalid_client' }, 'unavailable'],
    ['a failing issuer', { status: 500, error: 'server_error' }, 'unavailable'],
  ])('is not taken for %s: %j is %s', async (_what, refusal, why) => {
    small.refusal = refusal;
    expect(await issuer.redeem(calledBack(), pending)).toMatchObject({ ok: false, why });
  });

  it('is not refused when the issuer is another one than the settings name', async () => {
    small.metadata = { issuer: 'https://another.example' };
    expect(await issuer.redeem(calledBack(), pending)).toMatchObject({ ok: false, why: 'unavailable' });
    expect(small.posted).toEqual([]);
  });

  it.each(['/token', '/jwks'])('waits no longer than its bound for %s', async (path) => {
    small.hanging = [path];
    const quick = asked({ timeoutMs: 200 });
    expect(await quick.redeem(calledBack(), pending)).toMatchObject({ ok: false, why: 'unavailable' });
  });
});
