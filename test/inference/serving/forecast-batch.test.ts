import { describe, expect, it } from 'vitest';
import type { BatchName } from '../../../functions/inference/log/log-object.ts';
import type { PredictionRecord } from '../../../functions/inference/log/prediction.ts';
import { pointerTo } from '../../../functions/inference/pointer/pointer.ts';
import type { Forecaster } from '../../../functions/inference/predictors/forecaster.ts';
import { type BatchPorts, forecastBatch } from '../../../functions/inference/serving/forecast-batch.ts';
import { refusedInput } from '../../../functions/inference/serving/forecast-event.ts';
import { always, CANARY, documentOf, NOW, requestOf, SHADOW } from '../stand.ts';
import { BATCH, batchStand, URI } from './batch-stand.ts';

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => requestOf(`sku-${index}`, { history: [1, 2] }));
const run = (made: ReturnType<typeof batchStand>) => forecastBatch(made.ports, BATCH, 'lambda-request');
const sleeping: Forecaster = () => new Promise(() => {});

describe('A batch from S3', () => {
  it('is forecast into the log, and answered by the objects that hold it', async () => {
    const made = batchStand(many(1_203));
    const answer = await run(made);
    expect(answer).toEqual({
      revision: 3,
      forecasts: [],
      batch: {
        requests: 1_203,
        forecasts: 2_406,
        objects: [
          {
            uri: 's3://predictions/predictions/model=demand/date=2026-03-01/arm=production/version=1.1.0/night-60-3.ndjson.gz',
            ...{ arm: 'production', version: '1.1.0', forecasts: 2_406 },
          },
        ],
      },
    });
    const [log] = made.logs;
    expect(log?.state).toBe('finished');
    expect(new Set(log?.records.map(({ sku, targetDate }) => `${sku} ${targetDate}`)).size).toBe(2_406);
    expect(log?.records[0]).toMatchObject({ requestId: 'night-60', revision: 3, arm: 'production', units: 11 });
    expect(made.events).toEqual([]);
  });

  it('leaves its shadow to others, under the document and the version of the input that it had itself', async () => {
    const made = batchStand(many(3), { document: documentOf(SHADOW), versions: { '2.0.0': sleeping } });
    await run(made);
    expect(made.logs[0]?.records.map(({ arm }) => arm)).toEqual(Array(6).fill('production'));
    expect(made.events).toEqual([
      {
        ...{ kind: 'batch-shadow', model: 'demand', asOf: '2026-03-01', horizonDays: 2, requestId: 'night-60' },
        ...{ at: '2026-03-02T06:00:00.000Z', input: { uri: URI, versionId: 'v1' } },
        ...{ document: documentOf(SHADOW), versions: ['2.0.0'] },
      },
    ]);
    expect(made.counts).toEqual([['SHADOW_HANDED_OVER', 6]]);
    expect(made.signals).toEqual([]);
  });

  it('asks the candidate of a canary itself, for the units that it serves and those that it does not', async () => {
    const made = batchStand(many(200), { document: documentOf(CANARY), versions: { '2.0.0': always(20) } });
    const answer = await run(made);
    expect(answer.batch.objects.map(({ arm, version }) => `${arm} ${version}`).toSorted()).toEqual([
      'canary 2.0.0',
      'production 1.1.0',
    ]);
    const records = [...(made.logs[0]?.records ?? []), ...(made.instead[0]?.records ?? [])];
    expect(records).toHaveLength(800);
    expect(records.filter(({ arm }) => arm === 'shadow')).toHaveLength(400);
    expect(made.events).toEqual([]);
  });

  it('misses the candidate of a canary that is late: its units had to be served by production', async () => {
    const ports = { budgets: { productionMs: 1_000, candidateMs: 5, firstCandidateMs: 20 } };
    const made = batchStand(many(2_500), {
      ...{ document: documentOf({ ...CANARY, canaryPercentage: 100, canaryUntil: '2099-01-01T00:00:00.000Z' }) },
      ...{ versions: { '2.0.0': sleeping }, ports },
    });
    const answer = await run(made);
    const [object, ...others] = answer.batch.objects;
    expect(object).toMatchObject({ arm: 'production', forecasts: 5_000 });
    expect(object?.uri).toMatch(/night-60\.instead-\d+-3\.ndjson\.gz$/);
    expect(others).toEqual([]);
    expect(made.instead[0]?.records).toHaveLength(5_000);
    expect(made.logs[0]?.records.filter(({ version, units }) => version === '2.0.0' && units === null)).toHaveLength(
      5_000,
    );
    expect(made.events).toEqual([]);
    expect(made.signals).toEqual([
      ['SHADOW_FAILED', { model: 'demand', version: '2.0.0', missing: 5_000, negative: 0, nonFinite: 0 }],
    ]);
  });

  it('waits for a version that cannot be read just now, and not for one that is not ours', async () => {
    const rests: number[] = [];
    const withFailures = (failure: object, times: number) => {
      const made = batchStand(many(3), { batch: { rest: async (ms) => void rests.push(ms) } });
      let left = times;
      const loadStandard: BatchPorts['models']['loadStandard'] = async (...asked) => {
        const sound = await made.ports.models.loadStandard(...asked);
        if (left === 0) return sound;
        left -= 1;
        return { loaded: null, failure: { ok: false, code: 'TIMED_OUT', isFinal: false, ...failure } };
      };
      const ports = { ...made.ports, models: { ...made.ports.models, loadStandard } };
      return forecastBatch(ports, BATCH, 'x');
    };
    expect((await withFailures({}, 2)).batch.objects).toMatchObject([{ arm: 'production', forecasts: 6 }]);
    expect(rests).toEqual([31_000, 31_000]);
    expect((await withFailures({}, 99)).batch.objects).toMatchObject([{ arm: 'fallback', forecasts: 6 }]);
    expect(rests).toHaveLength(4);
    const final = await withFailures({ code: 'SIGNATURE_INVALID', isFinal: true }, 99);
    expect(final.batch.objects).toMatchObject([{ arm: 'fallback', forecasts: 6 }]);
    expect(rests).toHaveLength(4);
  });

  it('whose production hangs is served by the safe forecast in time, and asks it no more after a while', async () => {
    const asked = new Set<number>();
    const hanging: Forecaster = ({ sku }) => {
      asked.add(Math.floor(Number(sku.slice(4)) / 500));
      return new Promise(() => {});
    };
    const budgets = { productionMs: 10, candidateMs: 5, firstCandidateMs: 5 };
    const ports = { budgets };
    const made = batchStand(many(40_000), { versions: { '1.1.0': hanging }, ports });
    const { batch } = await run(made);
    expect(batch).toMatchObject({ requests: 40_000, objects: [{ arm: 'fallback', forecasts: 80_000 }] });
    expect(asked.size).toBe(30);
    expect(made.signals).toMatchObject([['PRODUCTION_FAILED', { missing: 80_000 }]]);
  });

  it('that is repeated is answered by objects that hold what it was served, whoever was late at either attempt', async () => {
    const document = documentOf(CANARY);
    /** Says nothing of one unit in three. */
    const halting: Forecaster = ({ sku }) => (Number(sku.slice(4)) % 3 === 0 ? [] : [20, 20]);
    const bucket = new Map<string, readonly PredictionRecord[]>();
    const attempt = async (candidate: Forecaster, at: number) => {
      const ports = { now: () => new Date(NOW.getTime() + at) };
      const made = batchStand(many(300), { document, versions: { '2.0.0': candidate }, ports });
      const { startLog } = made.ports;
      const first = (name: BatchName) => {
        const log = startLog(name);
        const records: PredictionRecord[] = [];
        return {
          ...log,
          append: async (some: readonly PredictionRecord[]) => void records.push(...some),
          finish: () => {
            for (const [group, some] of Map.groupBy(records, ({ arm, version }) => `arm=${arm}/version=${version}`)) {
              const key = `${group}/${name.requestId}-3.ndjson.gz`;
              if (!bucket.has(key)) bucket.set(key, some);
            }
            return log.finish();
          },
        };
      };
      return (await forecastBatch({ ...made.ports, startLog: first }, BATCH, 'x')).batch.objects;
    };
    for (const candidates of [
      [halting, always(20)],
      [always(20), halting],
      [sleeping, halting],
    ] as const) {
      bucket.clear();
      for (const [index, candidate] of candidates.entries()) {
        const objects = await attempt(candidate, index);
        const held = objects.flatMap(({ uri }) => bucket.get(uri.slice(uri.indexOf('arm='))) ?? []);
        expect(new Set(held.map(({ sku, targetDate }) => `${sku} ${targetDate}`)).size).toBe(600);
        expect(held).toHaveLength(600);
        expect(held).toHaveLength(objects.reduce((sum, { forecasts }) => sum + forecasts, 0));
      }
    }
  });

  it('begins anew when the pointer moves meanwhile, and keeps nothing of the version that was withdrawn', async () => {
    const [before, after] = [
      pointerTo(documentOf()),
      pointerTo(documentOf({ revision: 2, productionVersion: '1.0.0' })),
    ];
    let looks = 0;
    const pointer = async () => (++looks > 2 ? after : before);
    const made = batchStand(many(1_000), { versions: { '1.0.0': always(10) }, ports: { pointer } });
    expect(await run(made)).toMatchObject({ revision: 2, batch: { requests: 1_000, objects: [{ version: '1.0.0' }] } });
    expect(made.logs.map(({ state }) => state)).toEqual(['aborted', 'finished']);
  });

  it('gives up with nothing logged when the pointer never rests', async () => {
    let revision = 1;
    const pointer = async () => {
      revision += 1;
      return pointerTo(documentOf({ revision }));
    };
    const made = batchStand(many(3), { ports: { pointer } });
    await expect(run(made)).rejects.toMatchObject({ code: 'POINTER_BUSY' });
    expect(made.logs.map(({ state }) => state)).toEqual(['aborted', 'aborted', 'aborted']);
  });

  it('is refused whole for faulty lines and for units that come twice, all told at once', async () => {
    const line = { code: 'INVALID_FIELD', path: 'line 4.history', message: 'Not a list.' };
    const made = batchStand([requestOf('milk'), requestOf('bread'), requestOf('milk')]);
    const { read } = made.ports.input;
    const faulty = async function* (...given: Parameters<typeof read>) {
      yield* read(...given);
      throw refusedInput([line]);
    } as unknown as typeof read;
    const ports = { ...made.ports, input: { ...made.ports.input, read: faulty } };
    await expect(forecastBatch(ports, BATCH, 'x')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      reasons: [line, { path: 'line 3', got: 'milk harbour' }],
    });
    expect(made.logs.map(({ state }) => state)).toEqual(['aborted']);
  });

  it('fails when it could not be logged, since its log is its answer, and says that asking again is safe', async () => {
    const finished = { failed: 1, lostRecords: 6, causes: ['SlowDown'] };
    const made = batchStand(many(3), { finished });
    await expect(run(made)).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
      reasons: [{ next: expect.stringContaining('same request id') }],
    });
    expect(made.signals.map(([name]) => name)).toEqual(['PREDICTIONS_NOT_LOGGED']);
  });

  it('tells a shadow that nobody takes, and is answered all the same', async () => {
    const made = batchStand(many(3), { document: documentOf(SHADOW), batch: { handOver: async () => false } });
    expect(await run(made)).toMatchObject({ batch: { requests: 3 } });
    expect(made.signals).toEqual([
      ['SHADOW_DROPPED', { model: 'demand', version: '2.0.0', requestId: 'night-60', forecasts: 6 }],
    ]);
  });

  it('is served by the safe forecast without a pointer, and an empty one is answered by nothing', async () => {
    const made = batchStand(many(3), { document: null });
    expect(await run(made)).toMatchObject({ revision: 0, batch: { objects: [{ arm: 'fallback', forecasts: 6 }] } });
    expect(made.signals.map(([name]) => name)).toEqual(['POINTER_UNAVAILABLE']);
    expect((await run(batchStand([]))).batch).toEqual({ requests: 0, forecasts: 0, objects: [] });
  });
});
