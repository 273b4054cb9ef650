import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { p256 } from '@noble/curves/nist.js';
import * as z from 'zod';
import { jsonService, operation } from './gateway/json-service.ts';
import { ACCOUNT, AwsError, REGION, type Service } from './service.ts';

export interface Kms extends Service {
  /** Creates a key from the resolved properties of an AWS::KMS::Key; under the same name it is the same key. */
  createKey(name: string, resolved: unknown): { readonly keyId: string; readonly arn: string };
}

interface Key {
  readonly arn: string;
  /** PKCS #8 PEM; only of keys that sign, the others are names without content. */
  readonly privateKey: string | undefined;
}
type SigningKey = Key & { readonly privateKey: string };

const SIGNING_SPEC = 'ECC_NIST_P256';
const ALGORITHM = 'ECDSA_SHA_256';
const SPEC = { KeySpec: SIGNING_SPEC, KeyUsage: 'SIGN_VERIFY', SigningAlgorithms: [ALGORITHM] };
const MAX_MESSAGE_BYTES = 4_096;
/** AWS signs with any s, and so do its verifiers. Node cannot sign a digest that was already computed. */
const FORM = { prehash: false, lowS: false, format: 'der' } as const;

const keyProperties = z.looseObject({ KeySpec: z.enum(['SYMMETRIC_DEFAULT', SIGNING_SPEC]).optional() });
const base64 = z.base64().transform((text) => Buffer.from(text, 'base64'));
const keyRequest = z.looseObject({ KeyId: z.string() });
const signRequest = keyRequest.extend({
  Message: base64,
  MessageType: z.enum(['RAW', 'DIGEST']).default('RAW'),
  SigningAlgorithm: z.string(),
});
const verifyRequest = signRequest.extend({ Signature: base64 });

/** The KMS API for signing keys. Keys without a data directory last as long as the process. */
export function createKms({ dataDir }: { readonly dataDir?: string } = {}): Kms {
  const keys = new Map<string, Key>();
  const find = (keyId: string): SigningKey => {
    const { arn, privateKey } = keys.get(keyId.slice(keyId.lastIndexOf('/') + 1)) ?? {};
    if (arn === undefined) throw new AwsError('NotFoundException', `Key '${keyId}' does not exist`);
    if (privateKey !== undefined) return { arn, privateKey };
    throw new AwsError('UnsupportedOperationException', `The local platform does nothing with the key ${arn}.`);
  };
  return {
    handle: jsonService({
      GetPublicKey: operation(keyRequest, ({ KeyId }, authorize) => {
        const { arn, privateKey } = find(KeyId);
        authorize('kms:GetPublicKey', [arn]);
        const PublicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64');
        return { KeyId: arn, PublicKey, ...SPEC };
      }),
      Sign: operation(signRequest, (input, authorize) => {
        const { arn, privateKey } = find(input.KeyId);
        authorize('kms:Sign', [arn]);
        const signature = p256.sign(digestOf(input), scalarOf(privateKey), FORM);
        return { KeyId: arn, Signature: Buffer.from(signature).toString('base64'), SigningAlgorithm: ALGORITHM };
      }),
      Verify: operation(verifyRequest, (input, authorize) => {
        const { arn, privateKey } = find(input.KeyId);
        authorize('kms:Verify', [arn]);
        if (isSignature(input.Signature, digestOf(input), privateKey)) {
          return { KeyId: arn, SignatureValid: true, SigningAlgorithm: ALGORITHM };
        }
        throw new AwsError('KMSInvalidSignatureException', 'The signature does not belong to this message and key.');
      }),
    }),
    createKey: (name, resolved) => {
      const keyId = keyIdOf(name);
      const arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${keyId}`;
      const signs = keyProperties.parse(resolved).KeySpec === SIGNING_SPEC;
      keys.set(keyId, { arn, privateKey: signs ? keptPrivateKey(keyId, dataDir) : undefined });
      return { keyId, arn };
    },
  };
}

function digestOf({ Message, MessageType, SigningAlgorithm }: z.infer<typeof signRequest>): Buffer {
  if (SigningAlgorithm !== ALGORITHM) {
    throw new AwsError('InvalidKeyUsageException', `${SigningAlgorithm} is incompatible with ${SIGNING_SPEC}.`);
  }
  if (MessageType === 'RAW' && Message.length <= MAX_MESSAGE_BYTES) {
    return createHash('sha256').update(Message).digest();
  }
  if (MessageType === 'DIGEST' && Message.length === 32) return Message;
  const allowed = MessageType === 'RAW' ? `at most ${MAX_MESSAGE_BYTES}` : '32';
  throw new AwsError('ValidationException', `A ${MessageType} message has ${Message.length} bytes, not ${allowed}.`);
}

function isSignature(signature: Buffer, digest: Buffer, privateKey: string): boolean {
  try {
    return p256.verify(signature, digest, p256.getPublicKey(scalarOf(privateKey)), FORM);
  } catch {
    // Bytes that are no signature at all.
    return false;
  }
}

function scalarOf(privateKey: string): Buffer {
  return Buffer.from(createPrivateKey(privateKey).export({ format: 'jwk' }).d ?? '', 'base64url');
}

/** A UUID that is the same for the same name, so that ARNs outlive a restart. */
function keyIdOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

function keptPrivateKey(keyId: string, dataDir: string | undefined): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const fresh = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  if (dataDir === undefined) return fresh;
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, `${keyId}.pem`);
  try {
    writeFileSync(file, fresh, { mode: 0o600, flag: 'wx' });
  } catch {
    // It is there from before.
  }
  return readFileSync(file, 'utf8');
}
