import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { type PredictionRecord, predictionRecord } from '../../../functions/inference/log/prediction.ts';
import { type LocalStack, startLocalStack } from '../../../infra/demo/local-stack.ts';
import type { Intercept } from '../../../infra/local/gateway/gateway.ts';
import { AwsError } from '../../../infra/local/service.ts';
import { sharedStack } from '../../fakes/shared-stack.ts';

// Functions as they are deployed, under the policies of the stack, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const HORIZON_DAYS = 7;
const SKUS = ['milk', 'bread', 'salt'];
const answerSchema = z.object({
  forecasts: z.array(z.record(z.string(), z.unknown())),
  batch: z
    .object({ requests: z.number(), forecasts: z.number(), objects: z.array(z.object({ uri: z.string() })) })
    .optional(),
});

let stack: LocalStack;
const lines: string[] = [];
const figures: string[] = [];

beforeAll(async () => {
  stack = await startLocalStack({
    ...(await sharedStack({ pointerPollSeconds: 0 })),
    functionLog: (name, line) => lines.push(`${name}: ${line}`),
  });
  // The first of a process loads everything.
  await forecast('warm');
});
afterEach(() => {
  stack.platform.intercept(undefined);
  lines.splice(0);
});
afterAll(async () => {
  await stack.stop();
  console.info(['Milliseconds that an answer takes while the log cannot be written:', ...figures].join('\n  '));
});

async function invoke(event: object) {
  const FunctionName = stack.output('InferenceFunctionName');
  const { Payload, FunctionError } = await stack.clients.lambda.send(
    new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) }),
  );
  expect(FunctionError, Buffer.from(Payload ?? []).toString()).toBeUndefined();
  return answerSchema.parse(JSON.parse(Buffer.from(Payload ?? []).toString('utf8')));
}

/** A model that nobody onboarded has no pointer: the safe forecast serves, and is logged as any other. */
function forecast(requestId: string) {
  const history = Array.from({ length: 28 }, (_, day) => day % 7);
  const requests = SKUS.map((sku) => ({ sku, store: 'harbour', history }));
  return invoke({ model: 'ghost', asOf: '2026-03-01', horizonDays: HORIZON_DAYS, requestId, requests });
}

async function logged(requestId: string): Promise<readonly PredictionRecord[]> {
  const Bucket = stack.output('PredictionBucketName');
  const Prefix = 'predictions/model=ghost/date=2026-03-01/';
  const found: PredictionRecord[] = [];
  const { Contents = [] } = await stack.clients.s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  for (const { Key = '' } of Contents.filter((one) => one.Key?.includes(`/${requestId}-`))) {
    const { Body } = await stack.clients.s3.send(new GetObjectCommand({ Bucket, Key }));
    const text = gunzipSync(Buffer.from((await Body?.transformToByteArray()) ?? [])).toString('utf8');
    found.push(
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => predictionRecord.parse(JSON.parse(line))),
    );
  }
  return found;
}
const allLogged = (requestId: string) =>
  expect.poll(async () => (await logged(requestId)).length, { timeout: 60_000 }).toBe(SKUS.length * HORIZON_DAYS);

const putsOf =
  (caller: string, fault: () => Promise<void>): Intercept =>
  async (call) => {
    if (call.caller === caller && call.service === 's3' && call.operation.startsWith('PUT')) await fault();
  };
const answers = (code: string, status: number) => async () => {
  throw new AwsError(code, code, status);
};
const noLambda: Intercept = ({ caller, service }) => {
  if (caller === 'forecast' && service === 'lambda') throw new AwsError('ServiceException', 'It is gone.', 500);
};

describe('While the log cannot be written', () => {
  it.each([
    ['refuses', answers('AccessDenied', 403)],
    ['is overloaded', answers('SlowDown', 503)],
    ['hangs', () => sleep(20_000)],
  ] as const)(
    'because the bucket %s, callers get the same forecasts, and the log has each once later',
    async (what, fault) => {
      const requestId = what.replaceAll(' ', '-');
      const { forecasts } = await forecast(`${requestId}.sound`);
      stack.platform.intercept(putsOf('forecast', fault));
      const from = performance.now();
      expect((await forecast(requestId)).forecasts).toEqual(forecasts);
      figures.push(`the bucket ${what}: ${Math.round(performance.now() - from)}`);
      await allLogged(requestId);
      const served = (await logged(requestId)).map(({ sku, targetDate, units }) => ({ sku, targetDate, units }));
      expect(served).toEqual(forecasts.map(({ sku, targetDate, units }) => ({ sku, targetDate, units })));
      // On a busy machine the sound request may have been handed over, too.
      expect(lines.filter((line) => line.includes('LOG_COMPLETED'))).not.toEqual([]);
      expect(lines.filter((line) => line.includes('PREDICTIONS_NOT_LOGGED'))).toEqual([]);
    },
  );

  it('and the process ends right after the answer, the log has what was served', async () => {
    stack.platform.intercept(putsOf('forecast', () => sleep(20_000)));
    await forecast('killed');
    stack.platform.functions.kill('ModelRelease-forecast');
    await allLogged('killed');
  });

  it('nor handed over, callers get the same forecasts, and the loss is told', async () => {
    const { forecasts } = await forecast('lost.sound');
    const noPuts = putsOf('forecast', answers('SlowDown', 503));
    stack.platform.intercept(async (call) => {
      await noPuts(call);
      await noLambda(call);
    });
    const from = performance.now();
    expect((await forecast('lost')).forecasts).toEqual(forecasts);
    figures.push(`the bucket is overloaded and nobody takes over: ${Math.round(performance.now() - from)}`);
    expect(await logged('lost')).toEqual([]);
    await expect.poll(() => lines.join('\n')).toContain('PREDICTIONS_NOT_LOGGED');
    stack.platform.intercept(undefined);
    await forecast('lost');
    await allLogged('lost');
  });

  it('by the function that completes it at first, that function tries again', async () => {
    let failures = 0;
    const noPuts = putsOf('forecast', answers('AccessDenied', 403));
    stack.platform.intercept(async (call) => {
      await noPuts(call);
      // Two tries of each put.
      if (call.caller !== 'complete-log' || call.service !== 's3' || failures === 2) return;
      failures += 1;
      throw new AwsError('AccessDenied', 'No.', 403);
    });
    await forecast('repeated');
    await allLogged('repeated');
    expect(failures).toBe(2);
  });
});

describe('A batch by S3', () => {
  it('goes into the log in parts under the policies of the bucket, and once', async () => {
    const Bucket = stack.output('PredictionBucketName');
    const count = 80_000;
    // Names at random, so that the log of it is larger than one part.
    const requests = Array.from({ length: count }, () => ({
      sku: randomBytes(110).toString('base64'),
      store: 's',
      history: [1],
    }));
    const Body = gzipSync(requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
    await stack.clients.s3.send(new PutObjectCommand({ Bucket, Key: 'requests/night.gz', Body }));
    const operations: string[] = [];
    stack.platform.intercept(({ caller, service, operation }) => {
      if (caller === 'forecast' && service === 's3') operations.push(operation.split(' ')[0] ?? '');
    });
    const event = {
      model: 'ghost',
      asOf: '2026-03-01',
      horizonDays: 1,
      requestId: 'night',
      input: `s3://${Bucket}/requests/night.gz`,
    };
    const { batch } = await invoke(event);
    expect(batch).toMatchObject({
      requests: count,
      forecasts: count,
      objects: [{ uri: expect.stringContaining('/night-0.') }],
    });
    // Its beginning and its end, and two parts at least.
    expect(operations.filter((operation) => operation === 'POST').length).toBeGreaterThanOrEqual(2);
    expect(operations.filter((operation) => operation === 'PUT').length).toBeGreaterThanOrEqual(2);
    const records = await logged('night');
    expect(new Set(records.map(({ sku }) => sku)).size).toBe(count);
    expect(records).toHaveLength(count);
    expect((await invoke(event)).batch).toMatchObject({ requests: count });
    expect(await logged('night')).toHaveLength(count);
  });

  it('is refused with its reason where it does not lie under requests/', async () => {
    const Bucket = stack.output('PredictionBucketName');
    const Payload = Buffer.from(
      JSON.stringify({ model: 'ghost', asOf: '2026-03-01', horizonDays: 1, input: `s3://${Bucket}/predictions/a` }),
    );
    const FunctionName = stack.output('InferenceFunctionName');
    const answer = await stack.clients.lambda.send(new InvokeCommand({ FunctionName, Payload }));
    expect(answer.FunctionError).toBe('Unhandled');
    expect(Buffer.from(answer.Payload ?? []).toString('utf8')).toContain('Batches are not read from there.');
  });
});

describe('What inference counts', () => {
  it('rings its alarm by email, whichever of the two functions counted it, and no other', async () => {
    const inbox = async () => (await fetch(`${stack.platform.inboxUrl}/store`)).text();
    const requestId = 'alarmed';
    await forecast(requestId);
    await expect.poll(inbox).toContain('ModelRelease-pointer-unavailable');
    expect(await inbox()).not.toContain('ModelRelease-candidate-failing');
    const [unit] = SKUS.map((sku) => ({ sku, store: 'harbour', region: '', category: '', segments: [], history: [1] }));
    const work = {
      model: 'ghost',
      asOf: '2026-03-01',
      horizonDays: HORIZON_DAYS,
      requestId,
      at: '2026-03-01T06:00:00Z',
    };
    const shadow = { revision: 0, promotionId: '', version: '9.9.9', rest: { known: [], requests: [unit] } };
    const Payload = Buffer.from(JSON.stringify({ kind: 'shadow', ...work, ...shadow }));
    const FunctionName = 'ModelRelease-complete-log';
    const { FunctionError } = await stack.clients.lambda.send(new InvokeCommand({ FunctionName, Payload }));
    expect(FunctionError).toBeUndefined();
    await expect.poll(inbox).toContain('ModelRelease-candidate-failing');
    const names = [...(await inbox()).matchAll(/ModelRelease-([a-z-]+)\\" in/g)].map(([, name]) => name);
    // By the tests above a log was lost, and a request refused.
    const rung = ['pointer-unavailable', 'predictions-not-logged', 'forecast-failing', 'candidate-failing'];
    expect(new Set(names)).toEqual(new Set(rung));
  });
});
