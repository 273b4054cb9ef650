import type { FunctionSpec } from './function-spec.ts';

const LEDGER = ['REGISTRY_TABLE', 'LEDGER_TABLE', 'LEDGER_KEY_ID'] as const;

/** What stops a candidate or a model by one call, and sees to it that nobody forgets. */
export const KILL_SWITCH_FUNCTIONS = [
  {
    name: 'kill-switch',
    entry: 'functions/kill-switch/kill-switch.lambda.ts',
    description:
      'Stops a shadow, a canary or a candidate, or has a safe forecast serve a model or some of its segments.',
    config: [
      ...LEDGER,
      'APPROVALS_TABLE',
      'APPCONFIG_APPLICATION_ID',
      'INSTANT_STRATEGY_ID',
      'SIGNING_KEY_ID',
      'POINTER_PUBLIC_KEY',
      'SENDER_EMAIL',
    ],
    access: [
      'registry:read',
      'registry:write',
      'ledger:append',
      'approvals:read',
      'approvals:write',
      'pointer:read',
      'pointer:version',
      'pointer:deploy',
      'sign:pointer',
      'execution:stop',
      'email:send',
    ],
    // The pointer moves within seconds; the record of it is waited for, and a way back is made for every version.
    timeoutSeconds: 120,
  },
  {
    name: 'remind-kill-switch',
    entry: 'functions/kill-switch/remind-kill-switch.lambda.ts',
    description: 'Reminds of kill switches before they expire, and presses on after that.',
    config: ['REGISTRY_TABLE', 'SENDER_EMAIL'],
    // Writes the registry for the mark that people were reminded.
    access: ['registry:read', 'registry:write', 'email:send'],
    timeoutSeconds: 60,
  },
] as const satisfies readonly FunctionSpec[];
