import * as z from 'zod';
import type { RandomBytes } from '../approval/secret.ts';
import { parseReturnPath } from './return-path.ts';

/** A person has so long to sign in at the issuer. */
export const PENDING_SECONDS = 600;

const pendingSchema = z.strictObject({
  /** Comes back in the address; ties the answer to this browser. */
  state: z.string().min(43),
  /** Comes back in the id token; ties the token to this sign-in. */
  nonce: z.string().min(43),
  /** PKCE: only who holds it can redeem the code. */
  verifier: z.string().min(43),
  /** One of our own pages. */
  to: z.string().refine((text) => parseReturnPath(text) !== null),
  /** UTC; later the answer is not taken. */
  until: z.iso.datetime(),
});
/**
 * A sign-in that was begun. It lies in a cookie of the browser that began it and nowhere else: the page to go back to holds the
 * secret of a link, and whoever opens the sign-in a thousand times leaves nothing behind.
 */
export type Pending = Readonly<z.infer<typeof pendingSchema>>;

export function newPending(random: RandomBytes, to: string, now: Date): Pending {
  const secret = () => Buffer.from(random(32)).toString('base64url');
  const until = new Date(now.getTime() + PENDING_SECONDS * 1000).toISOString();
  return { state: secret(), nonce: secret(), verifier: secret(), to, until };
}

export function pendingCookie(pending: Pending): string {
  return Buffer.from(JSON.stringify(pending)).toString('base64url');
}

/** What a cookie holds; null when it is none of ours, or too old. */
export function readPending(cookie: string | null, now: Date): Pending | null {
  const found = pendingSchema.safeParse(jsonOf(cookie ?? '')).data;
  return found !== undefined && now.toISOString() < found.until ? found : null;
}

function jsonOf(cookie: string): unknown {
  try {
    return JSON.parse(Buffer.from(cookie, 'base64url').toString('utf8'));
  } catch {
    // Whatever a browser sends that is no JSON: nothing was begun.
    return undefined;
  }
}
