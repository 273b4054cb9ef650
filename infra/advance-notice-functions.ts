import type { FunctionSpec } from './function-spec.ts';

const LEDGER = ['REGISTRY_TABLE', 'LEDGER_TABLE', 'LEDGER_KEY_ID'] as const;

/** What tells the teams downstream of a critical change ahead, and takes their answers and those of second approvers. */
export const ADVANCE_NOTICE_FUNCTIONS = [
  {
    name: 'attend-notices',
    entry: 'functions/change/advance-notice/attend-notices.lambda.ts',
    description: 'Gives the notices of critical changes, reminds, and takes back what does not come.',
    config: [...LEDGER, 'APPROVALS_TABLE', 'APPROVAL_BASE_URL', 'SENDER_EMAIL', 'FREEZES'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'approvals:read', 'approvals:write', 'email:send'],
    timeoutSeconds: 240,
  },
  {
    name: 'show-notice',
    entry: 'functions/change/advance-notice/show-notice.lambda.ts',
    description: 'Shows the page of a notice, or of what holds a stage. Changes nothing.',
    config: ['REGISTRY_TABLE', 'APPROVALS_TABLE', 'FREEZES', 'OIDC_ISSUER'],
    access: ['registry:read', 'approvals:read'],
  },
  {
    name: 'answer-notice',
    entry: 'functions/change/advance-notice/answer-notice.lambda.ts',
    description: 'Takes the acknowledgement of a team, and the exception of a second approver.',
    config: [...LEDGER, 'APPROVALS_TABLE', 'FREEZES', 'OIDC_ISSUER'],
    access: ['registry:read', 'registry:write', 'ledger:append', 'approvals:read'],
  },
] as const satisfies readonly FunctionSpec[];
