import { generateKeyPairSync, sign } from 'node:crypto';
import type { Sign } from '../../functions/platform/signing.ts';

/** A P-256 key of this process: signs as KMS does. */
export interface TestKey {
  readonly sign: Sign;
  readonly signNow: (bytes: Uint8Array) => string;
  readonly publicKeyPem: string;
}

export function createTestKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signNow = (bytes: Uint8Array) => sign('sha256', bytes, privateKey).toString('base64');
  return {
    sign: async (bytes) => signNow(bytes),
    signNow,
    publicKeyPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  };
}
