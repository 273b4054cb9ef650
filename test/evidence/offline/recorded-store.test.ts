import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readRecorded } from '../../../functions/evidence/offline/recorded-store.ts';
import { PredictionFilesStore } from '../../../functions/evidence/stages/prediction-files-store.ts';
import { DuckdbStore } from '../../../functions/evidence/tables/duckdb-store.ts';
import type { Arm, ForecastUnits } from '../../../functions/inference/log/prediction.ts';
import { predictionPaths } from '../../../functions/platform/keys.ts';
import { createS3 } from '../../../infra/local/s3/s3.ts';
import { type Served, serveOne } from '../../local/fixtures/serve-one.ts';
import { dayAfter, record } from '../stages/stage-world.ts';

const engine = { memoryMb: 512, threads: 1 };
const ORIGIN = '2026-03-01';
const baselineRow = z.object({ origin: z.string(), sku: z.string(), target: z.string(), units: z.number() });
const actualRow = z.object({ sku: z.string(), day: z.string(), units: z.number() });

describe('What was recorded for the dates of a backtest', () => {
  let served: Served;
  let s3: S3Client;
  let service: ReturnType<typeof createS3>;
  let files: PredictionFilesStore;
  let directory = '';
  let bucket = '';
  let buckets = 0;

  beforeAll(async () => {
    service = createS3({ now: () => new Date('2026-03-01T00:00:00.000Z') });
    served = await serveOne('s3', service);
    s3 = new S3Client(served.client);
  });
  beforeEach(async () => {
    buckets += 1;
    bucket = `recorded-${buckets}`;
    service.createBucket(bucket, { VersioningConfiguration: { Status: 'Enabled' } });
    files = new PredictionFilesStore(s3, bucket);
    directory = await mkdtemp(join(tmpdir(), 'recorded-'));
  });
  afterEach(() => rm(directory, { recursive: true }));
  afterAll(async () => {
    s3.destroy();
    await served.stop();
  });

  const put = (Key: string, Body: Uint8Array) => s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));

  interface Said {
    readonly version?: string;
    readonly arm?: Arm;
    readonly asOf?: string;
    readonly sku?: string;
    readonly units?: ForecastUnits;
    readonly ahead?: number;
  }

  /** Logs one forecast per object. */
  const says = async (said: Said, requestId: string) => {
    const { version = '1.0', arm = 'production', asOf = ORIGIN, sku = 'milk', units = 10, ahead = 1 } = said;
    const one = record({ version, arm, sku, units, targetDate: dayAfter(asOf, ahead), horizonDays: ahead, requestId });
    const key = predictionPaths.prediction({ model: 'demand', asOf, arm, version, requestId, revision: 3 });
    await put(key, gzipSync(`${JSON.stringify(one)}\n`));
    return key;
  };
  const sold = async (date: string, lines: readonly string[], asof = '20260401T000000Z') => {
    const key = predictionPaths.outcomes(date, asof, 'csv.gz');
    await put(key, gzipSync(`date,sku,store,units\n${lines.map((line) => `${date},${line}\n`).join('')}`));
    return key;
  };
  const read = (over: Partial<Parameters<typeof readRecorded>[1]> = {}, most?: { bytes: number; objects: number }) =>
    readRecorded(
      { files, engine, ...(most === undefined ? {} : { most }) },
      { model: 'demand', baseline: '1.0', origins: [ORIGIN], targets: [dayAfter(ORIGIN, 1)], directory, ...over },
    );
  async function rowsOf<T>(path: string | null, columns: string, row: z.ZodType<T>): Promise<readonly T[]> {
    const db = await DuckdbStore.open({ ...engine, directory });
    try {
      return path === null ? [] : await db.rows(`SELECT ${columns} FROM read_parquet('${path}') ORDER BY ALL`, row);
    } finally {
      db.close();
    }
  }
  const baselineOf = (path: string | null) =>
    rowsOf(
      path,
      'CAST(origin_date AS VARCHAR) AS origin, sku, CAST(target_date AS VARCHAR) AS target, units',
      baselineRow,
    );
  const actualsOf = (path: string | null) => rowsOf(path, 'sku, CAST("date" AS VARCHAR) AS day, units', actualRow);

  it('is nothing where nothing lies', async () => {
    expect(await read()).toMatchObject({
      ...{ actuals: null, baseline: null, damaged: [], leftOut: 0 },
      evidence: { outcomes: { objects: 0 }, predictions: { objects: 0 } },
    });
  });

  it('are the forecasts of the version in production, whatever they were used for, at the origins asked for', async () => {
    await says({ units: 10.5 }, 'a');
    await says({ arm: 'shadow', sku: 'bread', units: 3, ahead: 2 }, 'b');
    await says({ version: '2.0', units: 99 }, 'c');
    await says({ asOf: '2026-03-09', units: 99 }, 'd');
    const { baseline, evidence } = await read();
    expect(await baselineOf(baseline)).toEqual([
      { origin: ORIGIN, sku: 'bread', target: '2026-03-03', units: 3 },
      { origin: ORIGIN, sku: 'milk', target: '2026-03-02', units: 10.5 },
    ]);
    expect(evidence.predictions.objects).toBe(2);
  });

  it('are those of the safe forecast where no version was in production', async () => {
    await says({ version: 'seasonal-naive', arm: 'fallback', units: 7 }, 'a');
    await says({ units: 99 }, 'b');
    const { baseline } = await read({ baseline: 'seasonal-naive' });
    expect((await baselineOf(baseline)).map(({ units }) => units)).toEqual([7]);
  });

  it('say nothing where they contradict each other, or are none', async () => {
    for (const [index, units] of [10, 10, 11].entries()) await says({ units, sku: 'milk' }, `milk-${index}`);
    for (const [index, units] of [5, 5].entries()) await says({ units, sku: 'bread' }, `bread-${index}`);
    for (const units of [null, 'NaN', -1] as const) await says({ units, sku: `no-${units}` }, `no-${units}`);
    const { baseline } = await read();
    expect((await baselineOf(baseline)).map(({ sku, units }) => [sku, units])).toEqual([['bread', 5]]);
  });

  it('are the sales of the target days as they were restated last, returns included', async () => {
    const [day, other] = [dayAfter(ORIGIN, 1), dayAfter(ORIGIN, 8)];
    await sold(day, ['milk,harbour,5', 'bread,harbour,1'], '20260303T000000Z');
    await sold(
      day,
      ['milk,harbour,6.25', 'eggs,harbour,-2', 'jam,harbour,', 'tea,harbour,1', 'tea,harbour,2'],
      '20260304T000000Z',
    );
    await sold(other, ['milk,harbour,99']);
    const { actuals, evidence } = await read();
    expect(await actualsOf(actuals)).toEqual([
      { sku: 'eggs', day, units: -2 },
      { sku: 'milk', day, units: 6.25 },
    ]);
    expect(evidence.outcomes.objects).toBe(1);
  });

  it('leave out what is damaged, and name it', async () => {
    const day = dayAfter(ORIGIN, 1);
    const outcomes = await sold(day, ['milk,harbour,5']);
    await put(outcomes, gzipSync('sku,amount\nmilk,5\n'));
    const forecasts = await says({}, 'a');
    await put(forecasts, gzipSync('{"sku":"milk"}').subarray(0, -6));
    expect(await read()).toMatchObject({ actuals: null, baseline: null, damaged: [outcomes, forecasts] });
  });

  it('are told apart by the versions of their objects', async () => {
    const day = dayAfter(ORIGIN, 1);
    await sold(day, ['milk,harbour,5']);
    const first = (await read()).evidence;
    expect((await read()).evidence).toEqual(first);
    await sold(day, ['milk,harbour,5']);
    const second = (await read()).evidence;
    expect(second.outcomes.digest).not.toBe(first.outcomes.digest);
    expect(second.predictions).toEqual(first.predictions);
  });

  it('are read of the newest dates first, as far as the work is bounded', async () => {
    const targets = [1, 2, 3, 4].map((ahead) => dayAfter(ORIGIN, ahead));
    for (const day of targets) await sold(day, ['milk,harbour,5']);
    const { actuals, leftOut } = await read({ targets }, { bytes: 1e9, objects: 3 });
    expect([(await actualsOf(actuals)).map(({ day }) => day), leftOut]).toEqual([targets.slice(1), 1]);
    const small = await read({ targets, directory: join(directory, 'small') }, { bytes: 1, objects: 3 });
    expect(small).toMatchObject({ actuals: null, leftOut: 4 });
  });
});
