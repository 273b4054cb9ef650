import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { type PredictionRecord, predictionRecord } from '../../functions/inference/log/prediction.ts';
import { predictionPaths } from '../../functions/platform/keys.ts';

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
    for (const found of await Promise.all(some.map((key) => readObject(s3, bucket, key)))) records.push(...found);
  }
  return records;
}

async function keysUnder(s3: S3Client, bucket: string, prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
    );
    keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return keys;
}

async function readObject(s3: S3Client, bucket: string, key: string): Promise<readonly PredictionRecord[]> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const bytes = await Body?.transformToByteArray();
  if (bytes === undefined) throw new Error(`${key} has no content.`);
  const lines = gunzipSync(bytes).toString('utf8').trimEnd().split('\n');
  return lines.map((line) => predictionRecord.parse(JSON.parse(line)));
}
