import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { handOverEvent } from '../../functions/inference/log/hand-over.ts';
import { predictionRecord } from '../../functions/inference/log/prediction.ts';
import type { ForecastAnswer } from '../../functions/inference/serving/forecast.ts';
import { logger } from '../../functions/platform/logger.ts';
import type { PointerDocument } from '../../functions/pointer/document.ts';
import { servedContent } from '../../functions/pointer/flag.ts';
import { createTestKey } from '../fakes/test-key.ts';
import type { Served } from '../local/fixtures/serve-one.ts';
import { signedDocument } from '../pointer/fixtures.ts';
import { serveBuckets } from './served-buckets.ts';
import { CANARY, eventOf, requestOf } from './stand.ts';

const FAR = '2099-01-01T00:00:00.000Z';
const key = createTestKey();
const batchSchema = z.object({
  batch: z.object({
    requests: z.number(),
    forecasts: z.number(),
    objects: z.array(z.object({ uri: z.string() })),
  }),
});
const appConfig = mockClient(AppConfigDataClient);
const lambda = mockClient(LambdaClient);

/** The function's entry as Lambda loads it: settings from the environment, our S3 behind the SDK, AppConfig mocked. */
describe('The forecast function', () => {
  let served: Served;
  let s3: S3Client;
  let handler: (event: unknown, context: { readonly awsRequestId: string }) => Promise<ForecastAnswer>;
  const errors = vi.spyOn(logger, 'error').mockImplementation(() => undefined);

  const temporary = mkdtempSync(join(tmpdir(), 'forecast-'));

  beforeAll(async () => {
    const buckets = await serveBuckets(
      key,
      {
        '1.1.0': '{"forecaster":"seasonal-naive","scale":10}',
        '2.0.0': '{"forecaster":"weekday-mean","scale":20}',
      },
      'forecast',
    );
    ({ served, s3 } = buckets);
    const environment = {
      ...buckets.environment,
      ...{ APPCONFIG_APPLICATION_ID: 'app1', POINTER_POLL_SECONDS: '0', TMPDIR: temporary },
      ...{ COMPLETE_LOG_FUNCTION: 'complete-log', CANDIDATE_WAIT_MS: '5000' },
    };
    lambda.on(InvokeCommand).resolves({ StatusCode: 202 });
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    ({ handler } = await import('../../functions/inference/forecast.lambda.ts'));
  });
  afterEach(() => {
    appConfig.reset();
    errors.mockClear();
    served.deny();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    errors.mockRestore();
    appConfig.restore();
    s3.destroy();
    await served.stop();
    lambda.restore();
    rmSync(temporary, { recursive: true, force: true });
  });

  const serve = (document: PointerDocument) => {
    const text = servedContent(document);
    const Configuration = Object.assign(new TextEncoder().encode(text), { transformToString: () => text });
    appConfig.on(StartConfigurationSessionCommand).resolves({ InitialConfigurationToken: 'first' });
    appConfig.on(GetLatestConfigurationCommand).resolves({ Configuration, NextPollConfigurationToken: 'next' });
  };
  const logged = async (requestId: string) => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'predictions' }));
    return Contents.map(({ Key = '' }) => Key).filter((name) => name.includes(`/${requestId}-`));
  };
  const signals = () => errors.mock.calls.map(([message]) => message);
  const ask = (event: object, awsRequestId = 'invocation') => handler(eventOf(event), { awsRequestId });

  it('serves the safe forecast, tells so, and logs it while AppConfig has no pointer', async () => {
    appConfig.rejects(Object.assign(new Error('No such environment.'), { name: 'ResourceNotFoundException' }));
    const { revision, forecasts } = await ask({ requestId: 'first' });
    expect(revision).toBe(0);
    expect(new Set(forecasts.map(({ version, arm }) => `${arm} ${version}`))).toEqual(
      new Set(['fallback seasonal-naive']),
    );
    expect(signals()).toEqual(['POINTER_UNAVAILABLE']);
    expect(await logged('first')).toHaveLength(1);
  });

  it('forecasts by the version that the pointer names, and logs it under the id of the invocation', async () => {
    serve(await signedDocument(key));
    const { requestId: _, ...event } = eventOf();
    const { revision, forecasts } = await handler(event, { awsRequestId: 'invocation-1' });
    expect(revision).toBe(3);
    expect(forecasts[0]).toMatchObject({ units: 10, version: '1.1.0', arm: 'production' });
    expect(await logged('invocation-1')).toEqual([
      'predictions/model=demand/date=2026-03-01/arm=production/version=1.1.0/invocation-1-3.ndjson.gz',
    ]);
    expect(signals()).toEqual([]);
  });

  it('is not asked under an id that names nothing in the log, where requests would share an object', async () => {
    serve(await signedDocument(key));
    const { requestId: _, ...event } = eventOf();
    for (const awsRequestId of ['', 'a/b', '../../outcomes']) {
      await expect(handler(event, { awsRequestId })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        reasons: [{ path: 'invocationId' }],
      });
    }
  });

  it('keeps its pointer while AppConfig is gone', async () => {
    appConfig.rejects(new Error('No route.'));
    expect(await ask({ requestId: 'gone' })).toMatchObject({ revision: 3 });
    expect(signals()).toEqual([]);
  });

  it('takes no document that is not signed, and says so', async () => {
    serve({ ...(await signedDocument(key, { revision: 9 })), signature: 'bm9uZQ==' });
    expect(await ask({ requestId: 'unsigned' })).toMatchObject({ revision: 3 });
    expect(signals()).toEqual(['POINTER_REFUSED']);
  });

  it('logs a day that is replayed under one id once', async () => {
    serve(await signedDocument(key, { ...CANARY, canaryUntil: FAR, canaryPercentage: 100 }));
    const [first, second] = [await ask({ requestId: 'replay' }), await ask({ requestId: 'replay' })];
    expect(second).toEqual(first);
    expect(first.forecasts[0]).toMatchObject({ units: 20, version: '2.0.0', arm: 'canary' });
    expect(await logged('replay')).toEqual([
      'predictions/model=demand/date=2026-03-01/arm=canary/version=2.0.0/replay-3.ndjson.gz',
      'predictions/model=demand/date=2026-03-01/arm=shadow/version=1.1.0/replay-3.ndjson.gz',
    ]);
    expect(signals()).toEqual([]);
  });

  it('answers a batch, however often it is asked, by objects that hold each of its forecasts once', async () => {
    serve(await signedDocument(key, { ...CANARY, canaryUntil: FAR }));
    const requests = Array.from({ length: 1_200 }, (_, index) => requestOf(`sku-${index}`));
    const Body = gzipSync(requests.map((request) => JSON.stringify(request)).join('\r\n'));
    await s3.send(new PutObjectCommand({ Bucket: 'predictions', Key: 'requests/night.gz', Body }));
    const { requests: _, ...event } = eventOf({ requestId: 'night', input: 's3://predictions/requests/night.gz' });
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const { batch } = batchSchema.parse(await handler(event, { awsRequestId: 'invocation' }));
      expect(batch).toMatchObject({ requests: 1_200, forecasts: 2_400 });
      const texts = await Promise.all(
        batch.objects.map(async ({ uri }) => {
          const Key = uri.slice('s3://predictions/'.length);
          const { Body: body } = await s3.send(new GetObjectCommand({ Bucket: 'predictions', Key }));
          return gunzipSync((await body?.transformToByteArray()) ?? new Uint8Array()).toString('utf8');
        }),
      );
      const records = texts
        .flatMap((text) => text.trimEnd().split('\n'))
        .map((line) => predictionRecord.parse(JSON.parse(line)));
      expect(records).toHaveLength(2_400);
      expect(new Set(records.map(({ sku, targetDate }) => `${sku} ${targetDate}`)).size).toBe(2_400);
      expect(new Set(records.map(({ arm }) => arm))).toEqual(new Set(['production', 'canary']));
    }
    expect(signals()).toEqual([]);
  });

  it('serves production beside a candidate that has no manifest', async () => {
    serve(await signedDocument(key, { ...CANARY, canaryVersion: '3.0.0', canaryUntil: FAR, canaryPercentage: 100 }));
    const { forecasts } = await ask({ requestId: 'missing' });
    expect(forecasts.every(({ arm, version }) => arm === 'production' && version === '1.1.0')).toBe(true);
    expect(errors.mock.calls).toEqual([
      ['MODEL_NOT_LOADED', { model: 'demand', version: '3.0.0', code: 'NOT_FOUND', forecasts: 6 }],
    ]);
  });

  it('hands over what it cannot log, as finished objects of the log', async () => {
    serve(await signedDocument(key));
    served.deny('s3:PutObject');
    expect((await ask({ requestId: 'unlogged' })).forecasts).toHaveLength(6);
    const [call] = lambda.commandCalls(InvokeCommand).map(({ args: [{ input }] }) => input);
    expect(call).toMatchObject({ FunctionName: 'complete-log', InvocationType: 'Event' });
    const event = handOverEvent.parse(
      JSON.parse(Buffer.from(z.instanceof(Uint8Array).parse(call?.Payload)).toString('utf8')),
    );
    expect(event).toMatchObject({
      kind: 'objects',
      objects: [{ key: expect.stringContaining('/unlogged-3.'), records: 6 }],
    });
    expect(signals()).toEqual([]);
  });

  it('answers, and tells what is missing, when nobody completes its log either', async () => {
    serve(await signedDocument(key));
    served.deny('s3:PutObject');
    lambda.on(InvokeCommand).rejects(new Error('No route.'));
    expect((await ask({ requestId: 'lost' })).forecasts).toHaveLength(6);
    expect(errors.mock.calls).toEqual([
      ['PREDICTIONS_NOT_LOGGED', { model: 'demand', requestId: 'lost', forecasts: 6, causes: 'AccessDenied' }],
    ]);
    lambda.on(InvokeCommand).resolves({ StatusCode: 202 });
  });

  it('refuses a malformed event with all of its faults', async () => {
    await expect(ask({ horizonDays: 0, requestId: '/' })).rejects.toMatchObject({
      name: 'INVALID_INPUT',
      message: expect.stringMatching(/^horizonDays: .*\nrequestId: /),
    });
  });
});
