import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeObjects, PredictionFilesStore } from '../../../functions/evidence/stages/prediction-files-store.ts';
import { predictionPaths } from '../../../functions/platform/keys.ts';
import { createS3 } from '../../../infra/local/s3/s3.ts';
import { type Served, serveOne } from '../../local/fixtures/serve-one.ts';
import { dayAfter } from './stage-world.ts';

const key = (asOf: string, revision: number, requestId = 'batch-1') =>
  predictionPaths.prediction({ model: 'demand', asOf, arm: 'production', version: '1.0', requestId, revision });

describe('the prediction bucket', () => {
  let served: Served;
  let s3: S3Client;
  let service: ReturnType<typeof createS3>;
  let store: PredictionFilesStore;
  let bucket = '';
  let buckets = 0;

  beforeAll(async () => {
    service = createS3({ now: () => new Date('2026-03-01T00:00:00.000Z') });
    served = await serveOne('s3', service);
    s3 = new S3Client(served.client);
  });
  beforeEach(() => {
    buckets += 1;
    bucket = `predictions-${buckets}`;
    service.createBucket(bucket, { VersioningConfiguration: { Status: 'Enabled' } });
    store = new PredictionFilesStore(s3, bucket);
  });
  afterAll(async () => {
    s3.destroy();
    await served.stop();
  });

  const put = (Key: string, Body: string | Uint8Array = gzipSync('{}')) =>
    s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));

  it('is searched for the objects of the given documents and no other', async () => {
    const wanted = [key('2026-03-01', 5), key('2026-03-02', 6), key('2026-03-02', 5, 'batch-6')];
    const others = [key('2026-03-01', 15), key('2026-03-01', 7), key('2026-03-03', 50)];
    for (const one of [...wanted, ...others, 'predictions/model=demand-2/date=2026-03-01/x-5.ndjson.gz'])
      await put(one);
    const found = await store.findPredictions('demand', [5, 6]);
    expect(found.map((one) => one.key)).toEqual(wanted.toSorted());
    expect(found.map(({ date }) => date)).toEqual(['2026-03-01', '2026-03-02', '2026-03-02']);
    expect(await store.findPredictions('demand', [])).toEqual([]);
    expect(await store.findPredictions('unknown', [5])).toEqual([]);
  });

  it('is not searched beyond a gap that no stage has, but any distance back to the first find', async () => {
    const newest = '2026-03-31';
    for (let back = 0; back < 60; back++) await put(key(dayAfter(newest, -back), 9));
    const inStage = [20, 21, 22].map((back) => key(dayAfter(newest, -back), 5));
    for (const one of [...inStage, key(dayAfter(newest, -59), 5)]) await put(one);
    const found = await store.findPredictions('demand', [5]);
    expect(found.map((one) => one.key)).toEqual(inStage.toSorted());
  });

  it('lists what versions forecast on given dates, with the document that routed it and its size', async () => {
    const other = predictionPaths.prediction({
      ...{ model: 'demand', asOf: '2026-03-01', arm: 'shadow', version: '1.0.1', requestId: 'batch-1', revision: 5 },
    });
    const body = gzipSync('{"units":1}');
    for (const one of [key('2026-03-01', 5), key('2026-03-02', 61), key('2026-03-03', 5), other]) await put(one, body);
    const dates = ['2026-03-01', '2026-03-02', '2026-03-09'];
    expect(await store.findVersions('demand', { versions: ['1.0'], dates })).toEqual([
      { key: key('2026-03-01', 5), date: '2026-03-01', bytes: body.length, revision: 5 },
      { key: key('2026-03-02', 61), date: '2026-03-02', bytes: body.length, revision: 61 },
    ]);
    expect(await store.findVersions('demand', { versions: [], dates })).toEqual([]);
  });

  it('gives the outcomes with the latest asof of each day', async () => {
    const of = (date: string, asof: string, extension: 'csv.gz' | 'parquet') =>
      predictionPaths.outcomes(date, asof, extension);
    const [first, restated, other] = [
      of('2026-03-02', '20260303T050000Z', 'csv.gz'),
      of('2026-03-02', '20260310T050000Z', 'parquet'),
      of('2026-03-03', '20260304T050000Z', 'csv.gz'),
    ];
    for (const one of [restated, first, other, 'outcomes/date=2026-03-03/notes.txt']) await put(one);
    expect(await store.findOutcomes()).toEqual([
      { key: restated, date: '2026-03-02' },
      { key: other, date: '2026-03-03' },
    ]);
  });

  it('is saved as it is, and gzip that is cut off is told', async () => {
    const content = gzipSync('{"sku":"milk"}\n'.repeat(1000));
    await put(key('2026-03-01', 5), content);
    await put(key('2026-03-02', 5), content.subarray(0, 40));
    await put(key('2026-03-03', 5), 'no gzip');
    const directory = await mkdtemp(join(tmpdir(), 'saved-'));
    try {
      const saved = await store.save(await store.findPredictions('demand', [5]), directory);
      expect(saved.map(({ whole }) => whole)).toEqual([true, false, false]);
      expect(gunzipSync(await readFile(saved[0]?.path ?? '')).length).toBe(15_000);
      const { digest } = describeObjects(saved);
      expect(describeObjects(saved.toReversed())).toEqual({ objects: 3, digest });
      await put(key('2026-03-01', 5), content);
      expect(describeObjects(await store.save(saved, directory)).digest).not.toBe(digest);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('a listing of several pages', () => {
  it('is read to its end', async () => {
    const mock = mockClient(S3Client);
    try {
      const prefix = predictionPaths.modelPrefix('demand');
      const day = predictionPaths.asOfPrefix('demand', '2026-03-01');
      mock
        .on(ListObjectsV2Command, { Prefix: prefix })
        .resolves({ CommonPrefixes: [{ Prefix: `${prefix}notes/` }], NextContinuationToken: 'more' })
        .on(ListObjectsV2Command, { Prefix: prefix, ContinuationToken: 'more' })
        .resolves({ CommonPrefixes: [{ Prefix: day }] })
        .on(ListObjectsV2Command, { Prefix: day })
        .resolves({ Contents: [{ Key: key('2026-03-01', 5, 'a') }], NextContinuationToken: 'rest' })
        .on(ListObjectsV2Command, { Prefix: day, ContinuationToken: 'rest' })
        .resolves({ Contents: [{ Key: key('2026-03-01', 5, 'b') }] });
      const store = new PredictionFilesStore(new S3Client({ region: 'eu-west-1' }), 'predictions');
      expect(await store.findPredictions('demand', [5])).toHaveLength(2);
    } finally {
      mock.restore();
    }
  });

  it('does not take a failed download for an empty log', async () => {
    const mock = mockClient(S3Client);
    try {
      mock.on(GetObjectCommand).rejects(new Error('AccessDenied'));
      const store = new PredictionFilesStore(new S3Client({ region: 'eu-west-1' }), 'predictions');
      const objects = ['a', 'b'].map((name) => ({ key: name, date: '2026-03-01' }));
      await expect(store.save(objects, tmpdir())).rejects.toThrow('AccessDenied');
    } finally {
      mock.restore();
    }
  });
});
