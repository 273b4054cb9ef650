import { parseEvent } from './boundary.ts';
import { kms } from './clients.ts';
import { answerPublicKeyRequest, type CustomResourceAnswer, publicKeyRequest } from './custom-resource.ts';
import { ReleaseError } from './errors.ts';
import { readPublicKey } from './signing-store.ts';

/** Custom resource: answers CloudFormation with the public half of a KMS key, as the attribute `PublicKey`. */
export async function handler(event: unknown): Promise<void> {
  await answerPublicKeyRequest(parseEvent(publicKeyRequest, event), {
    readPublicKey: (keyId) => readPublicKey(kms(), keyId),
    send,
  });
}

async function send(url: string, answer: CustomResourceAnswer): Promise<void> {
  // Bytes and not text: the address is signed without a content type, and fetch would add one to text.
  const response = await fetch(url, { method: 'PUT', body: Buffer.from(JSON.stringify(answer)) });
  if (response.ok) return;
  throw new ReleaseError('DEPENDENCY_UNAVAILABLE', `CloudFormation refused the answer with status ${response.status}.`);
}
