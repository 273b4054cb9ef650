import { type KeyObject, verify } from 'node:crypto';

/**
 * True when `signature` (base64 DER) is by `key` over the UTF-8 bytes of `body`.
 * Base64 has several spellings of the same bytes; only the one that the writer uses counts as unaltered.
 */
export async function isSigned(key: KeyObject, body: string, signature: string): Promise<boolean> {
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.toString('base64') !== signature) return false;
  return new Promise((resolve) => {
    verify('sha256', Buffer.from(body, 'utf8'), key, bytes, (error, valid) => resolve(error === null && valid));
  });
}
