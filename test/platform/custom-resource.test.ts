import { createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it } from 'vitest';
import {
  answerPublicKeyRequest,
  type CustomResourceAnswer,
  type PublicKeyRequest,
} from '../../functions/platform/custom-resource.ts';
import { handler } from '../../functions/platform/public-key.lambda.ts';
import { createTestKey } from '../fakes/test-key.ts';

const REQUEST: PublicKeyRequest = {
  RequestType: 'Create',
  ResponseURL: 'https://cloudformation.example/answer?signature=abc',
  StackId: 'stack-1',
  RequestId: 'request-1',
  LogicalResourceId: 'PointerKey',
  ResourceProperties: { KeyId: 'key-1' },
};

/** Answers a request against ports that remember what was sent. */
async function answering(request: PublicKeyRequest, readPublicKey = async (keyId: string) => `PEM of ${keyId}`) {
  const sent: { readonly url: string; readonly answer: CustomResourceAnswer }[] = [];
  await answerPublicKeyRequest(request, {
    readPublicKey,
    send: async (url, answer) => {
      sent.push({ url, answer });
    },
  });
  return sent;
}

describe('public key resource', () => {
  it.each(['Create', 'Update'] as const)(
    'answers %s with the public key, at the address it was given',
    async (type) => {
      expect(await answering({ ...REQUEST, RequestType: type })).toEqual([
        {
          url: REQUEST.ResponseURL,
          answer: {
            Status: 'SUCCESS',
            Reason: 'Read.',
            PhysicalResourceId: 'key-1',
            StackId: 'stack-1',
            RequestId: 'request-1',
            LogicalResourceId: 'PointerKey',
            Data: { PublicKey: 'PEM of key-1' },
          },
        },
      ]);
    },
  );

  it('reads no key to delete, and gives back the id that CloudFormation knows', async () => {
    const request = { ...REQUEST, RequestType: 'Delete', PhysicalResourceId: 'id-of-a-failed-create' } as const;
    const [sent] = await answering(request, () => Promise.reject(new Error('read on delete')));
    expect(sent?.answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'id-of-a-failed-create', Data: {} });
  });

  it('answers a failure with its reason, so that the deployment does not wait for its timeout', async () => {
    const denied = Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' });
    const [sent] = await answering(REQUEST, () => Promise.reject(denied));
    expect(sent?.answer).toMatchObject({
      Status: 'FAILED',
      Reason: 'The public key of key-1 could not be read: AccessDeniedException: not authorized',
      Data: {},
    });
  });

  it('is another resource for another key', async () => {
    const [sent] = await answering({ ...REQUEST, PhysicalResourceId: 'key-1', ResourceProperties: { KeyId: 'key-2' } });
    expect(sent?.answer.PhysicalResourceId).toBe('key-2');
  });
});

describe('public key entry', () => {
  const kms = mockClient(KMSClient);
  afterEach(() => kms.reset());

  it('puts the PEM of the KMS key without a content type, which the address is not signed for', async () => {
    const key = createTestKey();
    const spki = createPublicKey(key.publicKeyPem).export({ format: 'der', type: 'spki' });
    kms.on(GetPublicKeyCommand, { KeyId: 'key-1' }).resolves({ PublicKey: spki });
    const received = await receiving(200, (url) => handler({ ...REQUEST, ResponseURL: url }));
    expect(received.method).toBe('PUT');
    expect(received.contentType).toBeUndefined();
    expect(JSON.parse(received.body)).toMatchObject({ Status: 'SUCCESS', Data: { PublicKey: key.publicKeyPem } });
  });

  it('fails when the answer is not taken, so that Lambda tries again', async () => {
    kms.on(GetPublicKeyCommand).rejects(new Error('no such key'));
    await receiving(403, async (url) => {
      await expect(handler({ ...REQUEST, ResponseURL: url })).rejects.toMatchObject({ name: 'DEPENDENCY_UNAVAILABLE' });
    });
  });

  it('refuses an event that names no key', async () => {
    await expect(handler({ ...REQUEST, ResourceProperties: {} })).rejects.toMatchObject({ name: 'INVALID_INPUT' });
  });
});

interface Arrived {
  method: string;
  contentType: string | undefined;
  body: string;
}

/** Stands in for CloudFormation's address while `act` runs; answers what arrived there. */
async function receiving(status: number, act: (url: string) => Promise<void>) {
  const arrived: Arrived = { method: '', contentType: undefined, body: '' };
  const server = createServer((request, response) => {
    arrived.method = request.method ?? '';
    arrived.contentType = request.headers['content-type'];
    request.on('data', (chunk: Buffer) => {
      arrived.body += chunk.toString('utf8');
    });
    request.on('end', () => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  try {
    await act(`http://127.0.0.1:${port}/answer`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return arrived;
}
