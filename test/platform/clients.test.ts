import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { inferenceS3 } from '../../functions/platform/clients.ts';

describe("Inference's client of S3", () => {
  let server: Server;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    server = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const environment = {
      ...{ AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_MAX_ATTEMPTS: '1' },
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    inferenceS3().destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  it('gives up a connection that says nothing, so that nobody waits for it without end', async () => {
    const command = new GetObjectCommand({ Bucket: 'Predictions', Key: 'requests/night' });
    const error: unknown = await inferenceS3()
      .send(command)
      .catch((cause: unknown) => cause);
    expect(error).toMatchObject({ name: 'TimeoutError' });
    expect(sockets.size).toBe(1);
  }, 30_000);
});
