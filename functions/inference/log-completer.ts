import { setTimeout as sleep } from 'node:timers/promises';
import { inferenceS3 } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { isReleaseError } from '../platform/errors.ts';
import { predictionPaths } from '../platform/keys.ts';
import { logger } from '../platform/logger.ts';
import { inferenceCounts } from '../platform/metrics.ts';
import * as wired from '../platform/wiring.ts';
import type { InferenceClientOptions } from './client.ts';
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

/** The same as of the client whose log it completes: a version whose kind is unknown here is logged as one that said nothing. */
export type LogCompleterOptions = Pick<InferenceClientOptions, 'predictors'>;

/** How long a version may take for an event, and for each chunk of a batch: nobody waits, but the rest is to be written too. */
const EVENT_MS = 300_000;
const CHUNK_MS = 10_000;

/** Completes the prediction log behind the answers of `InferenceClient`, as its environment configures it. One per process. */
export class LogCompleter {
  readonly #counts = inferenceCounts();
  readonly #ports: CompleteLogPorts;

  constructor({ predictors }: LogCompleterOptions = {}) {
    const [s3, bucket, publicKeyPem] = [inferenceS3(), config('PREDICTION_BUCKET'), config('POINTER_PUBLIC_KEY')];
    const log = new PredictionLogStore(s3, bucket);
    const handedOver = new HandedOverStore(s3, bucket);
    const models = new ModelStore({
      ...{ evidence: wired.inferenceEvidence(), publicKeyPem, now: systemClock },
      predictorOf: predictors?.predictorOf ?? knownPredictors(),
    });
    const isolated = new IsolatedRunner(predictors === undefined ? {} : { predictorModule: predictors.module });
    const forecastWithin = (budgetMs: number) =>
      forecastVersionBy({ models, budgetMs, runApart: async (run) => heard(await isolated.run(run)) });
    const signal: CompleteLogPorts['signal'] = (name, detail) => this.#counts.signal(name, detail);
    const batches: ShadowBatchPorts = {
      input: new BatchInputStore(s3, [`s3://${bucket}/${predictionPaths.requestsPrefix}`]),
      startLog: (name) => new BatchLog({ client: s3, bucket, ...name }),
      forecastVersion: forecastWithin(CHUNK_MS),
      ...{ signal, publicKeyPem },
    };
    this.#ports = {
      put: (object) => log.put(object),
      readKept: (kept) => handedOver.read(kept),
      forecastVersion: forecastWithin(EVENT_MS),
      completeBatch: (event) => shadowBatch(batches, event),
      signal,
      pause: (ms) => sleep(ms),
    };
  }

  /** @throws what `completeLog` throws, so that Lambda repeats the event: twice, after one and two minutes */
  async complete(event: unknown): Promise<Completed> {
    try {
      const completed = await completeLog(this.#ports, event);
      logger.info('LOG_COMPLETED', { ...completed });
      return completed;
    } catch (error) {
      const reasons = isReleaseError(error) ? error.reasons : [];
      logger.error('LOG_NOT_COMPLETED', { error: error instanceof Error ? error : String(error), reasons });
      throw error;
    } finally {
      this.#counts.publish();
    }
  }
}
