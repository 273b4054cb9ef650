import { createHash, createPublicKey, verify } from 'node:crypto';

/** Signs bytes with a key that never leaves its keeper: ECDSA P-256 over SHA-256, DER, base64. */
export type Sign = (bytes: Uint8Array) => Promise<string>;

/** SHA-256 digest of the bytes; what KMS signs with MessageType DIGEST. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

/** True when `signature` (base64 DER) is by the key whose public half is `publicKeyPem` (SPKI) over `bytes`. */
export function verifySignature(publicKeyPem: string, bytes: Uint8Array, signature: string): boolean {
  try {
    return verify('sha256', bytes, createPublicKey(publicKeyPem), Buffer.from(signature, 'base64'));
  } catch {
    // A malformed signature or key proves nothing; the caller treats it as a signature that does not verify.
    return false;
  }
}

/** PEM (SPKI) of the DER bytes that KMS GetPublicKey answers. */
export function publicKeyPem(spki: Uint8Array): string {
  return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    .export({ format: 'pem', type: 'spki' })
    .toString();
}
