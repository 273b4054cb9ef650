import { GetPublicKeyCommand, type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { ReleaseError } from './errors.ts';
import { publicKeyPem, type Sign, sha256 } from './signing.ts';

/**
 * A signer on a KMS key of spec ECC_NIST_P256. KMS takes at most 4,096 bytes, so the digest is sent, and said to be one:
 * a digest passed as RAW would be hashed twice and verify nowhere.
 */
export function kmsSigner(client: KMSClient, keyId: string): Sign {
  return async (bytes) => {
    const { Signature } = await client.send(
      new SignCommand({
        KeyId: keyId,
        Message: sha256(bytes),
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
      }),
    );
    if (!Signature) throw new ReleaseError('DEPENDENCY_UNAVAILABLE', `KMS answered without a signature for ${keyId}.`);
    return Buffer.from(Signature).toString('base64');
  };
}

/** The public half of a KMS key as PEM (SPKI). */
export async function readPublicKey(client: KMSClient, keyId: string): Promise<string> {
  const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }));
  if (!PublicKey) throw new ReleaseError('DEPENDENCY_UNAVAILABLE', `KMS answered without a public key for ${keyId}.`);
  return publicKeyPem(PublicKey);
}
