import type { FunctionSpec } from './function-spec.ts';

/** What looks after approvers between the question and the answer; none of it decides. */
export const APPROVAL_FUNCTIONS = [
  {
    name: 'attend-gates',
    entry: 'functions/approval/attend-gates.lambda.ts',
    description: 'Reminds approvers at half-time, and tells everybody who was asked how it ended.',
    config: ['REGISTRY_TABLE', 'APPROVALS_TABLE', 'EVIDENCE_BUCKET', 'APPROVAL_BASE_URL', 'SENDER_EMAIL'],
    access: ['registry:read', 'approvals:read', 'approvals:write', 'evidence:read', 'email:send'],
    timeoutSeconds: 60,
  },
] as const satisfies readonly FunctionSpec[];
