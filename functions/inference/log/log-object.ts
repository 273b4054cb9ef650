import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { predictionPaths } from '../../platform/keys.ts';
import type { PredictionRecord } from './prediction.ts';

/** What names the objects of one invocation, beside arm and version. */
export interface BatchName {
  readonly model: string;
  /** Business date of the request. */
  readonly asOf: string;
  readonly requestId: string;
  readonly revision: number;
}

/** All records of one request. They agree in model, revision and request id. */
export interface PredictionBatch extends BatchName {
  readonly records: readonly PredictionRecord[];
}

/** A finished object of the log: a gzip file of one record per line. */
export interface LogObject {
  readonly key: string;
  readonly body: Uint8Array;
  /** Lines in it. */
  readonly records: number;
}

const zipped = promisify(gzip);

/** The records of each object: those of one arm and version. */
export function objectRecords(records: readonly PredictionRecord[]): readonly (readonly PredictionRecord[])[] {
  return [...Map.groupBy(records, ({ arm, version }) => `${arm} ${version}`).values()];
}

/**
 * The object of records that agree in arm and version. Compressed in the thread pool, so that the process goes on serving.
 * The same records give the same bytes.
 */
export async function logObject(name: BatchName, records: readonly PredictionRecord[]): Promise<LogObject> {
  const { arm = '', version = '' } = records[0] ?? {};
  const key = predictionPaths.prediction({ ...name, arm, version });
  return { key, body: await zipped(linesOf(records)), records: records.length };
}

export function linesOf(records: readonly PredictionRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}
