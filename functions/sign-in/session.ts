import * as z from 'zod';
import type { RandomBytes } from '../approval/secret.ts';
import { visibleLine } from '../platform/html.ts';
import { sha256Hex } from '../platform/json.ts';

/** A decision is recorded with these: whom the issuer vouched for. */
export const signedInSchema = z.object({
  issuer: z.url(),
  /** The issuer's own name of the person, which stays when an address changes. */
  subject: z.string().regex(/^[\x20-\x7e]{1,255}$/),
  email: z.email().max(254),
});
export type SignedIn = Readonly<z.infer<typeof signedInSchema>>;

/** Somebody who is signed in. It is kept under the digest of an id that their browser alone has. */
export const sessionSchema = signedInSchema.extend({
  name: z.string(),
  at: z.string(),
  /** UTC; from then on it is none. */
  expiresAt: z.string(),
});
export type Session = Readonly<z.infer<typeof sessionSchema>>;

/** Long enough to read the evidence, short enough for a desk that somebody leaves. */
export const SESSION_SECONDS = 3600;

const claimsSchema = z.object({
  iss: signedInSchema.shape.issuer,
  sub: signedInSchema.shape.subject,
  email: signedInSchema.shape.email,
  email_verified: z.boolean().optional(),
  name: z.string().optional().catch(undefined),
});

/**
 * Whom the claims of an id token that was checked speak of. Not without an address that the issuer has verified: whoever may
 * write any address into their profile would be any approver.
 */
export function personOf(claims: unknown): (SignedIn & { readonly name: string }) | 'INVALID_CLAIMS' | 'NOT_VERIFIED' {
  const parsed = claimsSchema.safeParse(claims);
  if (!parsed.success) return 'INVALID_CLAIMS';
  const { iss: issuer, sub: subject, email, email_verified: verified, name = '' } = parsed.data;
  if (verified !== true) return 'NOT_VERIFIED';
  return { issuer, subject, email, name: visibleLine(name.toWellFormed()).slice(0, 120).toWellFormed() || email };
}

export function newSession(person: SignedIn & { readonly name: string }, now: Date): Session {
  const expiresAt = new Date(now.getTime() + SESSION_SECONDS * 1000).toISOString();
  return { ...person, at: now.toISOString(), expiresAt };
}

/** 256 bits, new at each sign-in, so that one that somebody planted or saw before is worth nothing. */
export function newSessionId(random: RandomBytes): string {
  return Buffer.from(random(32)).toString('base64url');
}

/** Under which a session is kept; null for what cannot be the id of one. */
export function sessionDigest(sessionId: string | null): string | null {
  return sessionId !== null && /^[A-Za-z0-9_-]{43}$/.test(sessionId) ? sha256Hex(sessionId) : null;
}

/** The session while it is one, of the issuer that the stack has now; expired items may lie about for days. */
export function liveSession(session: Session | null, issuer: string, now: Date): Session | null {
  if (session === null || now.toISOString() >= session.expiresAt) return null;
  return isSameIssuer(session.issuer, issuer) ? session : null;
}

/** Whether an issuer vouched for one person both times, under whatever addresses; false where it vouched for nobody. */
export function isSameSubject(one: SignedIn | undefined, other: SignedIn | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one.subject === other.subject && isSameIssuer(one.issuer, other.issuer);
}

/** Issuers write themselves with and without a slash at the end. */
function isSameIssuer(one: string, other: string): boolean {
  return new URL(one).href === new URL(other).href;
}
