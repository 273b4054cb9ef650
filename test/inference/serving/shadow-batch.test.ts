import { describe, expect, it } from 'vitest';
import { asUnits } from '../../../functions/inference/serving/settle.ts';
import { type ShadowBatchPorts, shadowBatch } from '../../../functions/inference/serving/shadow-batch.ts';
import { createTestKey } from '../../fakes/test-key.ts';
import { signedDocument } from '../../pointer/fixtures.ts';
import { CANARY, NOW, requestOf, SHADOW } from '../stand.ts';
import { BATCH, batchStand } from './batch-stand.ts';

const key = createTestKey();
const requests = Array.from({ length: 700 }, (_, index) => requestOf(`sku-${index}`));

async function scene(members: object = {}, asking: readonly object[] = requests) {
  const made = batchStand(asking);
  const { input: uri, ...work } = BATCH;
  const document = await signedDocument(key, { ...SHADOW, ...members });
  const input = { uri, versionId: 'v1' };
  const event = { kind: 'batch-shadow' as const, ...work, at: NOW.toISOString(), input, document, versions: ['2.0.0'] };
  const ports: ShadowBatchPorts = {
    input: made.ports.input,
    startLog: made.ports.startLog,
    forecastVersion: async (_version, asked) => {
      return { said: asked.map(({ sku }) => (sku === 'sku-3' ? null : [20, Number.NaN])), unfinished: [] };
    },
    signal: (name, detail) => made.signals.push([name, detail]),
    measure: ({ version }, figures) => made.measured.push({ version, ...figures }),
    publicKeyPem: key.publicKeyPem,
  };
  return { ...made, event, ports };
}

describe('The shadow of a batch', () => {
  it('is forecast later for the same requests, and logged as the invocation itself would have', async () => {
    const { event, ports, logs, signals, measured } = await scene();
    await shadowBatch(ports, event);
    const counts = { missing: 2, negative: 0, nonFinite: 699 };
    expect(signals).toEqual([['SHADOW_FAILED', { model: 'demand', version: '2.0.0', ...counts }]]);
    expect(measured).toEqual([{ version: '2.0.0', asked: 1_400, missing: 2, invalid: 699 }]);
    expect(logs.map(({ state }) => state)).toEqual(['finished']);
    const records = logs[0]?.records ?? [];
    expect(records).toHaveLength(1_400);
    expect(records[0]).toEqual({
      ...{ at: NOW.toISOString(), model: 'demand', version: '2.0.0', arm: 'shadow' },
      ...{ sku: 'sku-0', store: 'harbour', region: 'north', category: 'fresh', segments: [] },
      ...{ targetDate: '2026-03-02', horizonDays: 1, units: 20 },
      ...{ revision: 3, promotionId: 'demand_1-1-0_1', requestId: 'night-60' },
    });
    expect(records[1]?.units).toBe(asUnits(Number.NaN));
    expect(records.filter(({ sku }) => sku === 'sku-3').map(({ units }) => units)).toEqual([null, null]);
  });

  it('leaves out the units that its version served itself', async () => {
    const { event, ports, logs } = await scene({ ...CANARY, shadowVersion: '2.0.0' });
    await shadowBatch(ports, event);
    const shadowed = new Set(logs[0]?.records.map(({ sku }) => sku));
    expect(shadowed.size).toBeGreaterThan(200);
    expect(shadowed.size).toBeLessThan(500);
  });

  it('asks a version that hangs each time no more after a while, and logs that it said nothing', async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => requestOf(`sku-${index}`, { history: [] }));
    const { event, ports, logs, signals } = await scene({}, many);
    let asked = 0;
    const forecastVersion: ShadowBatchPorts['forecastVersion'] = async (_version, { length }) => {
      asked += 1;
      return { said: Array(length).fill(null), unfinished: Array.from({ length }, (_, index) => index) };
    };
    await shadowBatch({ ...ports, forecastVersion }, { ...event, horizonDays: 1 });
    expect(asked).toBe(30);
    expect(logs[0]?.records).toHaveLength(20_000);
    expect(signals).toMatchObject([['SHADOW_FAILED', { missing: 20_000 }]]);
  });

  it('is not made by a document that is not ours', async () => {
    const { event, ports, logs } = await scene();
    const document = { ...event.document, canaryPercentage: 7 };
    await expect(shadowBatch(ports, { ...event, document })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(logs).toEqual([]);
  });

  it('leaves nothing behind when its version cannot be asked, so that it can be repeated', async () => {
    const { event, ports, logs } = await scene();
    const forecastVersion = () => Promise.reject(new Error('Not now.'));
    await expect(shadowBatch({ ...ports, forecastVersion }, event)).rejects.toThrow('Not now.');
    expect(logs.map(({ state }) => state)).toEqual(['aborted']);
  });

  it('fails when it could not be logged', async () => {
    const made = await scene();
    const startLog: ShadowBatchPorts['startLog'] = (name) => ({
      ...made.ports.startLog(name),
      finish: async () => ({ written: 0, repeated: 0, failed: 1, records: 0, lostRecords: 4, causes: ['SlowDown'] }),
    });
    await expect(shadowBatch({ ...made.ports, startLog }, made.event)).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
      message: expect.stringContaining('SlowDown'),
    });
  });
});
