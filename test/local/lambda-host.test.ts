import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createLambdaHost, type LambdaHost } from '../../infra/local/lambda/lambda-host.ts';

const directory = fileURLToPath(new URL('fixtures/echo', import.meta.url));
const pidSchema = z.object({ pid: z.number() });
const hosts: LambdaHost[] = [];
const lines: string[] = [];
const failures: string[] = [];

interface Changes {
  readonly handler?: string;
  readonly timeoutSeconds?: number;
}

function hostWith(changes: Changes = {}, compileCache?: string): LambdaHost {
  const definition = {
    directory,
    handler: 'index.handler',
    environment: { TABLE: 'Registry' },
    timeoutSeconds: 30,
    memoryMb: 512,
    logGroup: 'Echo',
  };
  const arn = 'arn:aws:lambda:eu-west-1:000000000000:function:';
  const host = createLambdaHost({
    endpoint: 'http://127.0.0.1:1',
    compileCache,
    onLine: ({ shortName }, line) => lines.push(`${shortName}: ${line}`),
    onError: ({ shortName }) => failures.push(shortName),
  });
  host.define({ ...definition, ...changes, name: 'Demo-echo', shortName: 'echo', arn: `${arn}Demo-echo` });
  host.define({ ...definition, name: 'Demo-other', shortName: 'other', arn: `${arn}Demo-other` });
  hosts.push(host);
  return host;
}

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
});

describe('an invocation', () => {
  test('runs the bundle in one child process, which later events use again', async () => {
    const host = hostWith();
    const first = await host.invoke('Demo-echo', { a: 1 });
    const second = await host.invoke('arn:aws:lambda:eu-west-1:000000000000:function:Demo-echo', {});
    expect(first.payload).toMatchObject({ event: { a: 1 }, runs: 1 });
    expect(second.payload).toMatchObject({ runs: 2, pid: pidSchema.parse(first.payload).pid });
  });

  test('answers null for a handler that returns nothing', async () => {
    expect(await hostWith().invoke('Demo-echo', { do: 'nothing' })).toEqual({ payload: null });
  });

  test('gives the template environment with endpoint, region and identity, and nothing of this machine', async () => {
    process.env['AWS_PROFILE'] = 'somebody';
    const { payload } = await hostWith().invoke('Demo-echo', { do: 'environment' });
    expect(payload).toMatchObject({
      TABLE: 'Registry',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_ACCESS_KEY_ID: 'echo',
      AWS_REGION: 'eu-west-1',
      AWS_LAMBDA_FUNCTION_NAME: 'Demo-echo',
    });
    expect(payload).not.toHaveProperty('AWS_PROFILE');
    expect(payload).not.toHaveProperty('HOME');
  });

  test('leaves what it compiled to the next process, in the folder that is given for it, and else nowhere', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'compiled-'));
    try {
      await hostWith().invoke('Demo-echo', {});
      expect(await readdir(folder)).toEqual([]);
      await hostWith({}, folder).invoke('Demo-echo', {});
      // It is written after the answer.
      await expect.poll(async () => (await readdir(folder, { recursive: true })).length).toBeGreaterThan(1);
      const { payload } = await hostWith({}, folder).invoke('Demo-echo', { do: 'environment' });
      expect(payload).toMatchObject({ NODE_COMPILE_CACHE: folder, TABLE: 'Registry' });
    } finally {
      await Promise.all(hosts.splice(0).map((host) => host.stop()));
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('hands over a context with a request id, the ARN and the time left', async () => {
    const { payload } = await hostWith().invoke('Demo-echo', { do: 'context' });
    expect(payload).toMatchObject({
      functionName: 'Demo-echo',
      invokedFunctionArn: expect.stringMatching(/Demo-echo$/),
    });
    expect(z.object({ remaining: z.number() }).parse(payload).remaining).toBeGreaterThan(0);
  });

  test('runs events at the same time in processes of their own', async () => {
    const host = hostWith();
    const sleep = { do: 'sleep', milliseconds: 50 };
    const results = await Promise.all([1, 2, 3].map(() => host.invoke('Demo-echo', sleep)));
    expect(new Set(results.map(({ payload }) => pidSchema.parse(payload).pid)).size).toBe(3);
  });

  test('queues events beyond the number of processes that a function may have', async () => {
    const host = hostWith();
    const results = await Promise.all(
      Array.from({ length: 12 }, () => host.invoke('Demo-echo', { do: 'sleep', milliseconds: 5 })),
    );
    expect(results.every(({ functionError }) => functionError === undefined)).toBe(true);
    expect(new Set(results.map(({ payload }) => pidSchema.parse(payload).pid)).size).toBeLessThanOrEqual(8);
  });

  test('sends what the function writes to the log', async () => {
    const host = hostWith();
    await host.invoke('Demo-echo', {});
    await expect.poll(() => lines).toContain('echo: {"message":"echoes","event":{}}');
  });
});

describe('a failing function', () => {
  test('answers the name and message of what it threw', async () => {
    const result = await hostWith().invoke('Demo-echo', { do: 'throw', name: 'POINTER_BUSY', message: 'try again' });
    expect(result).toMatchObject({
      functionError: 'Unhandled',
      payload: { errorType: 'POINTER_BUSY', errorMessage: 'try again' },
    });
    expect(failures).toEqual(['echo']);
  });

  test('that runs into its time limit is ended, and the next event gets a new process', async () => {
    const host = hostWith({ timeoutSeconds: 0.3 });
    const result = await host.invoke('Demo-echo', { do: 'sleep', milliseconds: 60_000 });
    expect(result.payload).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Task timed out after 0\.30 seconds$/),
    });
    expect((await host.invoke('Demo-echo', {})).payload).toMatchObject({ runs: 1 });
  });

  test('that ends its process answers Runtime.ExitError, and the next event gets a new process', async () => {
    const host = hostWith();
    const result = await host.invoke('Demo-echo', { do: 'exit', status: 3 });
    expect(result.payload).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/Runtime exited with error: exit status 3$/),
    });
    expect((await host.invoke('Demo-echo', {})).payload).toMatchObject({ runs: 1 });
  });

  test('whose handler cannot be found says so', async () => {
    const result = await hostWith({ handler: 'index.notAFunction' }).invoke('Demo-echo', {});
    expect(result).toMatchObject({ functionError: 'Unhandled', payload: { errorType: 'Runtime.HandlerNotFound' } });
  });

  test('whose bundle is missing says what to do', async () => {
    await expect(hostWith({ handler: 'missing.handler' }).invoke('Demo-echo', {})).rejects.toThrow(/no missing\.mjs/);
  });

  test('is repeated in the background when nobody waits for it', async () => {
    const host = hostWith();
    const before = lines.length;
    host.enqueue('Demo-echo', { do: 'throw', name: 'AGAIN', message: 'later' });
    await expect
      .poll(() => lines.slice(before).filter((line) => line.includes('asynchronous event failed')).length, {
        timeout: 20_000,
      })
      .toBe(3);
  });
});

describe('names and limits', () => {
  test.each(['Other', 'Demo-echo:live', 'arn:aws:lambda:eu-west-1:000000000000:function:Demo-echo:live', 'echo'])(
    'an invocation of %s finds nothing',
    async (name) => {
      await expect(hostWith().invoke(name, {})).rejects.toMatchObject({
        code: 'ResourceNotFoundException',
        status: 404,
        message: expect.stringMatching(/^Function not found: arn:aws:lambda:/),
      });
    },
  );

  test('$LATEST is the function itself', async () => {
    expect((await hostWith().invoke('Demo-echo:$LATEST', {})).functionError).toBeUndefined();
  });

  test('an answer of more than Lambda hands back is a failure', async () => {
    const answer = await hostWith().invoke('Demo-echo', { do: 'answer', bytes: 6_291_557 });
    expect(answer).toMatchObject({ functionError: 'Unhandled' });
    expect(answer.payload).toEqual({
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: expect.stringContaining('(6291557 bytes) exceeded maximum allowed payload size (6291556 bytes)'),
    });
    expect((await hostWith().invoke('Demo-echo', { do: 'answer', bytes: 6_291_556 })).functionError).toBeUndefined();
  });

  test('an event of more than 6 MiB is refused', async () => {
    const event = { text: 'x'.repeat(6 * 1024 * 1024) };
    await expect(hostWith().invoke('Demo-echo', event)).rejects.toMatchObject({ code: 'RequestTooLargeException' });
  });
});

describe('faults that tests cause', () => {
  test('a killed function answers Runtime.ExitError and starts anew', async () => {
    const host = hostWith();
    await host.invoke('Demo-echo', {});
    const running = host.invoke('Demo-echo', { do: 'sleep', milliseconds: 60_000 });
    host.kill('Demo-echo');
    expect((await running).payload).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect((await host.invoke('Demo-echo', {})).payload).toMatchObject({ runs: 1 });
  });

  test('no process is left after the host has stopped', async () => {
    const host = hostWith();
    const { pid } = pidSchema.parse((await host.invoke('Demo-echo', {})).payload);
    await host.stop();
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });
});
