import { setTimeout as sleep } from 'node:timers/promises';
import { inferenceS3 } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { isReleaseError } from '../platform/errors.ts';
import { predictionPaths } from '../platform/keys.ts';
import { logger } from '../platform/logger.ts';
import { inferenceCounts } from '../platform/metrics.ts';
import * as wired from '../platform/wiring.ts';
import { BatchInputStore } from './log/batch-input-store.ts';
import { BatchLog } from './log/batch-log-store.ts';
import { type Completed, type CompleteLogPorts, completeLog } from './log/complete-log.ts';
import { forecastVersionBy } from './log/forecast-version.ts';
import { HandedOverStore } from './log/handed-over-store.ts';
import { PredictionLogStore } from './log/prediction-log-store.ts';
import { IsolatedRunner } from './predictors/isolated-runner-store.ts';
import { knownPredictors } from './predictors/known-predictors-store.ts';
import { ModelStore } from './predictors/model-store.ts';
import { heard } from './serving/heard.ts';
import { type ShadowBatchPorts, shadowBatch } from './serving/shadow-batch.ts';

const bucket = config('PREDICTION_BUCKET');
const log = new PredictionLogStore(inferenceS3(), bucket);
const handedOver = new HandedOverStore(inferenceS3(), bucket);
const publicKeyPem = config('POINTER_PUBLIC_KEY');
const loading = { evidence: wired.inferenceEvidence(), predictorOf: knownPredictors() };
const models = new ModelStore({ ...loading, publicKeyPem, now: systemClock });
const isolated = new IsolatedRunner();
const { signal, publish } = inferenceCounts();
/** Nobody waits for a version here; what hangs, in an event or a batch's chunk, leaves time to write the rest. */
const forecastWithin = (budgetMs: number) =>
  forecastVersionBy({ models, budgetMs, runApart: async (run) => heard(await isolated.run(run)) });
const batchPorts: ShadowBatchPorts = {
  input: new BatchInputStore(inferenceS3(), [`s3://${bucket}/${predictionPaths.requestsPrefix}`]),
  startLog: (name) => new BatchLog({ client: inferenceS3(), bucket, ...name }),
  ...{ forecastVersion: forecastWithin(10_000), signal, publicKeyPem },
};
const ports: CompleteLogPorts = {
  put: (object) => log.put(object),
  readKept: (kept) => handedOver.read(kept),
  forecastVersion: forecastWithin(300_000),
  completeBatch: (event) => shadowBatch(batchPorts, event),
  signal,
  pause: (ms) => sleep(ms),
};

/** Completes the prediction log behind an answer. Lambda repeats an event that fails twice, after one and two minutes. */
export async function handler(event: unknown): Promise<Completed> {
  try {
    const completed = await completeLog(ports, event);
    logger.info('LOG_COMPLETED', { ...completed });
    return completed;
  } catch (error) {
    const reasons = isReleaseError(error) ? error.reasons : [];
    logger.error('LOG_NOT_COMPLETED', { error: error instanceof Error ? error : String(error), reasons });
    throw error;
  } finally {
    publish();
  }
}
