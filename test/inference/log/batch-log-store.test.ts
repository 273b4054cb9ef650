import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BatchLog, type BatchLogResult } from '../../../functions/inference/log/batch-log-store.ts';
import type { Arm, PredictionRecord } from '../../../functions/inference/log/prediction.ts';
import { PredictionLogStore } from '../../../functions/inference/log/prediction-log-store.ts';
import { createS3 } from '../../../infra/local/s3/s3.ts';
import { AwsError } from '../../../infra/local/service.ts';
import { type Served, serveOne } from '../../local/fixtures/serve-one.ts';

/** The least that S3 takes, so that a few megabytes go up in parts. */
const PART_BYTES = 5 * 1024 * 1024;
const DAY = 'predictions/model=demand/date=2026-03-01';
const NOTHING: BatchLogResult = { written: 0, repeated: 0, failed: 0, records: 0, lostRecords: 0, causes: [] };

function recordOf(sku: string, arm: Arm, requestId: string): PredictionRecord {
  const version = arm === 'shadow' ? '2.0.0' : '1.1.0';
  return {
    ...{ at: '2026-03-02T06:00:00.000Z', model: 'demand', version, arm, sku, store: 'harbour', region: 'north' },
    ...{ category: 'fresh', segments: [], targetDate: '2026-03-02', horizonDays: 1, units: 1.5 },
    ...{ revision: 3, promotionId: 'demand_2-0-0_1', requestId },
  };
}

/** Records whose names are random text: they hardly get smaller, two thousand of them by 3 MB to some 2 MB. */
const largeRecords = (requestId: string, count: number): readonly PredictionRecord[] =>
  Array.from({ length: count }, () => recordOf(randomBytes(900).toString('base64'), 'production', requestId));

describe('The prediction log of a batch', () => {
  let fault: (operation: string) => Promise<unknown> = async () => undefined;
  let served: Served;
  let client: S3Client;
  const operations: string[] = [];

  beforeAll(async () => {
    const s3 = createS3();
    s3.createBucket('predictions', { VersioningConfiguration: { Status: 'Enabled' } });
    served = await serveOne('s3', {
      ...s3,
      handle: async (request) => {
        const named = ['uploads', 'uploadId'].find((name) => request.query.has(name)) ?? '';
        const operation = `${request.method} ${named}`.trim();
        operations.push(operation);
        await fault(operation);
        return s3.handle(request);
      },
    });
    client = new S3Client(served.client);
  });
  afterEach(() => {
    fault = async () => undefined;
    operations.splice(0);
  });
  afterAll(async () => {
    client.destroy();
    await served.stop();
  });

  const logOf = (requestId: string) =>
    new BatchLog({
      ...{ client, bucket: 'predictions', partBytes: PART_BYTES },
      ...{ model: 'demand', asOf: '2026-03-01', requestId, revision: 3 },
    });
  const keysOf = async (requestId: string) => {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: 'predictions', Prefix: DAY }));
    return Contents.flatMap(({ Key = '' }) => (Key.includes(`/${requestId}-3.`) ? [Key] : []));
  };
  const linesAt = async (Key: string) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'predictions', Key }));
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
    return gunzipSync(bytes).toString('utf8').trimEnd().split('\n');
  };
  const unfinished = () => operations.filter((one) => one === 'POST uploads').length - operations.filter(ends).length;
  const ends = (operation: string) => operation === 'DELETE uploadId' || operation === 'POST uploadId';

  it('has one object per arm and version, under the keys of a single request', async () => {
    const log = logOf('night-1');
    await log.append([recordOf('milk', 'production', 'night-1'), recordOf('milk', 'shadow', 'night-1')]);
    await log.append([recordOf('bread', 'production', 'night-1')]);
    expect(await keysOf('night-1')).toEqual([]);
    expect(await log.finish()).toEqual({ ...NOTHING, written: 2, records: 3 });
    const keys = [
      `${DAY}/arm=production/version=1.1.0/night-1-3.ndjson.gz`,
      `${DAY}/arm=shadow/version=2.0.0/night-1-3.ndjson.gz`,
    ];
    expect(await keysOf('night-1')).toEqual(keys);
    const skus = (await linesAt(keys[0] ?? '')).map((line) => JSON.parse(line).sku);
    expect(skus).toEqual(['milk', 'bread']);
  });

  it('finds what a request of the same id wrote, and leaves it', async () => {
    const records = [recordOf('milk', 'production', 'night-2')];
    const batch = { model: 'demand', asOf: '2026-03-01', requestId: 'night-2', revision: 3, records };
    await new PredictionLogStore(client, 'predictions').log(batch);
    const log = logOf('night-2');
    await log.append(records);
    expect(await log.finish()).toEqual({ ...NOTHING, repeated: 1, records: 1 });
  });

  it('goes up in parts while it grows, is seen when it is finished, and is whole then', async () => {
    const log = logOf('night-3');
    const records = largeRecords('night-3', 8_000);
    for (let at = 0; at < records.length; at += 100) await log.append(records.slice(at, at + 100));
    expect(operations.filter((one) => one === 'PUT uploadId').length).toBeGreaterThanOrEqual(1);
    expect(await keysOf('night-3')).toEqual([]);
    expect(await log.finish()).toEqual({ ...NOTHING, written: 1, records: 8_000 });
    const [key = ''] = await keysOf('night-3');
    expect(await linesAt(key)).toEqual(records.map((record) => JSON.stringify(record)));
    expect(operations).not.toContain('PUT');
  });

  it('leaves a large object that is there already, and removes the parts of its own', async () => {
    const log = logOf('night-3');
    await log.append(largeRecords('night-3', 8_000));
    expect(await log.finish()).toEqual({ ...NOTHING, repeated: 1, records: 8_000 });
    expect(operations).toContain('DELETE uploadId');
  });

  it('leaves nothing behind when it is given up, however far it was', async () => {
    for (const [requestId, count] of [
      ['given-up-1', 0],
      ['given-up-2', 3],
      ['given-up-3', 8_000],
    ] as const) {
      const log = logOf(requestId);
      await log.append(largeRecords(requestId, count));
      await log.append([]);
      await log.abort();
      expect(await keysOf(requestId)).toEqual([]);
      expect(unfinished()).toBe(0);
    }
  });

  it('counts an object that cannot be written, and writes the others', async () => {
    fault = async (operation) => {
      if (operation === 'PUT uploadId') throw new AwsError('AccessDenied', 'No.', 403);
    };
    const log = logOf('night-4');
    const records = largeRecords('night-4', 8_000);
    for (let at = 0; at < records.length; at += 100) {
      await log.append([...records.slice(at, at + 100), recordOf(`sku-${at}`, 'shadow', 'night-4')]);
    }
    const result = await log.finish();
    expect(result).toEqual({
      ...{ written: 1, repeated: 0, failed: 1 },
      ...{ records: 80, lostRecords: 8_000, causes: ['AccessDenied'] },
    });
    expect(await keysOf('night-4')).toEqual([`${DAY}/arm=shadow/version=2.0.0/night-4-3.ndjson.gz`]);
    expect(unfinished()).toBe(0);
  });

  it('counts an upload whose end meets another writer as failed: its parts are of no use any more', async () => {
    fault = async (operation) => {
      if (operation === 'POST uploadId') throw new AwsError('ConditionalRequestConflict', 'Another writes.', 409);
    };
    const log = logOf('night-7');
    await log.append(largeRecords('night-7', 8_000));
    expect(await log.finish()).toMatchObject({ written: 0, failed: 1, causes: ['ConditionalRequestConflict'] });
    expect(operations).toContain('DELETE uploadId');
    expect(await keysOf('night-7')).toEqual([]);
  });

  it('fails by counts when the bucket is gone', async () => {
    const gone = new S3Client({ ...served.client, endpoint: 'http://127.0.0.1:1' });
    const name = { model: 'demand', asOf: '2026-03-01', requestId: 'night-5', revision: 3 };
    const log = new BatchLog({ client: gone, bucket: 'predictions', ...name });
    await log.append([recordOf('milk', 'production', 'night-5')]);
    expect(await log.finish()).toMatchObject({ written: 0, failed: 1, records: 0, lostRecords: 1 });
    gone.destroy();
  });

  it('takes no more than a slow bucket does: its memory is bounded', async () => {
    let isOpen = false;
    fault = async () => {
      while (!isOpen) await sleep(5);
    };
    const log = logOf('night-6');
    const records = largeRecords('night-6', 200);
    let appended = 0;
    const appending = (async () => {
      for (; appended < 300; appended += 1) await log.append(records);
    })();
    await sleep(1_000);
    const taken = appended;
    // Some 250 KB each: the parts on their way, the one being filled and what compression has taken in.
    expect(taken * records.length * 1_300).toBeLessThan(8 * PART_BYTES);
    isOpen = true;
    await appending;
    expect(appended).toBe(300);
    expect(await log.finish()).toMatchObject({ written: 1, records: 60_000 });
  });
});
