import type { FunctionSpec } from './function-spec.ts';

const LEDGER = ['REGISTRY_TABLE', 'LEDGER_TABLE', 'LEDGER_KEY_ID'] as const;

/**
 * What goes back, and what the links of alerts are answered by: showing changes nothing, asking can start the rollback
 * machine and nothing else.
 */
export const ROLLBACK_FUNCTIONS = [
  {
    name: 'roll-back',
    entry: 'functions/rollback/roll-back.lambda.ts',
    description: 'Goes back: stops a deployment in progress and deploys the return document.',
    config: [...LEDGER, 'APPCONFIG_APPLICATION_ID', 'INSTANT_STRATEGY_ID', 'POINTER_PUBLIC_KEY'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'pointer:read', 'pointer:deploy', 'pointer:stop'],
    timeoutSeconds: 60,
  },
  {
    name: 'confirm-rollback',
    entry: 'functions/rollback/confirm-rollback.lambda.ts',
    description: 'Reads the data plane until it is stable.',
    config: ['APPCONFIG_APPLICATION_ID', 'POINTER_PUBLIC_KEY'],
    access: ['pointer:serve'],
    timeoutSeconds: 60,
  },
  {
    name: 'record-rollback',
    entry: 'functions/rollback/record-rollback.lambda.ts',
    description: 'Closes what was in flight, withdraws the version, and records the rollback with its seconds.',
    config: [...LEDGER, 'APPROVALS_TABLE'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'approvals:read', 'approvals:write', 'execution:stop'],
  },
  {
    name: 'show-rollback',
    entry: 'functions/rollback/alert/show-rollback.lambda.ts',
    description: 'Shows what an alert was about, how it stands, and the form that rolls back. Changes nothing.',
    config: [
      'REGISTRY_TABLE',
      'APPROVALS_TABLE',
      'APPCONFIG_APPLICATION_ID',
      'POINTER_PUBLIC_KEY',
      'ROLLBACK_STATE_MACHINE_ARN',
    ],
    access: ['registry:read', 'approvals:read', 'pointer:read', 'rollback:read'],
  },
  {
    name: 'request-rollback',
    entry: 'functions/rollback/alert/request-rollback.lambda.ts',
    description: 'Starts the rollback that owner or approver asks for through the link of an alert.',
    config: [
      'REGISTRY_TABLE',
      'APPROVALS_TABLE',
      'APPCONFIG_APPLICATION_ID',
      'POINTER_PUBLIC_KEY',
      'ROLLBACK_STATE_MACHINE_ARN',
    ],
    access: ['registry:read', 'approvals:read', 'pointer:read', 'rollback:read', 'rollback:start'],
  },
] as const satisfies readonly FunctionSpec[];
