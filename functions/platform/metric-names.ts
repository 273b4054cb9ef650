/** Where the metrics of inference are found: what functions count, and what the stack's alarms watch. */
export const INFERENCE_METRICS = { namespace: 'ModelRelease', serviceName: 'inference' } as const;

/**
 * What is counted of each version (dimensions service, model, version), whether all is well or not: shares are known
 * within minutes, before anybody reads the log. Missing and invalid ones are counted only where there are any.
 */
export const VERSION_METRICS = {
  /** Forecasts that it was asked for in time, or was given time for later. */
  asked: 'FORECASTS_ASKED',
  /** Of these, those that it did not give: it threw, was late, or could not be loaded. */
  missing: 'FORECASTS_MISSING',
  /** Of these, negative ones and those that are no finite number. */
  invalid: 'FORECASTS_INVALID',
  /** Milliseconds of an answer while it was in production; also of all models together (dimension service). */
  answerMs: 'ANSWER_MS',
} as const;

/** Requests that ended with an error although they were well formed (dimensions service, and service, model). */
export const REQUESTS_FAILED = 'REQUESTS_FAILED';

/** Alarms on what happens in minutes. They reach the function that answers them, which finds out whose fault it is. */
export const ANSWERED_ALARMS = [
  'forecast-failing',
  'forecast-slow',
  'production-failing',
  'model-not-loaded',
  'candidate-failing',
  'predictions-not-logged',
] as const;
export type AnsweredAlarm = (typeof ANSWERED_ALARMS)[number];

/** An answer that takes this long is slow: callers of a few forecasts wait for it. */
export const SLOW_ANSWER_MS = 3_000;
