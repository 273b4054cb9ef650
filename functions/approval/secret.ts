import { timingSafeEqual } from 'node:crypto';
import { sha256Hex } from '../platform/json.ts';

/** Fresh random bytes; handed in, so that tests can foretell them. */
export type RandomBytes = (count: number) => Uint8Array;

/** The secret of one approver's link: 256 bits, and the digest that is kept of it. */
export function newSecret(random: RandomBytes): { readonly secret: string; readonly sha256: string } {
  const secret = Buffer.from(random(32)).toString('base64url');
  return { secret, sha256: sha256Hex(secret) };
}

/** The id of a request: public, in the link's path; it proves nothing. */
export function newRequestId(random: RandomBytes): string {
  return Buffer.from(random(16)).toString('hex');
}

/** True when `given` is the secret of one of the digests; takes the same time whichever of them it is, or none. */
export function isSecret(given: string, digests: readonly string[]): boolean {
  const digest = Buffer.from(sha256Hex(given), 'hex');
  return digests.map((known) => timingSafeEqual(digest, Buffer.from(known, 'hex'))).includes(true);
}
