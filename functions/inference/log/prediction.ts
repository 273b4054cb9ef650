import * as z from 'zod';
import { businessDate } from '../../platform/ids.ts';

/**
 * How a forecast was used: `production`, `canary` and `fallback` were served, `shadow` was not, by whichever version.
 * Of each request, each served forecast is in the log once.
 */
export const ARMS = ['production', 'canary', 'fallback', 'shadow'] as const;
export type Arm = (typeof ARMS)[number];

/** Units as forecast. A value that JSON cannot hold is kept by name; null: the version gave no forecast in time, or none. */
export const forecastUnits = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]).nullable();
export type ForecastUnits = z.infer<typeof forecastUnits>;

/** One line of the prediction log. The business date it was made on is `targetDate` less `horizonDays`. */
export const predictionRecord = z.strictObject({
  /** Wall clock, UTC. */
  at: z.iso.datetime(),
  model: z.string(),
  /** The version, or the name of the safe forecast. */
  version: z.string(),
  arm: z.enum(ARMS),
  sku: z.string(),
  store: z.string(),
  region: z.string(),
  category: z.string(),
  /** The segments that the request named, besides those derived from the four columns above. */
  segments: z.array(z.string()),
  targetDate: businessDate,
  horizonDays: z.int().min(1),
  units: forecastUnits,
  /** Of the pointer document that it was routed by; 0: there was none. */
  revision: z.int().min(0),
  /** Of that document: during shadow and canary, the promotion that exposes its candidate. */
  promotionId: z.string(),
  requestId: z.string(),
});
export type PredictionRecord = z.infer<typeof predictionRecord>;
