import type { FunctionSpec } from './function-spec.ts';

const LEDGER = ['REGISTRY_TABLE', 'LEDGER_TABLE', 'LEDGER_KEY_ID'] as const;

/** What lists the forecasts of a withdrawn version, and takes the answers of the teams that had them. */
export const RECALL_FUNCTIONS = [
  {
    name: 'recall',
    entry: 'functions/rollback/recall/recall.lambda.ts',
    description: 'Lists what withdrawn versions had handed downstream, tells the teams, and reminds them.',
    config: [...LEDGER, 'APPROVALS_TABLE', 'PREDICTION_BUCKET', 'APPROVAL_BASE_URL', 'SENDER_EMAIL'],
    access: [
      'registry:read',
      'registry:write',
      'ledger:append',
      'approvals:read',
      'approvals:write',
      'predictions:read',
      'recalls:read',
      'recalls:write',
      'email:send',
    ],
    memoryMb: 3008,
    timeoutSeconds: 900,
    // Parts of the log lie there, what does not fit into memory, and the list.
    temporaryMb: 10_240,
    duckdb: true,
  },
  {
    name: 'show-recall',
    entry: 'functions/rollback/recall/show-recall.lambda.ts',
    description: 'Shows the page of a recall. Changes nothing.',
    config: ['REGISTRY_TABLE', 'APPROVALS_TABLE', 'PREDICTION_BUCKET'],
    access: ['registry:read', 'approvals:read', 'recalls:read'],
  },
  {
    name: 'acknowledge-recall',
    entry: 'functions/rollback/recall/acknowledge-recall.lambda.ts',
    description: 'Takes the acknowledgement that a team posts.',
    config: [...LEDGER, 'APPROVALS_TABLE', 'PREDICTION_BUCKET'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'approvals:read', 'recalls:read'],
  },
] as const satisfies readonly FunctionSpec[];
