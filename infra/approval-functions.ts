import type { FunctionSpec } from './function-spec.ts';

const ASKING = ['REGISTRY_TABLE', 'APPROVALS_TABLE', 'EVIDENCE_BUCKET', 'APPROVAL_BASE_URL', 'SENDER_EMAIL'] as const;

/** What looks after approvers between the question and the answer; none of it decides. */
export const APPROVAL_FUNCTIONS = [
  {
    name: 'attend-gates',
    entry: 'functions/approval/attend-gates.lambda.ts',
    description: 'Reminds approvers at half-time, and tells everybody who was asked how it ended.',
    config: ASKING,
    access: ['registry:read', 'approvals:read', 'approvals:write', 'evidence:read', 'email:send'],
    timeoutSeconds: 60,
  },
  {
    name: 'ask-again',
    entry: 'functions/approval/ask-again.lambda.ts',
    description: "Sends an approver's request anew, or gives it to a stand-in, for the owner of a model.",
    config: [...ASKING, 'LEDGER_TABLE', 'LEDGER_KEY_ID'],
    access: ['registry:read', 'ledger:append', 'approvals:read', 'approvals:write', 'evidence:read', 'email:send'],
    timeoutSeconds: 30,
  },
  {
    name: 'mail-bounced',
    entry: 'functions/approval/mail-bounced.lambda.ts',
    description: 'Tells the owner whose approval request did not arrive, as SES reports it.',
    config: ['REGISTRY_TABLE', 'APPROVALS_TABLE', 'SENDER_EMAIL'],
    access: ['registry:read', 'approvals:read', 'approvals:write', 'email:send'],
    timeoutSeconds: 30,
  },
] as const satisfies readonly FunctionSpec[];
