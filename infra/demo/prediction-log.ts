import { gunzipSync } from 'node:zlib';
import type { S3Client } from '@aws-sdk/client-s3';
import { type PredictionRecord, predictionRecord } from '../../functions/inference/log/prediction.ts';
import { predictionPaths } from '../../functions/platform/keys.ts';
import { keysUnder, readObject } from './objects.ts';

/** Objects that are read at the same time. */
const AT_ONCE = 16;

/** Every record of a model's prediction log, as anybody with access to the bucket can count it. */
export async function readPredictionLog(
  s3: S3Client,
  bucket: string,
  model: string,
): Promise<readonly PredictionRecord[]> {
  const keys = await keysUnder(s3, bucket, predictionPaths.modelPrefix(model));
  const records: PredictionRecord[] = [];
  for (let from = 0; from < keys.length; from += AT_ONCE) {
    const some = keys.slice(from, from + AT_ONCE);
    for (const found of await Promise.all(some.map((key) => readRecords(s3, bucket, key)))) records.push(...found);
  }
  return records;
}

async function readRecords(s3: S3Client, bucket: string, key: string): Promise<readonly PredictionRecord[]> {
  const bytes = await readObject(s3, bucket, key);
  const lines = gunzipSync(bytes).toString('utf8').trimEnd().split('\n');
  return lines.map((line) => predictionRecord.parse(JSON.parse(line)));
}
