import { setTimeout as sleep } from 'node:timers/promises';
import { isReleaseError } from '../platform/errors.ts';
import { logger } from '../platform/logger.ts';
import { inferenceCounts } from '../platform/metrics.ts';
import type { InferenceClientOptions } from './client.ts';
import { type Completed, type CompleteLogPorts, completeLog } from './log/complete-log.ts';
import { forecastVersionBy } from './log/forecast-version.ts';
import { PredictionLogStore } from './log/prediction-log-store.ts';
import { type ShadowBatchPorts, shadowBatch } from './serving/shadow-batch.ts';
import { inferenceWiring } from './wiring.ts';

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
    const { s3, bucket, publicKeyPem, models, runApart, handedOver, input, startLog } = inferenceWiring(predictors);
    const log = new PredictionLogStore(s3, bucket);
    const forecastWithin = (budgetMs: number) => forecastVersionBy({ models, budgetMs, runApart });
    const signal: CompleteLogPorts['signal'] = (name, detail) => this.#counts.signal(name, detail);
    const measure: CompleteLogPorts['measure'] = (of, figures) => this.#counts.measure(of, figures);
    const batches: ShadowBatchPorts = {
      ...{ input, startLog, signal, measure, publicKeyPem },
      forecastVersion: forecastWithin(CHUNK_MS),
    };
    this.#ports = {
      put: (object) => log.put(object),
      readKept: (kept) => handedOver.read(kept),
      forecastVersion: forecastWithin(EVENT_MS),
      completeBatch: (event) => shadowBatch(batches, event),
      ...{ signal, measure },
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
