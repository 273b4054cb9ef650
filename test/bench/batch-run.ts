import { setImmediate as nextTurn } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { BatchInputStore } from '../../functions/inference/log/batch-input-store.ts';
import { BatchLog } from '../../functions/inference/log/batch-log-store.ts';
import type { PredictionRecord } from '../../functions/inference/log/prediction.ts';
import { pointerTo } from '../../functions/inference/pointer/pointer.ts';
import { IsolatedRunner } from '../../functions/inference/predictors/isolated-runner-store.ts';
import { knownPredictors } from '../../functions/inference/predictors/known-predictors-store.ts';
import { forecastBatch } from '../../functions/inference/serving/forecast-batch.ts';
import type { PointerDocument } from '../../functions/pointer/document.ts';

// One batch in a process of its own, so that its memory is its own: `write <records>`, or `alone <uri>` and `canary <uri>`.
const [endpoint = '', what = '', of = ''] = process.argv.slice(2);
const CHUNK = 2_000;
const ARMS = [
  ['production', '1.1.0'],
  ['shadow', '2.0.0'],
] as const;
const BUCKET = 'predictions';
const ARTIFACT = Buffer.from('{"forecaster":"by-demand"}');

const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
const client = new S3Client({ endpoint, forcePathStyle: true, region: 'eu-west-1', credentials });
const from = performance.now();
const rows = what === 'write' ? await write(Number(of)) : await forecastAll(of, what === 'canary');
const seconds = (performance.now() - from) / 1000;
console.log(JSON.stringify({ rows, seconds, peakMb: process.resourceUsage().maxRSS / 1024 }));
client.destroy();

async function write(count: number): Promise<number> {
  const name = { model: 'demand', asOf: '2026-03-01', requestId: 'night', revision: 3 };
  const log = new BatchLog({ client, bucket: BUCKET, ...name });
  for (let at = 0; at < count; at += CHUNK) {
    const units = Array.from({ length: CHUNK / ARMS.length }, (_, index) => at / ARMS.length + index);
    await log.append(units.flatMap((unit) => ARMS.map(([arm, version]) => recordOf(unit, arm, version))));
  }
  return (await log.finish()).records;
}

function recordOf(unit: number, arm: 'production' | 'shadow', version: string): PredictionRecord {
  return {
    ...{ at: '2026-03-02T06:00:00.000Z', model: 'demand', version, arm, sku: `sku-${unit % 50_000}` },
    ...{ store: `store-${unit % 400}`, region: `region-${unit % 12}`, category: `category-${unit % 40}` },
    ...{ segments: ['tier:a'], targetDate: '2026-03-02', horizonDays: 1 + (unit % 14), units: Math.random() * 100 },
    ...{ revision: 3, promotionId: 'demand_2-0-0_1', requestId: 'night' },
  };
}

/** The whole use case: read, checked, routed, forecast, logged. The answer is the rows that it says were served. */
async function forecastAll(uri: string, hasCanary: boolean): Promise<number> {
  const isolated = new IsolatedRunner();
  const artifact = (version: string) => ({ model: 'demand', version, sha256: version, bytes: ARTIFACT });
  const predictor = await knownPredictors()(ARTIFACT);
  const missing: string[] = [];
  const answer = await forecastBatch(
    {
      pointer: async () => pointerTo(documentOf(hasCanary)),
      models: {
        fetch: async (_model, version) => ({ ok: true, loaded: artifact(version) }),
        loadStandard: async (_model, version) => ({ loaded: { ...artifact(version), predictor }, failure: null }),
      },
      runApart: (job) => isolated.run(job),
      budgets: { productionMs: 10_000, candidateMs: 500, firstCandidateMs: 2_000 },
      isFirstMet: () => false,
      pause: () => nextTurn(),
      rest: async () => undefined,
      input: new BatchInputStore(client, [`s3://${BUCKET}/requests/`]),
      startLog: (name) => new BatchLog({ client, bucket: BUCKET, ...name }),
      handOver: async () => true,
      bucket: BUCKET,
      signal: (name, detail) => missing.push(`${name} ${JSON.stringify(detail)}`),
      count: () => undefined,
      measure: () => undefined,
      now: () => new Date(),
    },
    { model: 'demand', asOf: '2026-03-01', horizonDays: 7, requestId: `night-${what}`, input: uri },
    'unnamed',
  );
  isolated.close();
  if (missing.length > 0) throw new Error(missing.join('\n'));
  return answer.batch.forecasts;
}

function documentOf(hasCanary: boolean): PointerDocument {
  const canary = hasCanary ? { canaryVersion: '2.0.0', canaryUntil: '2099-01-01T00:00:00Z', canaryPercentage: 50 } : {};
  return {
    ...{
      schema: 1,
      revision: 3,
      productionVersion: '1.1.0',
      previousVersion: '',
      shadowVersion: '',
      canaryVersion: '',
    },
    ...{ shadowUntil: '', canaryUntil: '', canaryPercentage: 0, unit: 'sku-store', salt: 'demand_2-0-0_1' },
    ...{ canaryRegions: [], canaryStores: [], canarySkus: [], canaryCategories: [], excludedSegments: [] },
    ...{ fallback: '', fallbackSegments: [], promotionId: 'demand_2-0-0_1', approvedBy: [], reason: '' },
    ...{ approvedAt: '2026-03-01T00:00:00Z', manifestSha256: '', signature: 'none' },
    ...canary,
  };
}
