import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type CompleteLogPorts, completeLog } from '../../../functions/inference/log/complete-log.ts';
import { forecastVersionBy } from '../../../functions/inference/log/forecast-version.ts';
import type { BatchShadowEvent, ShadowEvent } from '../../../functions/inference/log/hand-over.ts';
import { type LogObject, logObject } from '../../../functions/inference/log/log-object.ts';
import { type PredictionRecord, predictionRecord } from '../../../functions/inference/log/prediction.ts';
import type { ForecastRequest } from '../../../functions/inference/predictors/forecaster.ts';
import type { Signal, SignalDetail } from '../../../functions/inference/serving/signals.ts';

const WORK = {
  ...{ model: 'demand', asOf: '2026-03-01', horizonDays: 2, requestId: 'day-60' },
  ...{ at: '2026-03-02T06:00:00.000Z', revision: 3, promotionId: 'demand_2-0-0_1', version: '2.0.0' },
} as const;
const KEY = 'predictions/model=demand/date=2026-03-01/arm=shadow/version=2.0.0/day-60-3.ndjson.gz';

const request = (sku: string) => ({
  ...{ sku, store: 'harbour', region: 'north', category: 'fresh', segments: ['tier:a'], history: [1, 2, 3] },
});
const record = (sku: string, horizonDays: number, units: PredictionRecord['units']): PredictionRecord => ({
  ...{ at: WORK.at, model: 'demand', version: '2.0.0', arm: 'shadow', sku, store: 'harbour', region: 'north' },
  ...{ category: 'fresh', segments: ['tier:a'], targetDate: `2026-03-0${1 + horizonDays}`, horizonDays, units },
  ...{ revision: 3, promotionId: 'demand_2-0-0_1', requestId: 'day-60' },
});
const shadowOf = (rest: ShadowEvent['rest']): ShadowEvent => ({ kind: 'shadow', ...WORK, rest });

const recordsIn = ({ body }: LogObject): readonly PredictionRecord[] =>
  gunzipSync(body)
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => predictionRecord.parse(JSON.parse(line)));

/** Ports on memory; every put that is not told otherwise succeeds. */
function stand(members: Partial<CompleteLogPorts> = {}) {
  const objects = new Map<string, LogObject>();
  const pauses: number[] = [];
  const signals: (readonly [Signal, SignalDetail])[] = [];
  const asked: (readonly ForecastRequest[])[] = [];
  const ports: CompleteLogPorts = {
    put: async (object) => {
      if (objects.has(object.key)) return 'repeated';
      objects.set(object.key, object);
      return 'written';
    },
    readKept: () => Promise.reject(new Error('Nothing was kept.')),
    forecastVersion: async (_version, requests) => {
      asked.push(requests);
      return { said: requests.map(({ horizonDays }) => Array(horizonDays).fill(7)), unfinished: [] };
    },
    completeBatch: () => Promise.reject(new Error('There is no batch.')),
    signal: (name, detail) => signals.push([name, detail]),
    measure: () => undefined,
    pause: async (milliseconds) => {
      pauses.push(milliseconds);
    },
    ...members,
  };
  return { ports, objects, pauses, asked, signals };
}

const objectEvent = async (...skus: readonly string[]) => {
  const objects = await Promise.all(
    skus.map((sku) => logObject({ ...WORK, requestId: sku }, [record(sku, 1, 1.5), record(sku, 2, 'NaN')])),
  );
  const members = objects.map(({ key, body, records }) => ({
    ...{ key, body: Buffer.from(body).toString('base64'), records },
  }));
  return { objects, event: { kind: 'objects', objects: members } };
};

describe('Completing the prediction log', () => {
  it('writes objects as they were made, once', async () => {
    const { ports, objects } = stand();
    const { event, objects: made } = await objectEvent('milk', 'bread');
    expect(await completeLog(ports, event)).toEqual({ kind: 'objects', written: 2, repeated: 0, records: 4 });
    expect(await completeLog(ports, event)).toEqual({ kind: 'objects', written: 0, repeated: 2, records: 4 });
    expect([...objects.values()].map(({ key, body }) => [key, Buffer.from(body)])).toEqual(
      made.map(({ key, body }) => [key, Buffer.from(body)]),
    );
  });

  it('puts an object again while the bucket is unwell, for two minutes', async () => {
    let faults = 7;
    const { ports, pauses } = stand({
      put: async () => {
        faults -= 1;
        if (faults >= 0) throw new Error('Slow down.');
        return 'written';
      },
    });
    const { event } = await objectEvent('milk');
    expect(await completeLog(ports, event)).toMatchObject({ written: 1 });
    expect(pauses.reduce((sum, pause) => sum + pause, 0)).toBe(123_000);
  });

  it('fails naming what it could not write, after everything else is written, so that Lambda repeats it', async () => {
    const { ports, objects } = stand();
    const put: CompleteLogPorts['put'] = async (object) => {
      if (object.key.includes('milk')) throw new Error('No.');
      return ports.put(object);
    };
    const { event } = await objectEvent('milk', 'bread');
    await expect(completeLog({ ...ports, put }, event)).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
      message: expect.stringMatching(/^2 forecasts are not in the log: .*milk-3\.ndjson\.gz could not be written/),
    });
    expect([...objects.keys()]).toEqual([expect.stringContaining('bread-3')]);
    expect(await completeLog(ports, event)).toMatchObject({ written: 1, repeated: 1 });
  });

  it('makes the forecasts that a shadow did not finish, under the key of its invocation', async () => {
    const { ports, objects, asked } = stand();
    const known = [record('milk', 1, 1.5), record('milk', 2, null)];
    const event = shadowOf({ known, requests: [request('bread')] });
    expect(await completeLog(ports, event)).toEqual({ kind: 'shadow', written: 1, repeated: 0, records: 4 });
    expect(asked).toEqual([[{ ...request('bread'), asOf: '2026-03-01', horizonDays: 2 }]]);
    const object = objects.get(KEY);
    expect(object && recordsIn(object)).toEqual([...known, record('bread', 1, 7), record('bread', 2, 7)]);
  });

  it('takes them from where they were kept when they did not fit into the event', async () => {
    const kept = { key: 'handed-over/a.json.gz', versionId: 'v1' };
    const { ports, objects } = stand({
      readKept: async (asked) => {
        expect(asked).toEqual(kept);
        return { known: [], requests: [request('bread')] };
      },
    });
    expect(await completeLog(ports, shadowOf(kept))).toMatchObject({ written: 1, records: 2 });
    expect([...objects.keys()]).toEqual([KEY]);
  });

  it('logs that a version said nothing, or what nobody may get, and tells of it once', async () => {
    const said = [null, [Number.NaN]];
    const { ports, objects, signals } = stand({
      forecastVersion: async () => ({ said, unfinished: [], code: 'TypeError' }),
    });
    await completeLog(ports, shadowOf({ known: [], requests: [request('milk'), request('bread')] }));
    const object = objects.get(KEY);
    expect(object && recordsIn(object).map(({ units }) => units)).toEqual([null, null, 'NaN', null]);
    const counts = { missing: 3, negative: 0, nonFinite: 1, code: 'TypeError' };
    expect(signals).toEqual([['SHADOW_FAILED', { model: 'demand', version: '2.0.0', ...counts }]]);
  });

  it('hands a batch to whoever forecasts it', async () => {
    const batches: BatchShadowEvent[] = [];
    const { ports } = stand({
      completeBatch: async (batch) => {
        batches.push(batch);
        return { written: 1, repeated: 0, records: 9 };
      },
    });
    const { revision: _revision, promotionId: _promotion, version, ...work } = WORK;
    const input = { uri: 's3://predictions/requests/a', versionId: 'v1' };
    const event = { kind: 'batch-shadow', ...work, input, document: null, versions: [version] };
    expect(await completeLog(ports, event)).toEqual({ kind: 'batch-shadow', written: 1, repeated: 0, records: 9 });
    expect(batches).toEqual([event]);
  });

  it.each([
    ['of no kind', { kind: 'other' }],
    ['outside the log', { kind: 'objects', objects: [{ key: 'outcomes/a.ndjson.gz', body: 'H4sIAAAA', records: 1 }] }],
    [
      'with a key that only begins alike',
      { kind: 'objects', objects: [{ key: `${KEY}/../../outcomes/x`, body: 'H4sIAAAA', records: 1 }] },
    ],
    ['that is no gzip file', { kind: 'objects', objects: [{ key: KEY, body: 'AAAA', records: 1 }] }],
    [
      'of a request that no key can name',
      { ...shadowOf({ known: [], requests: [request('milk')] }), requestId: '../a' },
    ],
    ['kept elsewhere', shadowOf({ key: 'predictions/a', versionId: 'v' })],
    ['without requests', shadowOf({ known: [], requests: [] })],
  ])('refuses what is no event of ours: %s', async (_what, event) => {
    const { ports, objects } = stand();
    await expect(completeLog(ports, event)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(objects.size).toBe(0);
  });

  it('refuses what was kept and is not what inference keeps', async () => {
    const { ports } = stand({ readKept: async () => ({ requests: 'all' }) });
    const event = shadowOf({ key: 'handed-over/a.json.gz', versionId: 'v1' });
    await expect(completeLog(ports, event)).rejects.toMatchObject({ code: 'CORRUPT_ITEM' });
  });
});

describe('Asking a version behind the answer', () => {
  type Ports = Parameters<typeof forecastVersionBy>[0];
  const loaded = { model: 'demand', version: '2.0.0', sha256: '', bytes: new Uint8Array() };
  const ask = (fetch: Ports['models']['fetch'], runApart: Ports['runApart'] = sound, budgetMs = 5_000) =>
    forecastVersionBy({ models: { fetch }, budgetMs, runApart })({ model: 'demand', version: '2.0.0' }, [
      { ...request('milk'), asOf: '2026-03-01', horizonDays: 2 },
    ]);
  const sound: Ports['runApart'] = async ({ requests, positions }) => {
    expect(positions).toEqual([0]);
    return { said: requests.map(({ horizonDays }) => Array(horizonDays).fill(7)), unfinished: [] };
  };

  it('answers what the version says, which runs apart', async () => {
    expect(await ask(async () => ({ ok: true, loaded }))).toMatchObject({ said: [[7, 7]] });
  });

  it('stops a version that hangs after its time, and takes what it has said', async () => {
    const hanging: Ports['runApart'] = ({ stop }) =>
      new Promise((resolve) => {
        stop.addEventListener('abort', () => resolve({ said: [null], unfinished: [0] }));
      });
    expect(await ask(async () => ({ ok: true, loaded }), hanging, 20)).toEqual({ said: [null], unfinished: [0] });
  });

  it('fails while the version cannot be loaded, so that the event is repeated', async () => {
    const asked = ask(async () => ({ ok: false, code: 'TIMED_OUT', isFinal: false }));
    await expect(asked).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
  });

  it('answers nothing for a version that can never be loaded, as in time', async () => {
    expect(await ask(async () => ({ ok: false, code: 'SIGNATURE_INVALID', isFinal: true }))).toEqual({
      ...{ said: [null], unfinished: [], code: 'SIGNATURE_INVALID' },
    });
  });
});
