import type { FunctionSpec } from './function-spec.ts';

/** What answers forecasts, and what completes the log behind the answers. */
export const INFERENCE_FUNCTIONS = [
  {
    name: 'forecast',
    entry: 'functions/inference/forecast.lambda.ts',
    description: 'Example of an inference function: routes by the pointer, forecasts, logs what each version said.',
    // Versions that do not serve run apart from what does.
    programs: ['functions/inference/predictors/isolated-version.child.ts'],
    config: [
      'APPCONFIG_APPLICATION_ID',
      'POINTER_PUBLIC_KEY',
      'POINTER_POLL_SECONDS',
      'CANDIDATE_WAIT_MS',
      'EVIDENCE_BUCKET',
      'PREDICTION_BUCKET',
      'COMPLETE_LOG_FUNCTION',
    ],
    access: [
      'pointer:serve',
      'models:read',
      'predictors:invoke',
      'predictions:write',
      'batch-input:read',
      'handed-over:write',
      'hand-over:send',
    ],
    memoryMb: 1769,
    // A batch of a million requests takes minutes; whoever wants a few forecasts waits for a few seconds at most.
    timeoutSeconds: 900,
  },
  {
    name: 'complete-log',
    entry: 'functions/inference/complete-log.lambda.ts',
    description:
      'Completes the prediction log behind an answer: what was not written, and what shadows did not finish.',
    programs: ['functions/inference/predictors/isolated-version.child.ts'],
    config: ['EVIDENCE_BUCKET', 'PREDICTION_BUCKET', 'POINTER_PUBLIC_KEY'],
    access: ['models:read', 'predictors:invoke', 'predictions:write', 'batch-input:read', 'handed-over:read'],
    memoryMb: 1769,
    // Lambda repeats a failed event twice within three minutes, so that each run waits for a bucket that is unwell itself.
    timeoutSeconds: 900,
  },
] as const satisfies readonly FunctionSpec[];
