import type { Forecaster, ForecastRequest } from './forecaster.ts';

/**
 * One version of a model as inference asks it: a batch at a time, wherever it runs. What it answers is looked at value by
 * value, so that a version may say anything without harm; a batch that throws said nothing.
 */
export interface Predictor {
  /** Requests that it is asked for at once, at most. */
  readonly batchSize: number;
  /** Batches that it may be asked for at the same time; 1 unless told. */
  readonly concurrency?: number;
  /**
   * In the order of the requests: units for each of the `horizonDays` days after `asOf`; null where it has none. Once the
   * signal aborts, nobody waits for the answer any more.
   */
  predict(
    requests: readonly ForecastRequest[],
    signal: AbortSignal,
  ): Promise<readonly (readonly number[] | null)[]> | readonly (readonly number[] | null)[];
}

/**
 * Makes a version's predictor of its artifact: the bytes that its signed manifest vouches for.
 * @throws ReleaseError INVALID_INPUT when they describe nothing that runs here
 */
export type PredictorFactory = (artifact: Uint8Array) => Predictor | Promise<Predictor>;

/** Forecasters that wait for something are asked for so many requests at the same time. */
const CONCURRENT = 32;

/** A predictor of a forecaster in this process: a request is a batch, so that a slow one can be cut off between any two. */
export function inProcess(forecaster: Forecaster): Predictor {
  return {
    batchSize: 1,
    concurrency: CONCURRENT,
    predict: async (requests) => Promise.all(requests.map((request) => forecaster(request))),
  };
}
