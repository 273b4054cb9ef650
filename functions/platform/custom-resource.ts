import * as z from 'zod';

/** What CloudFormation asks of a custom resource that names one KMS key. */
export const publicKeyRequest = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  PhysicalResourceId: z.string().optional(),
  ResourceProperties: z.object({ KeyId: z.string().min(1) }),
});
export type PublicKeyRequest = z.infer<typeof publicKeyRequest>;

export interface CustomResourcePorts {
  /** The public half of a key as PEM (SPKI). */
  readonly readPublicKey: (keyId: string) => Promise<string>;
  /** Puts the answer at the address that CloudFormation waits at; throws when it was not taken. */
  readonly send: (url: string, answer: CustomResourceAnswer) => Promise<void>;
}

export interface CustomResourceAnswer {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly Reason: string;
  /** The key: another key is another resource, and the deletion of the old one does nothing. */
  readonly PhysicalResourceId: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly Data: { readonly PublicKey?: string };
}

/**
 * Answers CloudFormation, whatever happens: a request without an answer keeps a deployment waiting until its timeout.
 * Safe to repeat: a key's public half never changes.
 */
export async function answerPublicKeyRequest(
  request: PublicKeyRequest,
  ports: CustomResourcePorts,
): Promise<CustomResourceAnswer> {
  const answer = { ...identityOf(request), ...(await resultOf(request, ports)) };
  await ports.send(request.ResponseURL, answer);
  return answer;
}

async function resultOf(
  { RequestType, ResourceProperties: { KeyId } }: PublicKeyRequest,
  ports: CustomResourcePorts,
): Promise<Pick<CustomResourceAnswer, 'Status' | 'Reason' | 'Data'>> {
  if (RequestType === 'Delete')
    return { Status: 'SUCCESS', Reason: 'Nothing to delete: the key is not ours.', Data: {} };
  try {
    return { Status: 'SUCCESS', Reason: 'Read.', Data: { PublicKey: await ports.readPublicKey(KeyId) } };
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { Status: 'FAILED', Reason: `The public key of ${KeyId} could not be read: ${message}`, Data: {} };
  }
}

function identityOf(request: PublicKeyRequest) {
  const { StackId, RequestId, LogicalResourceId } = request;
  // CloudFormation takes a Delete with another id for a failure, so that the id it knows is given back.
  const PhysicalResourceId =
    request.RequestType === 'Delete' && request.PhysicalResourceId !== undefined
      ? request.PhysicalResourceId
      : request.ResourceProperties.KeyId;
  return { StackId, RequestId, LogicalResourceId, PhysicalResourceId };
}
