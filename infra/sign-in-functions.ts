import type { FunctionSpec } from './function-spec.ts';

/** What signs people in at the issuer of the settings; part of the stack where they name one. */
export const SIGN_IN_FUNCTIONS = [
  {
    name: 'sign-in',
    entry: 'functions/sign-in/sign-in.lambda.ts',
    description: 'Leads approvers to the issuer and back, and keeps who is signed in. Decides nothing.',
    config: ['APPROVALS_TABLE', 'APPROVAL_BASE_URL', 'OIDC_ISSUER', 'OIDC_CLIENT_ID'],
    access: ['sessions:write'],
    onlyWithSignIn: true,
  },
] as const satisfies readonly FunctionSpec[];
