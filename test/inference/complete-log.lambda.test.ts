import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Completed } from '../../functions/inference/log/complete-log.ts';
import { type HandOverEvent, handOverShadow } from '../../functions/inference/log/hand-over.ts';
import { HandedOverStore } from '../../functions/inference/log/handed-over-store.ts';
import { logObject } from '../../functions/inference/log/log-object.ts';
import { type PredictionRecord, predictionRecord } from '../../functions/inference/log/prediction.ts';
import { logger } from '../../functions/platform/logger.ts';
import { createTestKey } from '../fakes/test-key.ts';
import type { Served } from '../local/fixtures/serve-one.ts';
import { signedDocument } from '../pointer/fixtures.ts';
import { serveBuckets } from './served-buckets.ts';

const AT = '2026-03-02T06:00:00.000Z';
const WORK = {
  ...{ model: 'demand', asOf: '2026-03-01', horizonDays: 2, requestId: 'day-60' },
  ...{ at: AT, revision: 3, promotionId: 'demand_2-0-0_1', version: '2.0.0' },
} as const;
const DAY = 'predictions/model=demand/date=2026-03-01';
const unit = (sku: string) => {
  return { sku, store: 'harbour', region: 'north', category: 'fresh', segments: [], history: [1, 2, 3, 4, 5, 6, 7] };
};
const key = createTestKey();

/** The function's entry as Lambda loads it: settings from the environment, our S3 behind the SDK. */
describe('The function that completes the log', () => {
  let served: Served;
  let s3: S3Client;
  let handler: (event: unknown) => Promise<Completed>;
  const errors = vi.spyOn(logger, 'error').mockImplementation(() => undefined);
  const infos = vi.spyOn(logger, 'info').mockImplementation(() => undefined);

  beforeAll(async () => {
    const buckets = await serveBuckets(
      key,
      {
        '2.0.0': '{"forecaster":"seasonal-naive","scale":10}',
        '4.0.0': '"is sound"',
      },
      'complete-log',
    );
    ({ served, s3 } = buckets);
    const { environment } = buckets;
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    ({ handler } = await import('../../functions/inference/complete-log.lambda.ts'));
  });
  afterEach(() => {
    errors.mockClear();
    infos.mockClear();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    errors.mockRestore();
    infos.mockRestore();
    s3.destroy();
    await served.stop();
  });

  const recordsAt = async (Key: string): Promise<readonly PredictionRecord[]> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'predictions', Key }));
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
    const lines = gunzipSync(bytes).toString('utf8').trimEnd().split('\n');
    return lines.map((line) => predictionRecord.parse(JSON.parse(line)));
  };
  const recordOf = (sku: string, horizonDays: number, units: number): PredictionRecord => {
    const { history: _history, ...who } = unit(sku);
    const { at, model, version, revision, promotionId, requestId } = WORK;
    const targetDate = `2026-03-0${1 + horizonDays}`;
    return {
      at,
      model,
      version,
      arm: 'shadow',
      ...who,
      targetDate,
      horizonDays,
      units,
      revision,
      promotionId,
      requestId,
    };
  };

  it('writes the objects that it is handed', async () => {
    const records = [recordOf('milk', 1, 1.5)];
    const { key: name, body, records: count } = await logObject({ ...WORK, requestId: 'objects' }, records);
    const objects = [{ key: name, body: Buffer.from(body).toString('base64'), records: count }];
    expect(await handler({ kind: 'objects', objects })).toEqual({
      kind: 'objects',
      written: 1,
      repeated: 0,
      records: 1,
    });
    expect(await recordsAt(name)).toEqual(records);
    expect(infos.mock.calls).toEqual([['LOG_COMPLETED', { kind: 'objects', written: 1, repeated: 0, records: 1 }]]);
  });

  it('forecasts by the signed version what a shadow did not finish, also what was kept beside the event', async () => {
    const name = `${DAY}/arm=shadow/version=2.0.0/day-60-3.ndjson.gz`;
    const handedOver = new HandedOverStore(s3, 'predictions');
    const events: HandOverEvent[] = [];
    const ports = {
      send: async (event: HandOverEvent) => {
        events.push(event);
        return true;
      },
      keep: (at: string, json: string) => handedOver.keep(at, json),
    };
    const known = [recordOf('milk', 1, 10), recordOf('milk', 2, 20)];
    const large = Array.from({ length: 9_000 }, (_, index) => unit(`sku-${index}`));
    await handOverShadow(ports, WORK, { known, requests: [unit('bread')] });
    await handOverShadow(ports, { ...WORK, requestId: 'large' }, { known: [], requests: large });
    expect(await handler(JSON.parse(JSON.stringify(events[0])))).toMatchObject({ written: 1, records: 4 });
    // A week ago it was 1, then 2; the version says ten times that.
    expect(await recordsAt(name)).toEqual([...known, recordOf('bread', 1, 10), recordOf('bread', 2, 20)]);
    expect(events[1]).toMatchObject({ rest: { key: expect.stringMatching(/^handed-over\//) } });
    expect(await handler(JSON.parse(JSON.stringify(events[1])))).toMatchObject({ written: 1, records: 18_000 });
    expect(await handler(events[1])).toMatchObject({ written: 0, repeated: 1 });
  });

  it('forecasts a batch by the version that shadows it', async () => {
    const uri = 's3://predictions/requests/night.ndjson';
    const Body = ['milk', 'bread'].map((sku) => JSON.stringify(unit(sku))).join('\n');
    const put = new PutObjectCommand({ Bucket: 'predictions', Key: 'requests/night.ndjson', Body });
    const { VersionId: versionId = '' } = await s3.send(put);
    const document = await signedDocument(key, { shadowVersion: '2.0.0', shadowUntil: '2099-01-01T00:00:00.000Z' });
    const { model, asOf, horizonDays, at, version } = WORK;
    const event = {
      ...{ kind: 'batch-shadow', model, asOf, horizonDays, at, requestId: 'night', document },
      ...{ input: { uri, versionId }, versions: [version] },
    };
    expect(await handler(event)).toEqual({ kind: 'batch-shadow', written: 1, repeated: 0, records: 4 });
    const records = await recordsAt(`${DAY}/arm=shadow/version=2.0.0/night-${document.revision}.ndjson.gz`);
    expect(records.map(({ sku, units }) => `${sku} ${units}`)).toEqual(['milk 10', 'milk 20', 'bread 10', 'bread 20']);
  });

  it('forecasts by predictors of others where it is made with them, and without them logs that they said nothing', async () => {
    const { LogCompleter } = await import('../../functions/inference/log-completer.ts');
    const module = new URL('./predictors/hostile-predictors.ts', import.meta.url);
    const predictorOf = () => Promise.reject(new Error('Versions run apart.'));
    const completer = new LogCompleter({ predictors: { predictorOf, module } });
    const unitsOf = async (requestId: string) => {
      const records = await recordsAt(`${DAY}/arm=shadow/version=4.0.0/${requestId}-3.ndjson.gz`);
      return records.map(({ units }) => units);
    };
    const eventOf = (requestId: string) => {
      return { kind: 'shadow', ...WORK, version: '4.0.0', requestId, rest: { known: [], requests: [unit('milk')] } };
    };
    await completer.complete(eventOf('own'));
    expect(await unitsOf('own')).toEqual([7, 7]);
    expect(errors).not.toHaveBeenCalled();
    await handler(eventOf('unknown'));
    expect(await unitsOf('unknown')).toEqual([null, null]);
    expect(errors.mock.calls.map(([name]) => name)).toEqual(['SHADOW_FAILED']);
  });

  it('logs that a version which nobody may load said nothing, and counts it for its alarm', async () => {
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const work = { ...WORK, version: '3.0.0', requestId: 'unvouched' };
    await handler({ kind: 'shadow', ...work, rest: { known: [], requests: [unit('milk')] } });
    const told = written.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('"_aws"'));
    written.mockRestore();
    expect(told.map((line) => JSON.parse(line))).toMatchObject([
      { service: 'inference', SHADOW_FAILED: 1 },
      { model: 'demand', version: '3.0.0', SHADOW_FAILED: 1, FORECASTS_ASKED: 2, FORECASTS_MISSING: 2 },
    ]);
    const detail = { model: 'demand', version: '3.0.0', missing: 2, negative: 0, nonFinite: 0, code: 'NOT_FOUND' };
    expect(errors.mock.calls).toEqual([['SHADOW_FAILED', detail]]);
    const records = await recordsAt(`${DAY}/arm=shadow/version=3.0.0/unvouched-3.ndjson.gz`);
    expect(records.map(({ units }) => units)).toEqual([null, null]);
  });

  it('fails, so that Lambda repeats it and the alarm rings, and says why', async () => {
    await expect(handler({ kind: 'other' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    const missing = { key: 'handed-over/none.json.gz', versionId: 'v' };
    await expect(handler({ kind: 'shadow', ...WORK, rest: missing })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(errors.mock.calls.map(([message]) => message)).toEqual(['LOG_NOT_COMPLETED', 'LOG_NOT_COMPLETED']);
    expect(infos).not.toHaveBeenCalled();
  });
});
