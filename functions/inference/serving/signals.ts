import type { VersionFigures } from '../../platform/metrics.ts';

/**
 * What went wrong without failing a request: names of log lines and of metrics. Each is alarmed, since inference answers
 * whatever happens, and nobody else would tell.
 */
export const SIGNALS = [
  /** There is no pointer: the safe forecast serves. */
  'POINTER_UNAVAILABLE',
  /** AppConfig serves what was not signed for this model, or is no pointer. */
  'POINTER_REFUSED',
  /** AppConfig has not answered for minutes: a rollback would not be seen. */
  'POINTER_STALE',
  /** The pointer names a safe forecast that this release does not have; another one serves. */
  'SAFE_FORECAST_UNKNOWN',
  /** A version that the pointer names could not be loaded. */
  'MODEL_NOT_LOADED',
  /** Production threw, was late, or gave values that nobody may get; the safe forecast served there. */
  'PRODUCTION_FAILED',
  /** The same of a candidate; production served there. */
  'SHADOW_FAILED',
  /** A shadow's work was neither done in time nor handed over. */
  'SHADOW_DROPPED',
  /** Forecasts were served and are not in the log. */
  'PREDICTIONS_NOT_LOGGED',
] as const;
export type Signal = (typeof SIGNALS)[number];

/** What is counted beside them, as a metric without an alarm: each is as it should be, and worth a look when it grows. */
export const COUNTS = [
  'POINTER_WENT_BACK',
  'POINTER_NOT_REFRESHED',
  'SHADOW_HANDED_OVER',
  'PREDICTIONS_HANDED_OVER',
  'PREDICTIONS_REPEATED',
] as const;
export type Count = (typeof COUNTS)[number];

/** Names and counts, never data. */
export type SignalDetail = Readonly<Record<string, string | number>>;

/** What an invocation asked of a version and got, in forecasts, and how many milliseconds its answer took. */
export type MeasureVersion = (
  of: { readonly model: string; readonly version: string },
  figures: VersionFigures,
) => void;
