import type { FunctionSpec } from './function-spec.ts';

const LEDGER = ['REGISTRY_TABLE', 'LEDGER_TABLE', 'LEDGER_KEY_ID'] as const;

/** What makes sure that nothing changes in silence. */
export const RECONCILE_FUNCTIONS = [
  {
    name: 'reconcile',
    entry: 'functions/pointer/reconcile/reconcile.lambda.ts',
    description: 'Looks for what runs and was not decided, records and undoes it, and completes what was not recorded.',
    config: [
      ...LEDGER,
      'APPROVALS_TABLE',
      'SENDER_EMAIL',
      'EVENT_TOPIC_ARN',
      'EVENT_BUS_NAME',
      'APPROVAL_BASE_URL',
      'ROLLBACK_STATE_MACHINE_ARN',
      'APPCONFIG_APPLICATION_ID',
      'APPCONFIG_APPLICATION_ARN',
      'VOUCH_FUNCTION_ARN',
      'INSTANT_STRATEGY_ID',
      'SIGNING_KEY_ID',
      'POINTER_PUBLIC_KEY',
    ],
    // Right after a promotion nothing goes back to the new version yet: the document that does is made when it is needed.
    access: [
      'registry:read',
      'registry:write',
      'ledger:append',
      'approvals:read',
      'approvals:write',
      'execution:stop',
      'rollback:watch',
      'rollback:start',
      'pointer:read',
      'pointer:shared',
      'pointer:serve',
      'pointer:version',
      'pointer:deploy',
      'sign:pointer',
      'email:send',
      'events:publish',
    ],
    timeoutSeconds: 300,
  },
  {
    name: 'watch-trail',
    entry: 'functions/pointer/reconcile/trail/watch-trail.lambda.ts',
    description: 'Reads from CloudTrail who changed what in the account, and who started which execution.',
    config: [...LEDGER, 'STACK_NAME', 'OWN_NAMES', 'DEPLOYING_FUNCTIONS', 'STOPPING_FUNCTIONS'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'execution:trace', 'trail:read'],
    // Two lookups a second, one for each operation that is watched.
    timeoutSeconds: 240,
  },
] as const satisfies readonly FunctionSpec[];
