import { ReleaseError } from '../../platform/errors.ts';
import type { ModelStore } from '../predictors/model-store.ts';
import { runVersion } from '../predictors/run-version.ts';
import type { ForecastVersion } from './complete-log.ts';

export interface ForecastVersionPorts {
  readonly models: Pick<ModelStore, 'load'>;
  /** For all requests of an event together. */
  readonly budgetMs: number;
  readonly pause: () => Promise<void>;
}

/**
 * Asks versions for forecasts that nobody waits for. A version that can never be loaded says nothing, as it would have in
 * time.
 */
export function forecastVersionBy({ models, budgetMs, pause }: ForecastVersionPorts): ForecastVersion {
  return async ({ model, version }, requests) => {
    const loaded = await models.load(model, version);
    if (loaded.ok) {
      const { predictor } = loaded.loaded;
      const positions = requests.map((_, position) => position);
      return (await runVersion({ predictor, requests, positions, budgetMs, pause })).said;
    }
    if (loaded.isFinal) return requests.map(() => null);
    throw new ReleaseError('DEPENDENCY_UNAVAILABLE', `${model}/${version} cannot be loaded now (${loaded.code}).`);
  };
}
