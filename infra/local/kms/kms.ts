import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { ACCOUNT, AwsError, REGION, type Service, type ServiceRequest } from '../service.ts';
import { generatePrivateKey, publicKeyDer, signDigest, verifyDigest } from './p256.ts';

export interface Kms extends Service {
  /** Creates a key from the resolved properties of an AWS::KMS::Key; under the same name it is the same key. */
  createKey(name: string, resolved: unknown): { readonly keyId: string; readonly arn: string };
  /** @param alias `alias/<name>` */
  createAlias(alias: string, keyIdOrArn: string): void;
}

interface Key {
  readonly keyId: string;
  readonly arn: string;
  readonly spec: string;
  readonly usage: string;
  readonly description: string;
  readonly createdAt: Date;
  /** PKCS #8 PEM; only of keys that sign, the others are names without content. */
  readonly privateKey: string | undefined;
}

const SIGNING_SPEC = 'ECC_NIST_P256';
const ALGORITHM = 'ECDSA_SHA_256';
const MAX_MESSAGE_BYTES = 4_096;

const keyProperties = z.looseObject({
  KeySpec: z.enum(['SYMMETRIC_DEFAULT', SIGNING_SPEC]).default('SYMMETRIC_DEFAULT'),
  KeyUsage: z.enum(['ENCRYPT_DECRYPT', 'SIGN_VERIFY']).default('ENCRYPT_DECRYPT'),
  Description: z.string().default(''),
});
const base64 = z.base64().transform((text) => Buffer.from(text, 'base64'));
const keyRequest = z.looseObject({ KeyId: z.string() });
const signRequest = keyRequest.extend({
  Message: base64,
  MessageType: z.enum(['RAW', 'DIGEST']).default('RAW'),
  SigningAlgorithm: z.string(),
});
const verifyRequest = signRequest.extend({ Signature: base64 });

/** The KMS API for signing keys. Keys without a data directory last as long as the process. */
export function createKms(options: { readonly dataDir?: string } = {}): Kms {
  const keys = new Map<string, Key>();
  const aliases = new Map<string, string>();
  const find = (keyId: string): Key => {
    const [, name = keyId] = /^arn:aws:kms:[^:]*:\d*:(?:key\/)?(.+)$/.exec(keyId) ?? [];
    const key = keys.get(aliases.get(name) ?? name);
    if (key !== undefined) return key;
    throw new AwsError('NotFoundException', `Key '${keyId}' does not exist`);
  };
  return {
    handle: async (request) => {
      const operation = request.headers['x-amz-target']?.replace('TrentService.', '') ?? '';
      const answer = run(operation, request, find);
      return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(answer) };
    },
    createKey: (name, resolved) => {
      const { KeySpec: spec, KeyUsage: usage, Description: description } = keyProperties.parse(resolved);
      const keyId = keyIdOf(name);
      const arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${keyId}`;
      const privateKey = spec === SIGNING_SPEC ? keptPrivateKey(keyId, options.dataDir) : undefined;
      keys.set(keyId, { keyId, arn, spec, usage, description, createdAt: new Date(), privateKey });
      return { keyId, arn };
    },
    createAlias: (alias, keyIdOrArn) => {
      aliases.set(alias, find(keyIdOrArn).keyId);
    },
  };
}

function run(operation: string, request: ServiceRequest, find: (keyId: string) => Key): object {
  const body: unknown = JSON.parse(request.body.toString('utf8'));
  const key = find(parse(keyRequest, body).KeyId);
  request.authorize(`kms:${operation}`, [key.arn]);
  if (operation === 'DescribeKey') return { KeyMetadata: metadataOf(key) };
  const { privateKey } = key;
  if (operation === 'GetPublicKey' && privateKey !== undefined) {
    return { ...specOf(key), KeyId: key.arn, PublicKey: publicKeyDer(privateKey).toString('base64') };
  }
  if (operation === 'Sign' && privateKey !== undefined) {
    const Signature = signDigest(privateKey, digestOf(parse(signRequest, body))).toString('base64');
    return { KeyId: key.arn, Signature, SigningAlgorithm: ALGORITHM };
  }
  if (operation === 'Verify' && privateKey !== undefined) {
    const input = parse(verifyRequest, body);
    if (verifyDigest(privateKey, digestOf(input), input.Signature)) {
      return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: ALGORITHM };
    }
    throw new AwsError('KMSInvalidSignatureException', 'The signature does not belong to this message and key.');
  }
  const message = `The local platform has no ${operation} for a key of spec ${key.spec}.`;
  throw new AwsError('UnsupportedOperationException', message);
}

function digestOf(input: z.infer<typeof signRequest>): Buffer {
  const { Message: message, MessageType: type, SigningAlgorithm: algorithm } = input;
  if (algorithm !== ALGORITHM) {
    const explanation = `Algorithm ${algorithm} is incompatible with key spec ${SIGNING_SPEC}.`;
    throw new AwsError('InvalidKeyUsageException', explanation);
  }
  if (type === 'RAW' && message.length <= MAX_MESSAGE_BYTES) return createHash('sha256').update(message).digest();
  if (type === 'DIGEST' && message.length === 32) return message;
  const allowed = type === 'RAW' ? `at most ${MAX_MESSAGE_BYTES}` : '32';
  throw new AwsError('ValidationException', `A ${type} message has ${message.length} bytes, allowed are ${allowed}.`);
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new AwsError('ValidationException', z.prettifyError(parsed.error));
}

function specOf(key: Key) {
  const signing = key.spec === SIGNING_SPEC ? { SigningAlgorithms: [ALGORITHM] } : {};
  return { KeySpec: key.spec, CustomerMasterKeySpec: key.spec, KeyUsage: key.usage, ...signing };
}

function metadataOf(key: Key) {
  return {
    ...specOf(key),
    AWSAccountId: ACCOUNT,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: key.createdAt.getTime() / 1_000,
    Description: key.description,
    Enabled: true,
    KeyManager: 'CUSTOMER',
    KeyState: 'Enabled',
    Origin: 'AWS_KMS',
    MultiRegion: false,
  };
}

/** A UUID that is the same for the same name, so that ARNs outlive a restart. */
function keyIdOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

function keptPrivateKey(keyId: string, dataDir: string | undefined): string {
  if (dataDir === undefined) return generatePrivateKey();
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, `${keyId}.pem`);
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const fresh = generatePrivateKey();
    writeFileSync(file, fresh, { mode: 0o600 });
    return fresh;
  }
}
