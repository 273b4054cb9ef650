import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { completeLog } from '../../../functions/inference/log/complete-log.ts';
import type { HandOver, HandOverEvent } from '../../../functions/inference/log/hand-over.ts';
import type { PredictionBatch } from '../../../functions/inference/log/log-object.ts';
import type { PredictionRecord } from '../../../functions/inference/log/prediction.ts';
import {
  LOG_LIMITS,
  type LogResult,
  PredictionLogStore,
} from '../../../functions/inference/log/prediction-log-store.ts';
import { createS3 } from '../../../infra/local/s3/s3.ts';
import { AwsError } from '../../../infra/local/service.ts';
import { type Served, serveOne } from '../../local/fixtures/serve-one.ts';

/** The limits of production, five times as fast; a test is given far more time than either. */
const LIMITS = { awaitMs: 60, totalMs: 400 } as const;
const SLACK_MS = 3_000;

function batchOf(requestId: string, skus: readonly string[] = ['milk', 'bread']): PredictionBatch {
  const arms = [
    ['production', '1.1.0'],
    ['shadow', '2.0.0'],
  ] as const;
  const records = skus.flatMap((sku) =>
    arms.map(
      ([arm, version]): PredictionRecord => ({
        ...{ at: '2026-03-02T06:00:00.000Z', model: 'demand', version, arm, sku, store: 'harbour', region: 'north' },
        ...{ category: 'fresh', segments: [], targetDate: '2026-03-02', horizonDays: 1, units: 1.5 },
        ...{ revision: 3, promotionId: 'demand_2-0-0_1', requestId },
      }),
    ),
  );
  return { model: 'demand', asOf: '2026-03-01', requestId, revision: 3, records };
}

describe('The wait for the prediction log', () => {
  /** What the bucket does to each put before it answers. */
  let fault: (path: string) => Promise<unknown> = async () => undefined;
  let served: Served;
  let client: S3Client;
  let gone: S3Client;

  beforeAll(async () => {
    const s3 = createS3();
    s3.createBucket('predictions', { VersioningConfiguration: { Status: 'Enabled' } });
    const faulty = {
      ...s3,
      handle: async (request: Parameters<typeof s3.handle>[0]) => {
        if (request.method === 'PUT') await fault(request.path);
        return s3.handle(request);
      },
    };
    served = await serveOne('s3', faulty);
    client = new S3Client({ ...served.client, maxAttempts: 3 });
    gone = new S3Client({ ...served.client, endpoint: 'http://127.0.0.1:1', maxAttempts: 3 });
  });
  afterEach(() => {
    fault = async () => undefined;
  });
  afterAll(async () => {
    client.destroy();
    gone.destroy();
    await served.stop();
  });

  const events: HandOverEvent[] = [];
  const accept: HandOver = async (event) => {
    events.push(event);
    return true;
  };
  const refuse: HandOver = async () => false;
  const hang: HandOver = () => new Promise(() => undefined);
  const isLogged = async (requestId: string) => {
    const day = 'predictions/model=demand/date=2026-03-01';
    const keys = [`${day}/arm=production/version=1.1.0`, `${day}/arm=shadow/version=2.0.0`];
    const gets = keys.map((key) =>
      client.send(new GetObjectCommand({ Bucket: 'predictions', Key: `${key}/${requestId}-3.ndjson.gz` })),
    );
    const found = await Promise.allSettled(gets);
    return found.every(({ status }) => status === 'fulfilled');
  };

  const answers = (name: string, status: number) => async () => {
    throw new AwsError(name, name, status);
  };
  const slow = (milliseconds: number) => () => sleep(milliseconds);
  /** Slower than an answer waits, and than it waits at most. */
  const [LATE, TOO_LATE] = [200, 1_500] as const;

  const handedOver: Partial<LogResult> = { written: 0, handedOver: 2, handedOverRecords: 4, failed: 0, lostRecords: 0 };
  const failed: Partial<LogResult> = { written: 0, handedOver: 0, failed: 2, handedOverRecords: 0, lostRecords: 4 };
  const written: Partial<LogResult> = { written: 2, handedOver: 0, failed: 0, lostRecords: 0 };
  const repeated: Partial<LogResult> = { ...written, written: 0, repeated: 2 };

  it.each([
    ['answers late', slow(LATE), handedOver, written],
    ['answers too late', slow(TOO_LATE), handedOver, failed],
    ['has the objects', answers('PreconditionFailed', 412), repeated, repeated],
    ['refuses', answers('AccessDenied', 403), handedOver, failed],
    ['is overloaded', answers('SlowDown', 503), handedOver, failed],
    ['fails', answers('InternalError', 500), handedOver, failed],
  ] as const)('is bounded while the bucket %s, whether or not others complete it', async (name, what, taken, alone) => {
    fault = what;
    for (const [suffix, handOver, expected] of [
      ['taken', accept, taken],
      ['refused', refuse, alone],
      ['hanging', hang, alone],
    ] as const) {
      const begun = performance.now();
      const requestId = `${name.replaceAll(' ', '-')}-${suffix}`;
      const result = await new PredictionLogStore(client, 'predictions', { ...LIMITS, handOver }).log(
        batchOf(requestId),
      );
      expect(result, suffix).toMatchObject(expected);
      expect(performance.now() - begun).toBeLessThan(LIMITS.totalMs + SLACK_MS);
    }
  });

  it.each([
    ['accepted', accept, handedOver],
    ['refused', refuse, failed],
    ['hanging', hang, failed],
  ] as const)('is bounded while the bucket is gone and the hand-over is %s', async (name, handOver, expected) => {
    const begun = performance.now();
    const result = await new PredictionLogStore(gone, 'predictions', { ...LIMITS, handOver }).log(
      batchOf(`gone-${name}`),
    );
    expect(result).toMatchObject(expected);
    expect(performance.now() - begun).toBeLessThan(LIMITS.totalMs + SLACK_MS);
  });

  it('lets the put go on that it did not wait for', async () => {
    fault = slow(LATE);
    const store = new PredictionLogStore(client, 'predictions', { awaitMs: 30, totalMs: 5_000, handOver: accept });
    expect(await store.log(batchOf('goes-on'))).toMatchObject(handedOver);
    expect(await isLogged('goes-on')).toBe(false);
    await expect.poll(() => isLogged('goes-on'), { timeout: 10_000 }).toBe(true);
  });

  it('hands over what whoever completes it can write, to the same bytes under the same keys', async () => {
    const store = new PredictionLogStore(gone, 'predictions', { ...LIMITS, handOver: accept });
    events.splice(0);
    await store.log(batchOf('completed'));
    expect(events).toHaveLength(1);
    const log = new PredictionLogStore(client, 'predictions');
    const ports = {
      put: log.put.bind(log),
      readKept: () => Promise.reject(new Error('None was kept.')),
      forecastVersion: () => Promise.reject(new Error('None was asked.')),
      signal: () => undefined,
      measure: () => undefined,
      completeBatch: () => Promise.reject(new Error('There is no batch.')),
      pause: async () => undefined,
    };
    const received: unknown = JSON.parse(JSON.stringify(events[0]));
    expect(await completeLog(ports, received)).toEqual({ kind: 'objects', written: 2, repeated: 0, records: 4 });
    expect(await completeLog(ports, received)).toEqual({ kind: 'objects', written: 0, repeated: 2, records: 4 });
    expect(await log.log(batchOf('completed'))).toMatchObject(repeated);
  });

  it('waits on for an object that no event can hold, and hands over the rest', async () => {
    fault = (path) => sleep(decodeURIComponent(path).includes('arm=shadow') ? TOO_LATE : LATE);
    events.splice(0);
    // Text at random does not get smaller, and the shadow's part of it is left out.
    const skus = Array.from({ length: 6_000 }, () => randomBytes(120).toString('base64'));
    const { records, ...name } = batchOf('too-large', skus);
    const some = records.filter(({ arm }, index) => arm === 'production' || index < 4);
    const store = new PredictionLogStore(client, 'predictions', { awaitMs: 60, totalMs: 10_000, handOver: accept });
    const result = await store.log({ ...name, records: some });
    expect(result).toMatchObject({ written: 1, handedOver: 1, handedOverRecords: 2, failed: 0 });
    expect(events).toHaveLength(1);
  });

  it('is a third of a second at first, and two seconds in all', () => {
    expect(LOG_LIMITS).toEqual({ awaitMs: 300, totalMs: 2_000 });
  });
});
