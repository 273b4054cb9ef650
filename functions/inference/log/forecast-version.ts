import { within } from '../../platform/deadline.ts';
import { ReleaseError } from '../../platform/errors.ts';
import type { ModelStore } from '../predictors/model-store.ts';
import type { AskPorts } from '../serving/ask-versions.ts';
import type { ForecastVersion } from './complete-log.ts';

export interface ForecastVersionPorts extends Pick<AskPorts, 'runApart'> {
  readonly models: Pick<ModelStore, 'fetch'>;
  /** For all requests of an event together. */
  readonly budgetMs: number;
}

/**
 * Asks versions for forecasts that nobody waits for, apart from this process, which has their log to write. A version that
 * can never be loaded says nothing, as it would have in time.
 */
export function forecastVersionBy({ models, runApart, budgetMs }: ForecastVersionPorts): ForecastVersion {
  return async ({ model, version }, requests) => {
    const fetched = await models.fetch(model, version);
    if (fetched.ok) {
      const stop = new AbortController();
      const positions = requests.map((_, position) => position);
      const run = runApart({ artifact: fetched.loaded, requests, positions, stop: stop.signal });
      await within(budgetMs, () => run);
      stop.abort();
      return run;
    }
    if (fetched.isFinal) return { said: requests.map(() => null), unfinished: [], code: fetched.code };
    throw new ReleaseError('DEPENDENCY_UNAVAILABLE', `${model}/${version} cannot be loaded now (${fetched.code}).`);
  };
}
