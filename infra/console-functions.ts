import type { FunctionSpec } from './function-spec.ts';

/** What shows how everything stands, to people who are signed in to AWS. It reads, and not what is secret. */
export const CONSOLE_FUNCTIONS = [
  {
    name: 'console',
    entry: 'functions/console/console.lambda.ts',
    description: 'Shows what runs and why, for one model or for all, on the dashboard. Changes nothing.',
    config: [
      'REGISTRY_TABLE',
      'LEDGER_TABLE',
      'APPROVALS_TABLE',
      'EVIDENCE_BUCKET',
      'APPCONFIG_APPLICATION_ID',
      'POINTER_PUBLIC_KEY',
      'LEDGER_PUBLIC_KEY',
    ],
    access: ['registry:read', 'ledger:read', 'gates:read', 'anchors:read', 'pointer:serve'],
    // It checks signatures, for somebody who waits for them.
    memoryMb: 1024,
  },
] as const satisfies readonly FunctionSpec[];
