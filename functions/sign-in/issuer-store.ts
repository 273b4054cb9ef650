import * as client from 'openid-client';
import { within } from '../platform/deadline.ts';
import type { Pending } from './pending.ts';

/** What a person can cause is `refused`; what whoever runs the stack or the issuer has to mend is `unavailable`. */
export type IssuerAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: 'refused' | 'unavailable'; readonly code: string };

/** The OIDC issuer of the settings, as a public client: code flow with PKCE (S256), and no secret of ours. */
export interface Issuer {
  /** Where the person signs in. `asOther`: the issuer asks who it is, whoever is signed in there. */
  readonly authorizationUrl: (pending: Pending, asOther: boolean) => Promise<IssuerAnswer<URL>>;
  /**
   * The claims of the person whom an address that was called back speaks of. Signature, issuer, audience, nonce and times of
   * the id token are checked; the claims themselves are for the caller to judge.
   */
  readonly redeem: (calledBack: URL, pending: Pending) => Promise<IssuerAnswer<unknown>>;
}

/** People wait for it, and so does a function of which there are not many at once. */
const ISSUER_MS = 5_000;

/** Far above what issuers say of themselves and of a person; more is not read, since it would end the process. */
const ANSWER_MAX_BYTES = 1_000_000;

/** What a wrong, late or replayed answer makes the library or the issuer say. */
const REFUSALS: readonly string[] = [
  'OAUTH_AUTHORIZATION_RESPONSE_ERROR',
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_KEY_SELECTION_FAILED',
];

export function oidcIssuer(settings: {
  readonly issuer: string;
  readonly clientId: string;
  /** The address that the issuer leads back to, as it is registered there. */
  readonly redirectUri: string;
  /** @default 5,000 for all that one request of a person needs */
  readonly timeoutMs?: number;
}): Issuer {
  const { issuer, clientId, redirectUri, timeoutMs = ISSUER_MS } = settings;
  let known: client.Configuration | undefined;
  const configuration = async (): Promise<client.Configuration> => {
    known ??= await client
      .discovery(new URL(issuer), clientId, undefined, client.None(), {
        timeout: timeoutMs / 1000,
        [client.customFetch]: fetchSome,
        // Without it the signature of an id token is left to TLS alone, as the standard allows.
        execute: [
          client.enableNonRepudiationChecks,
          ...(issuer.startsWith('http:') ? [client.allowInsecureRequests] : []),
        ],
      })
      .catch((cause: unknown) => {
        throw new Unusable(failureOf(cause).code);
      });
    return known;
  };
  return {
    authorizationUrl: (pending, asOther) =>
      answered(timeoutMs, async () => {
        const config = await configuration();
        return client.buildAuthorizationUrl(config, {
          ...{ redirect_uri: redirectUri, scope: 'openid email profile', state: pending.state, nonce: pending.nonce },
          code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
          code_challenge_method: 'S256',
          ...(asOther ? { prompt: promptOf(config.serverMetadata()) } : {}),
        });
      }),
    redeem: (calledBack, { state, nonce, verifier }) =>
      answered(timeoutMs, async () => {
        const config = await configuration();
        const tokens = await client.authorizationCodeGrant(config, calledBack, {
          ...{ pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true },
        });
        const claims = tokens.claims();
        const isWhole = claims?.['email'] !== undefined && claims['email_verified'] !== undefined;
        if (claims === undefined || isWhole || config.serverMetadata().userinfo_endpoint === undefined) return claims;
        // Issuers may leave the address, or that they verified it, out of a token that comes with an access token (OIDC Core 5.4).
        const { email, email_verified, name } = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
        return { ...claims, email, email_verified, name };
      }),
  };
}

/** Choosing among accounts is kinder than signing in again, where the issuer says that it can. */
function promptOf({ prompt_values_supported: prompts }: client.ServerMetadata): string {
  return Array.isArray(prompts) && prompts.includes('select_account') ? 'select_account' : 'login';
}

async function answered<T>(timeoutMs: number, work: () => Promise<T>): Promise<IssuerAnswer<T>> {
  const outcome = await within(timeoutMs, work);
  if (outcome.done) return { ok: true, value: outcome.value };
  if (outcome.timedOut) return { ok: false, why: 'unavailable', code: 'ISSUER_TOO_SLOW' };
  return { ok: false, ...failureOf(outcome.cause) };
}

/** What the issuer says of itself cannot be had, or is not what the settings say: nothing that a person can cause. */
class Unusable extends Error {
  readonly code: string;

  constructor(code: string) {
    super('The issuer cannot be used.');
    this.code = code;
  }
}

class AnswerTooLarge extends TypeError {
  readonly code = 'ISSUER_ANSWER_TOO_LARGE';
}

/** @throws AnswerTooLarge; else as `fetch` does */
async function fetchSome(url: string, options: client.CustomFetchOptions): Promise<Response> {
  const answer = await fetch(url, options as RequestInit);
  const { status, statusText, headers } = answer;
  if (answer.body === null) return answer;
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop ends the connection.
  for await (const chunk of answer.body) {
    size += chunk.byteLength;
    if (size > ANSWER_MAX_BYTES) throw new AnswerTooLarge(`An answer of more than ${ANSWER_MAX_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status, statusText, headers });
}

/** By codes alone: messages and causes may hold what was called back, tokens included. */
function failureOf(cause: unknown): { readonly why: 'refused' | 'unavailable'; readonly code: string } {
  if (cause instanceof client.AuthorizationResponseError) return { why: 'refused', code: wordOf(cause.error) };
  if (cause instanceof client.ResponseBodyError) {
    // A client that the issuer does not know, or a wrong redirect address, is for whoever runs the stack.
    return { why: cause.error === 'invalid_grant' ? 'refused' : 'unavailable', code: wordOf(cause.error) };
  }
  if (cause instanceof Unusable) return { why: 'unavailable', code: cause.code };
  const code = cause instanceof Error && 'code' in cause ? wordOf(String(cause.code)) : 'ISSUER_UNREACHABLE';
  return { why: REFUSALS.includes(code) ? 'refused' : 'unavailable', code };
}

/** A code of the issuer, or of the library, as far as it is one: it is shown and logged. */
function wordOf(text: string): string {
  return /^\w{1,64}$/.test(text) ? text : 'UNKNOWN_ERROR';
}
