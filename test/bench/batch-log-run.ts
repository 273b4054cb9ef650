import { S3Client } from '@aws-sdk/client-s3';
import { BatchInputStore } from '../../functions/inference/log/batch-input-store.ts';
import { BatchLog } from '../../functions/inference/log/batch-log-store.ts';
import type { PredictionRecord } from '../../functions/inference/log/prediction.ts';
import { unitRequest } from '../../functions/inference/serving/forecast-event.ts';

// One batch in a process of its own, so that its memory is its own: `write <records>` or `read <uri>`, of an endpoint.
const [endpoint = '', what = '', of = ''] = process.argv.slice(2);
const CHUNK = 2_000;
const ARMS = [
  ['production', '1.1.0'],
  ['shadow', '2.0.0'],
] as const;

const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
const client = new S3Client({ endpoint, forcePathStyle: true, region: 'eu-west-1', credentials });
const from = performance.now();
const records = what === 'write' ? await write(Number(of)) : await read(of);
const seconds = (performance.now() - from) / 1000;
console.log(JSON.stringify({ records, seconds, peakMb: process.resourceUsage().maxRSS / 1024 }));
client.destroy();

async function write(count: number): Promise<number> {
  const name = { model: 'demand', asOf: '2026-03-01', requestId: 'night', revision: 3 };
  const log = new BatchLog({ client, bucket: 'predictions', ...name });
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

async function read(uri: string): Promise<number> {
  let count = 0;
  for await (const { value } of new BatchInputStore(client, ['s3://predictions/requests/']).read(uri, unitRequest)) {
    count += value.history.length > 0 ? 1 : 0;
  }
  return count;
}
