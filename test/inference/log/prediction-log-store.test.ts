import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PredictionBatch } from '../../../functions/inference/log/log-object.ts';
import { type Arm, type PredictionRecord, predictionRecord } from '../../../functions/inference/log/prediction.ts';
import {
  type LogOptions,
  type LogResult,
  PredictionLogStore,
} from '../../../functions/inference/log/prediction-log-store.ts';
import { createS3 } from '../../../infra/local/s3/s3.ts';
import { type Served, serveOne } from '../../local/fixtures/serve-one.ts';

const AT = '2026-03-02T06:00:00.000Z';

function recordOf(sku: string, arm: Arm, version: string, at = AT): PredictionRecord {
  return {
    ...{ at, model: 'demand', version, arm, sku, store: 'harbour', region: 'north', category: 'fresh', segments: [] },
    ...{ targetDate: '2026-03-02', horizonDays: 1, units: arm === 'shadow' ? 'NaN' : 1.5 },
    ...{ revision: 3, promotionId: 'demand_2-0-0_1', requestId: 'day-60' },
  };
}

function batchOf(members: Partial<PredictionBatch> = {}, at = AT): PredictionBatch {
  const records = [
    ...[recordOf('milk', 'production', '1.1.0', at), recordOf('milk', 'shadow', '2.0.0', at)],
    ...[recordOf('bread', 'production', '1.1.0', at), recordOf('bread', 'shadow', '2.0.0', at)],
  ];
  return { model: 'demand', asOf: '2026-03-01', requestId: 'day-60', revision: 3, records, ...members };
}

const NOTHING: LogResult = {
  ...{ written: 0, repeated: 0, handedOver: 0, failed: 0 },
  ...{ handedOverRecords: 0, lostRecords: 0, causes: [] },
};

const DAY = 'predictions/model=demand/date=2026-03-01';
const KEYS = [
  `${DAY}/arm=production/version=1.1.0/day-60-3.ndjson.gz`,
  `${DAY}/arm=shadow/version=2.0.0/day-60-3.ndjson.gz`,
];

describe('The prediction log in a bucket', () => {
  let served: Served;
  let client: S3Client;

  beforeAll(async () => {
    const s3 = createS3({ now: () => new Date(AT) });
    s3.createBucket('predictions', { VersioningConfiguration: { Status: 'Enabled' } });
    served = await serveOne('s3', s3);
    client = new S3Client(served.client);
  });
  afterEach(() => served.deny());
  afterAll(async () => {
    client.destroy();
    await served.stop();
  });

  const keys = async () =>
    (await client.send(new ListObjectsV2Command({ Bucket: 'predictions' }))).Contents?.map(({ Key }) => Key) ?? [];
  const object = async (Key: string) => {
    const { Body, ...head } = await client.send(new GetObjectCommand({ Bucket: 'predictions', Key }));
    return { ...head, bytes: Buffer.from((await Body?.transformToByteArray()) ?? []) };
  };

  it('has one object per arm and version: a gzip file of one record per line', async () => {
    const written = await new PredictionLogStore(client, 'predictions').log(batchOf());
    expect(written).toEqual({ ...NOTHING, written: 2 });
    expect(await keys()).toEqual(KEYS);
    for (const [key, arm] of [
      [KEYS[0], 'production'],
      [KEYS[1], 'shadow'],
    ] as const) {
      const { bytes, ContentType, ContentEncoding } = await object(key ?? '');
      expect(ContentType).toBe('application/x-ndjson');
      expect(ContentEncoding ?? '').toBe('');
      const lines = gunzipSync(bytes).toString('utf8').split('\n');
      expect(lines.pop()).toBe('');
      const records = lines.map((line) => predictionRecord.parse(JSON.parse(line)));
      expect(records).toEqual(batchOf().records.filter((record) => record.arm === arm));
    }
  });

  it('keeps the first forecasts of a request that is repeated, and counts the repetition', async () => {
    const before = await object(KEYS[0] ?? '');
    const again = await new PredictionLogStore(client, 'predictions').log(batchOf({}, '2026-03-02T07:00:00.000Z'));
    expect(again).toEqual({ ...NOTHING, repeated: 2 });
    expect(await keys()).toEqual(KEYS);
    expect(await object(KEYS[0] ?? '')).toMatchObject({ bytes: before.bytes, VersionId: before.VersionId });
  });

  it('gets what a first attempt could not write when the request is repeated', async () => {
    const store = new PredictionLogStore(client, 'predictions');
    served.deny('s3:PutObject');
    const lost = await store.log(batchOf({ requestId: 'day-61' }));
    expect(lost).toEqual({ ...NOTHING, failed: 2, lostRecords: 4, causes: ['AccessDenied'] });
    served.deny();
    expect(await store.log(batchOf({ requestId: 'day-61' }))).toMatchObject({ written: 2, failed: 0 });
  });

  it('fails by counts when the bucket is gone', async () => {
    const gone = await new PredictionLogStore(client, 'no-such-bucket').log(batchOf());
    expect(gone).toEqual({ ...NOTHING, failed: 2, lostRecords: 4, causes: ['NoSuchBucket'] });
  });
});

describe('The prediction log', () => {
  const client = new S3Client({ region: 'eu-west-1' });
  const s3 = mockClient(client);
  afterEach(() => s3.reset());
  afterAll(() => s3.restore());
  const store = (options?: LogOptions) => new PredictionLogStore(client, 'predictions', options);
  const puts = () => s3.commandCalls(PutObjectCommand).map(({ args }) => args[0].input);

  it('demands of every put that nothing lies there', async () => {
    s3.on(PutObjectCommand).resolves({});
    await store().log(batchOf());
    expect(puts().map(({ IfNoneMatch }) => IfNoneMatch)).toEqual(['*', '*']);
  });

  it('has the same bytes for the same request, apart from its time', async () => {
    s3.on(PutObjectCommand).resolves({});
    await store().log(batchOf());
    await store().log(batchOf());
    // The two objects of a request are compressed at the same time, and put in either order.
    const bodiesOf = (key: string | undefined) => puts().flatMap(({ Key, Body }) => (Key === key ? [Body] : []));
    for (const [once, again] of KEYS.map(bodiesOf)) expect(again).toEqual(once);
    const [first] = bodiesOf(KEYS[0]);
    // Bytes 4 to 7 of a gzip file are its time.
    expect(Buffer.from(first instanceof Uint8Array ? first : []).readUInt32LE(4)).toBe(0);
  });

  it('tries once more after a fault, and takes what the first try wrote after all for done', async () => {
    const conflict = Object.assign(new Error('Somebody else writes.'), { name: 'ConditionalRequestConflict' });
    const exists = Object.assign(new Error('There already.'), { name: 'PreconditionFailed' });
    s3.on(PutObjectCommand, { Key: KEYS[0] }).rejectsOnce(new Error('Broken pipe.')).rejects(exists);
    s3.on(PutObjectCommand, { Key: KEYS[1] }).rejectsOnce(conflict).resolves({});
    expect(await store().log(batchOf())).toMatchObject({ written: 1, repeated: 1, failed: 0 });
    expect(puts()).toHaveLength(4);
  });

  it('counts what failed twice, each cause once, and writes the rest', async () => {
    const down = Object.assign(new Error('Down.'), { name: 'ServiceUnavailable' });
    s3.on(PutObjectCommand, { Key: KEYS[0] }).rejects(down);
    s3.on(PutObjectCommand, { Key: KEYS[1] }).resolves({});
    const result = await store().log(batchOf());
    expect(result).toEqual({ ...NOTHING, written: 1, failed: 1, lostRecords: 2, causes: ['ServiceUnavailable'] });
    expect(puts().filter(({ Key }) => Key === KEYS[0])).toHaveLength(2);
  });

  it('waits for a slow bucket no longer than its limit, writes all objects at once, and gives slow ones up', async () => {
    s3.on(PutObjectCommand, { Key: KEYS[0] }).callsFake(() => new Promise(() => {}));
    s3.on(PutObjectCommand, { Key: KEYS[1] }).resolves({});
    const result = await store({ awaitMs: 20, totalMs: 50 }).log(batchOf());
    expect(result).toEqual({ ...NOTHING, written: 1, failed: 1, lostRecords: 2, causes: ['TIMED_OUT'] });
  });

  it('writes nothing where nothing was forecast', async () => {
    expect(await store().log(batchOf({ records: [] }))).toMatchObject({ written: 0, failed: 0 });
    expect(puts()).toEqual([]);
  });
});
