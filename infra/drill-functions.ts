import type { FunctionSpec } from './function-spec.ts';

const LEDGER = ['REGISTRY_TABLE', 'LEDGER_TABLE', 'LEDGER_KEY_ID'] as const;
/** What telling those takes who can go back. */
const ALERTING = ['APPROVALS_TABLE', 'SENDER_EMAIL', 'EVENT_TOPIC_ARN', 'EVENT_BUS_NAME', 'APPROVAL_BASE_URL'] as const;
const TELLING = ['approvals:read', 'approvals:write', 'email:send', 'events:publish'] as const;

/** What proves that a model can be gone back from, and holds a canary until it is proven. */
export const DRILL_FUNCTIONS = [
  {
    name: 'check-readiness',
    entry: 'functions/drill/check-readiness.lambda.ts',
    description: 'Checks that what would be gone back to is there, is signed, loads and answers.',
    // A version is loaded and asked apart from what holds this function's rights.
    programs: ['functions/inference/predictors/isolated-version.child.ts'],
    config: [...LEDGER, ...ALERTING, 'EVIDENCE_BUCKET', 'APPCONFIG_APPLICATION_ID', 'POINTER_PUBLIC_KEY'],
    access: [
      'registry:read',
      'registry:write',
      'ledger:append',
      'pointer:read',
      'models:read',
      'predictors:invoke',
      ...TELLING,
    ],
    memoryMb: 1024,
    timeoutSeconds: 300,
  },
  {
    name: 'start-drills',
    entry: 'functions/drill/start-drills.lambda.ts',
    description: 'Starts the drills that are due.',
    config: ['REGISTRY_TABLE', 'DRILL_STATE_MACHINE_ARN'],
    access: ['registry:read', 'drill:start'],
    timeoutSeconds: 60,
  },
  {
    name: 'rehearse',
    entry: 'functions/drill/rehearse.lambda.ts',
    description: 'Rehearses a rollback in the environment of drills, under a watching reader.',
    config: [
      'REGISTRY_TABLE',
      'APPCONFIG_APPLICATION_ID',
      'INSTANT_STRATEGY_ID',
      'POINTER_PUBLIC_KEY',
      'POINTER_POLL_SECONDS',
      'ROLL_BACK_FUNCTION',
    ],
    // Writes the registry for the lease of the environment alone.
    access: [
      'registry:read',
      'registry:write',
      'pointer:read',
      'pointer:deploy',
      'pointer:serve',
      'drill:environment',
      'roll-back:ask',
    ],
    // A drill that is three minutes too slow is still measured.
    timeoutSeconds: 420,
  },
  {
    name: 'record-drill',
    entry: 'functions/drill/record-drill.lambda.ts',
    description: 'Scores a drill, keeps its evidence and the trend, and records it.',
    config: [...LEDGER, ...ALERTING, 'EVIDENCE_BUCKET', 'POINTER_POLL_SECONDS', 'RETENTION_DAYS', 'RETENTION_MODE'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'drill:evidence', ...TELLING],
  },
  {
    name: 'may-expose',
    entry: 'functions/drill/hold/may-expose.lambda.ts',
    description: 'Holds an approved canary until the way back is proven and the teams know, and anything in a freeze.',
    config: [
      ...LEDGER,
      'APPROVALS_TABLE',
      'APPROVAL_BASE_URL',
      'SENDER_EMAIL',
      'FREEZES',
      'DRILL_STATE_MACHINE_ARN',
      'ROLL_BACK_FUNCTION',
      'KILL_SWITCH_FUNCTION',
      'CHECK_READINESS_FUNCTION',
    ],
    access: [
      'registry:read',
      'registry:write',
      'ledger:append',
      'drill:start',
      'roll-back:ask',
      'kill-switch:ask',
      'readiness:ask',
      // For the letters to the teams downstream, and to approvers who may make an exception.
      'approvals:read',
      'approvals:write',
      'email:send',
    ],
    timeoutSeconds: 75,
  },
] as const satisfies readonly FunctionSpec[];
