import { mailboxOf } from '../platform/people.ts';
import { cookieNames, readCookie } from './cookies.ts';
import { liveSession, type Session, type SignedIn, sessionDigest } from './session.ts';
import type { SessionStore } from './session-store.ts';

/*
 * Where the stack has an issuer, two things need a session of the person whom a link was sent to: the decision of an approver,
 * and the exception of a second approver. Acknowledgements do not: they let nothing in, and a team's mailbox is read by many.
 * Nor do rollbacks by the link of an alert: going back is never made harder.
 */

/** Who opened a page, where the stack has an issuer. */
export interface SignIn {
  readonly session: Session | null;
}

/** Null where the stack has none: then the link stands alone. */
export type SignInPorts = {
  readonly sessions: Pick<SessionStore, 'session'>;
  readonly issuer: string;
} | null;

/** What of a request tells who opened a page. */
export interface Opening {
  readonly host: string;
  readonly cookies: readonly string[];
}

/**
 * A link together with who opened it. The issuer is not asked: a session goes on while it is down.
 * @throws ReleaseError CORRUPT_ITEM, or as the table does
 */
export async function openedBy<T extends object>(
  ports: SignInPorts,
  { link, host, cookies }: Opening & { readonly link: T },
  now: Date,
): Promise<T & { readonly signIn?: SignIn }> {
  if (ports === null) return link;
  const digest = sessionDigest(readCookie(cookies, cookieNames(host).session));
  const found = digest === null ? null : await ports.sessions.session(digest);
  return { ...link, signIn: { session: liveSession(found, ports.issuer, now) } };
}

/** `free`: the link stands alone. `missing`: nobody is signed in. `other`: somebody else is. `same`: the person addressed. */
export type Standing =
  | { readonly kind: 'free' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'other' | 'same'; readonly session: Session };

/** How whoever opened a page stands to the person whom it was sent to, by the mailboxes by which people are told apart. */
export function standingOf(signIn: SignIn | undefined, addressed: { readonly email: string }): Standing {
  if (signIn === undefined) return { kind: 'free' };
  const { session } = signIn;
  if (session === null) return { kind: 'missing' };
  return { kind: mailboxOf(session.email) === mailboxOf(addressed.email) ? 'same' : 'other', session };
}

/** What is recorded with a decision; nothing where the link stands alone. */
export function recordedSignIn(standing: Standing): { readonly signedIn?: SignedIn } {
  if (standing.kind !== 'same') return {};
  const { issuer, subject, email } = standing.session;
  return { signedIn: { issuer, subject, email } };
}
