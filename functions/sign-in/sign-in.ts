import { answerPage, answerRedirect, type HttpAnswer } from '../approval/approval-http.ts';
import type { RandomBytes } from '../approval/secret.ts';
import { clearCookie, cookieNames, readCookie, setCookie } from './cookies.ts';
import type { Issuer } from './issuer-store.ts';
import { newPending, PENDING_SECONDS, pendingCookie, readPending } from './pending.ts';
import { parseReturnPath } from './return-path.ts';
import { newSession, newSessionId, personOf, SESSION_SECONDS, sessionDigest } from './session.ts';
import type { SessionStore } from './session-store.ts';
import type { SignInRequest } from './sign-in-http.ts';
import { noReturnPage, notBegunPage, notVerifiedPage, refusedPage, unavailablePage } from './sign-in-pages.ts';

export interface SignInFlowPorts {
  readonly issuer: Issuer;
  readonly sessions: Pick<SessionStore, 'put'>;
  readonly random: RandomBytes;
  /** Of all pages; with or without a slash at the end. */
  readonly baseUrl: string;
  /** Told why somebody was not signed in. `unavailable`: nobody can be. */
  readonly onFailure: (why: 'refused' | 'unavailable', code: string) => void;
}

/** The address that the issuer leads back to, which has to be registered there. */
export function callbackAddress(baseUrl: string): string {
  return `${withoutSlash(baseUrl)}/sign-in/callback`;
}

/** Leads to the issuer. What the answer has to fit lies in a cookie of ten minutes; nothing is stored, however often it is called. */
export async function beginSignIn(ports: SignInFlowPorts, request: SignInRequest, now: Date): Promise<HttpAnswer> {
  const to = parseReturnPath(request.query.get('to'));
  if (to === null) return answerPage(400, noReturnPage());
  const pending = newPending(ports.random, to, now);
  const answer = await ports.issuer.authorizationUrl(pending, request.query.get('as') === 'other');
  if (!answer.ok) return failed(ports, 'unavailable', answer.code);
  const cookie = setCookie(cookieNames(request.host).pending, pendingCookie(pending), PENDING_SECONDS);
  return answerRedirect(answer.value.href, [cookie]);
}

/**
 * Takes what the issuer led back with: begins a session and leads to the page that the sign-in began at. Each answer of the
 * issuer is taken once: the cookie that it has to fit is gone with it, and the issuer redeems no code twice.
 * @throws as the table does; nobody is signed in then
 */
export async function completeSignIn(ports: SignInFlowPorts, request: SignInRequest, now: Date): Promise<HttpAnswer> {
  const names = cookieNames(request.host);
  const over = [clearCookie(names.pending)];
  const pending = readPending(readCookie(request.cookies, names.pending), now);
  if (pending === null) return answerPage(400, notBegunPage());
  // The sign-in that this browser began last may still come back: another one that comes before it does not end it.
  if (request.query.get('state') !== pending.state) return answerPage(400, notBegunPage());
  const calledBack = new URL(`${callbackAddress(ports.baseUrl)}?${request.query}`);
  const answer = await ports.issuer.redeem(calledBack, pending);
  if (!answer.ok) return failed(ports, answer.why, answer.code, over);
  const person = personOf(answer.value);
  if (person === 'NOT_VERIFIED') {
    ports.onFailure('refused', person);
    return { ...answerPage(403, notVerifiedPage()), cookies: over };
  }
  if (person === 'INVALID_CLAIMS') return failed(ports, 'refused', person, over);
  const sessionId = newSessionId(ports.random);
  await ports.sessions.put(sessionDigest(sessionId) ?? '', newSession(person, now));
  const cookie = setCookie(names.session, sessionId, SESSION_SECONDS);
  return answerRedirect(`${withoutSlash(ports.baseUrl)}${pending.to}`, [cookie, ...over]);
}

/** After a refusal it begins anew; while the issuer is away the same address can be called again. */
function failed(
  { onFailure }: SignInFlowPorts,
  why: 'refused' | 'unavailable',
  code: string,
  cookies: readonly string[] = [],
): HttpAnswer {
  onFailure(why, code);
  return why === 'refused' ? { ...answerPage(403, refusedPage(code)), cookies } : answerPage(503, unavailablePage());
}

function withoutSlash(baseUrl: string): string {
  return baseUrl.replace(/\/+$/, '');
}
