/**
 * Everything that can go wrong with one look at AppConfig. `isRefusal`: AppConfig did answer with a document, and it is
 * not one to go by; where it is false, nothing is known of what is served. `next`: what a person does about it.
 */
export const LOOK_FAULTS = {
  /** No answer within the time that a call waits. It may still come, and is then taken. */
  TIMEOUT: {
    isRefusal: false,
    next: "See whether AppConfig is slow (AWS health page), or the function's way to it (VPC endpoint, NAT).",
  },
  UNREACHABLE: {
    isRefusal: false,
    next: 'Let the function reach the endpoint `appconfigdata` of its region (VPC endpoint, NAT, security group).',
  },
  /** An answer that is not AppConfig's protocol, as a proxy gives. */
  UNREADABLE: { isRefusal: false, next: 'See who answers in place of AppConfig: a proxy, or a wrong endpoint.' },
  SERVER_ERROR: { isRefusal: false, next: 'See the AWS health page; it passes when AppConfig is well again.' },
  THROTTLED: {
    isRefusal: false,
    next: 'Raise the poll interval (1,000 GetLatestConfiguration a second per account), and keep one reader per process.',
  },
  NOT_FOUND: {
    isRefusal: false,
    next: "Onboard the model, or mend the application's id: environment and profile are named after the model.",
  },
  ACCESS_DENIED: {
    isRefusal: false,
    next: "Allow appconfig:StartConfigurationSession and appconfig:GetLatestConfiguration on the model's configuration.",
  },
  BAD_REQUEST: { isRefusal: false, next: "Mend the application's id or the model's name, as the message says." },
  /** Of a session that began in the very same look. */
  TOKEN_REFUSED: { isRefusal: false, next: 'Nothing: each look starts a new session until one is good.' },
  TOO_SOON: { isRefusal: false, next: 'Give the reader a poll interval as long as that which the session demands.' },
  /** A session began without content: nothing was deployed yet. */
  EMPTY: { isRefusal: false, next: 'Onboard the model: it deploys the first document.' },
  NOT_JSON: { isRefusal: true, next: 'Roll the model back, and find out who deployed what is no pointer.' },
  NOT_A_POINTER: { isRefusal: true, next: 'Roll the model back, and find out who deployed what is no pointer.' },
  NEWER_SCHEMA: { isRefusal: true, next: 'Deploy inference with a release of this library that knows the schema.' },
  SIGNATURE_INVALID: {
    isRefusal: true,
    next: 'Roll the model back; if inference was deployed with an old key, deploy it again. Treat it as an incident.',
  },
} as const satisfies Record<string, { readonly isRefusal: boolean; readonly next: string }>;

export type LookFaultCode = keyof typeof LOOK_FAULTS;

export interface LookFault {
  readonly code: LookFaultCode;
  readonly message: string;
}

const THROTTLING = ['ThrottlingException', 'TooManyRequestsException', 'Throttling', 'RequestLimitExceeded'];
const DENIAL = ['AccessDeniedException', 'CredentialsProviderError', 'ExpiredTokenException'];
const LATE = ['AbortError', 'TimeoutError'];

/** What an error of the AWS SDK means for a reader. Whatever says nothing of itself counts as a network that failed. */
export function lookFaultOf(error: unknown): LookFault {
  const name = textOf(error, 'name');
  const said = textOf(error, 'message') || String(error);
  return { code: codeOf(error, name), message: name === '' ? said : `${name}: ${said}` };
}

function codeOf(error: unknown, name: string): LookFaultCode {
  const status = numberOf(memberOf(error, '$metadata'), 'httpStatusCode');
  if (THROTTLING.includes(name) || status === 429) return 'THROTTLED';
  if (name === 'ResourceNotFoundException' || status === 404) return 'NOT_FOUND';
  if (DENIAL.includes(name) || status === 401 || status === 403) return 'ACCESS_DENIED';
  if (status >= 500 || memberOf(error, '$fault') === 'server') return 'SERVER_ERROR';
  if (name === 'BadRequestException') return isTooSoon(error) ? 'TOO_SOON' : 'BAD_REQUEST';
  if (status >= 400) return 'BAD_REQUEST';
  if (LATE.includes(name)) return 'TIMEOUT';
  // The SDK could not parse what came with a good status.
  return error instanceof SyntaxError ? 'UNREADABLE' : 'UNREACHABLE';
}

/** A session that named a minimum interval was asked before it had passed: its token is as good as before. */
function isTooSoon(error: unknown): boolean {
  const parameters = memberOf(memberOf(error, 'Details'), 'InvalidParameters');
  if (typeof parameters !== 'object' || parameters === null) return false;
  return Object.values(parameters).some((one) => memberOf(one, 'Problem') === 'PollIntervalNotSatisfied');
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown, name: string): string {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : '';
}

function numberOf(value: unknown, name: string): number {
  const member = memberOf(value, name);
  return typeof member === 'number' ? member : 0;
}
