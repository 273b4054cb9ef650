import type { FunctionSpec } from './function-spec.ts';

/** What an alert to owner and approvers takes. */
const ALERTING = [
  'REGISTRY_TABLE',
  'APPROVALS_TABLE',
  'APPROVAL_BASE_URL',
  'SENDER_EMAIL',
  'EVENT_TOPIC_ARN',
  'EVENT_BUS_NAME',
] as const;

/** What watches the versions that serve. */
export const WATCH_FUNCTIONS = [
  {
    name: 'guard',
    entry: 'functions/evidence/guard/guard.lambda.ts',
    description:
      'Looks at every version that serves, starts the rollback of one that must go, and tells people of what is missing.',
    config: [...ALERTING, 'LEDGER_TABLE', 'LEDGER_KEY_ID', 'PREDICTION_BUCKET', 'ROLLBACK_STATE_MACHINE_ARN'],
    access: [
      'registry:read',
      'registry:write',
      'ledger:append',
      'predictions:read',
      'rollback:start',
      'approvals:read',
      'approvals:write',
      'email:send',
      'events:publish',
    ],
    memoryMb: 3008,
    timeoutSeconds: 900,
    temporaryMb: 10_240,
    duckdb: true,
  },
  {
    name: 'answer-alarm',
    entry: 'functions/rollback/alarm/answer-alarm.lambda.ts',
    description:
      'Answers alarms on what happens in minutes: finds the version at fault and starts its rollback, or tells people.',
    config: [...ALERTING, 'APPCONFIG_APPLICATION_ID', 'POINTER_PUBLIC_KEY', 'ROLLBACK_STATE_MACHINE_ARN'],
    access: [
      'registry:read',
      'metrics:read',
      'pointer:serve',
      'rollback:start',
      'approvals:read',
      'approvals:write',
      'email:send',
      'events:publish',
    ],
    timeoutSeconds: 60,
  },
] as const satisfies readonly FunctionSpec[];
