import { within } from '../../platform/deadline.ts';
import type { Forecaster, ForecastRequest } from '../predictors/forecaster.ts';

/** What a version said: of each request the values of the days asked for, or null where it said nothing in time. */
export type Said = readonly (readonly number[] | null)[];

export interface VersionRun {
  readonly forecaster: Forecaster;
  readonly requests: readonly ForecastRequest[];
  /** Positions of the requests to forecast, the most important first: when time runs out the last are missing. */
  readonly positions: readonly number[];
  readonly budgetMs: number;
  /** Lets timers and other work run; called between requests, so that a slow version can be cut off. */
  readonly pause: () => Promise<void>;
}

/**
 * Runs a version over a batch within a time budget. Never throws. What answers at once is asked one request after the
 * other; answers that are waited for are waited for together. Only code that never yields could overstay, which a
 * version that is data cannot be.
 */
export async function runVersion({ forecaster, requests, positions, budgetMs, pause }: VersionRun): Promise<Said> {
  const said: (readonly number[] | null)[] = requests.map(() => null);
  await within(budgetMs, async (signal) => {
    const waiting: Promise<void>[] = [];
    for (const position of positions) {
      const request = requests[position];
      if (signal.aborted || request === undefined) break;
      waiting.push(
        attempt(forecaster, request).then((units) => {
          if (!signal.aborted) said[position] = units;
        }),
      );
      await pause();
    }
    await Promise.all(waiting);
  });
  return said;
}

async function attempt(forecaster: Forecaster, request: ForecastRequest): Promise<readonly number[] | null> {
  try {
    const units = await forecaster(request);
    return Array.isArray(units) ? units : null;
  } catch {
    // It shows as a missing value, which is counted and logged; why a version throws is for whoever made it.
    return null;
  }
}
