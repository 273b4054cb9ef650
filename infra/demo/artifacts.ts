import type * as z from 'zod';
import { artifact, forecasterOf } from '../../functions/inference/predictors/artifact.ts';
import { SAFE_FORECAST } from '../../functions/inference/predictors/seasonal-naive.ts';
import type { Forecast } from './backtest.ts';

export type Described = z.input<typeof artifact>;

/** What the safe forecast is as an artifact: the baseline of a model's first version. */
export const SAFE: Described = { forecaster: SAFE_FORECAST };

/** A model's first version: it follows the last days closely, and knows the week from six weeks. */
export const FIRST: Described = { forecaster: 'exponential-smoothing', smoothing: 0.3, profileWeeks: 6 };

/**
 * An honestly better second version: a year to know the week from, and a slightly steadier level. Much steadier would
 * be more accurate still, but lag behind seasons so far that a shadow finds it biased.
 */
export const GOOD: Described = { forecaster: 'exponential-smoothing', smoothing: 0.25, profileWeeks: 52 };

/** Systematically too low: what a model tends to that was trained on the absolute error of slow movers. */
export const BIASED: Described = { ...GOOD, scale: 0.7 };

/** What is shipped is not what was tested: a smoothing of 0.9 in place of 0.25, so that each day tears the level along. */
export const UNSTABLE: Described = { ...GOOD, smoothing: 0.9 };

/** The bytes that a pipeline hands in. */
export function artifactBytes(described: Described): Buffer {
  return Buffer.from(`${JSON.stringify(described)}\n`);
}

/** The product's own forecaster of an artifact, so that a backtest and what is served later agree. */
export function forecastOf(described: Described): Forecast {
  const forecaster = forecasterOf(artifact.parse(described));
  return ({ sku, store }, known) => {
    const units = forecaster({ sku, store, ...known });
    if (units instanceof Promise)
      throw new Error(`${described.forecaster} is not built in: it does not answer at once.`);
    return units;
  };
}
