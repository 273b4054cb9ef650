import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetPublicKeyCommand, KMSClient, SignCommand, VerifyCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kmsSigner, readPublicKey } from '../../functions/platform/signing-store.ts';
import { createKms } from '../../infra/local/kms.ts';
import { aws, hasAwsCli } from './fixtures/aws-cli.ts';
import { type Served, serveOne } from './fixtures/serve-one.ts';

const SIGNING = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', Description: 'Signs.' };
const SigningAlgorithm = 'ECDSA_SHA_256';
const message = Buffer.from('what is signed');
const digest = createHash('sha256').update(message).digest();

describe('KMS on this machine', () => {
  let served: Served;
  let client: KMSClient;
  const kms = createKms();
  const key = kms.createKey('signing', SIGNING);
  const plain = kms.createKey('approvals', { EnableKeyRotation: true });

  beforeAll(async () => {
    served = await serveOne('kms', kms);
    client = new KMSClient(served.client);
  });
  afterAll(async () => {
    client.destroy();
    await served.stop();
  });

  it.each([
    ['RAW', message],
    ['DIGEST', digest],
  ] as const)(
    'signs a message given as %s so that anyone with the public key can check it',
    async (MessageType, Message) => {
      const sign = new SignCommand({ KeyId: key.arn, Message, MessageType, SigningAlgorithm });
      const { Signature, KeyId } = await client.send(sign);
      const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: key.keyId }));

      expect(KeyId).toBe(key.arn);
      const der = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' });
      expect(verify('sha256', message, der, Buffer.from(Signature ?? []))).toBe(true);
      const check = {
        KeyId: key.keyId,
        Message,
        MessageType,
        SigningAlgorithm,
        Signature: Signature ?? message,
      } as const;
      expect(await client.send(new VerifyCommand(check))).toMatchObject({ SignatureValid: true, KeyId: key.arn });
    },
  );

  it('works with the signer of the product', async () => {
    const signature = await kmsSigner(client, key.arn)(message);
    expect(verify('sha256', message, await readPublicKey(client, key.arn), Buffer.from(signature, 'base64'))).toBe(
      true,
    );
  });

  it('refuses a signature of something else', async () => {
    const input = { KeyId: key.arn, MessageType: 'DIGEST', SigningAlgorithm } as const;
    const { Signature } = await client.send(new SignCommand({ ...input, Message: digest }));
    const other = new VerifyCommand({ ...input, Message: randomBytes(32), Signature: Signature ?? digest });
    await expect(client.send(other)).rejects.toMatchObject({ name: 'KMSInvalidSignatureException' });
    for (const bytes of [Buffer.from('no signature'), Buffer.concat([Signature ?? digest, Buffer.alloc(1)])]) {
      const garbage = new VerifyCommand({ ...input, Message: digest, Signature: bytes });
      await expect(client.send(garbage)).rejects.toMatchObject({ name: 'KMSInvalidSignatureException' });
    }
  });

  it.each([
    ['a digest of another length', { MessageType: 'DIGEST', Message: message }, 'ValidationException'],
    ['a message that is too long', { MessageType: 'RAW', Message: randomBytes(4_097) }, 'ValidationException'],
    ['an unknown key', { KeyId: 'none' }, 'NotFoundException'],
    ['another algorithm', { SigningAlgorithm: 'ECDSA_SHA_384' }, 'InvalidKeyUsageException'],
    ['a key that encrypts', { KeyId: plain.arn }, 'UnsupportedOperationException'],
  ] as const)('refuses to sign with %s', async (_what, wrong, name) => {
    const sign = new SignCommand({ KeyId: key.arn, Message: message, SigningAlgorithm, ...wrong });
    await expect(client.send(sign)).rejects.toMatchObject({ name });
  });

  it('asks IAM for the action on the ARN of the key, however it was named', async () => {
    served.asked();
    await client.send(new GetPublicKeyCommand({ KeyId: key.keyId }));
    expect(served.asked()).toEqual([`kms:GetPublicKey ${key.arn}`]);
    served.deny('kms:Sign');
    const sign = new SignCommand({ KeyId: key.arn, Message: message, SigningAlgorithm });
    await expect(client.send(sign)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    served.deny();
  });

  it('has the same key under the same name again in its data directory', () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'kms-test-'));
    const arns = [createKms({ dataDir }), createKms({ dataDir })].map((one) => one.createKey('signing', SIGNING).arn);
    rmSync(dataDir, { recursive: true });
    expect(arns).toEqual([key.arn, key.arn]);
  });

  if (hasAwsCli) {
    it('answers the aws command', async () => {
      const answer = await aws(served.endpoint, 'kms', 'get-public-key', '--key-id', key.keyId);
      expect(answer).toMatchObject({ KeyId: key.arn, KeySpec: 'ECC_NIST_P256', SigningAlgorithms: [SigningAlgorithm] });
    });
  } else {
    it('is not tried with the aws command, which is not installed here', () => expect(hasAwsCli).toBe(false));
  }
});
