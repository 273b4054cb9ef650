import { ReleaseError } from './errors.ts';

/**
 * Every environment variable that the stack sets and a function reads: one list for both sides.
 * The stack gives a function only those that it names (see infra/functions.ts).
 */
export const CONFIG_NAMES = [
  'REGISTRY_TABLE',
  'LEDGER_TABLE',
  'APPROVALS_TABLE',
  'EVIDENCE_BUCKET',
  'PREDICTION_BUCKET',
  'SIGNING_KEY_ID',
  'LEDGER_KEY_ID',
  /** PEM (SPKI) of the public half of the manifest and pointer key, read from KMS at deploy. */
  'POINTER_PUBLIC_KEY',
  /** PEM (SPKI) of the public half of the ledger key, read from KMS at deploy. */
  'LEDGER_PUBLIC_KEY',
  'APPCONFIG_APPLICATION_ID',
  'INSTANT_STRATEGY_ID',
  'APPROVAL_BASE_URL',
  /** Issuer that approvers sign in at, and our id there; set where the stack has one. */
  'OIDC_ISSUER',
  'OIDC_CLIENT_ID',
  'SENDER_EMAIL',
  /** Topic and bus on which other systems are told of events. */
  'EVENT_TOPIC_ARN',
  'EVENT_BUS_NAME',
  /** JSON `[{from,until,reason}]`: times in which no candidate of any model begins to serve. */
  'FREEZES',
  /** JSON `[{id,name,email}]`: who approves the onboarding of a new model. */
  'FIRST_APPROVERS',
  /** Name of the function that completes the prediction log behind an answer. */
  'COMPLETE_LOG_FUNCTION',
  /** How old, in seconds, a pointer may be that inference serves without looking again. */
  'POINTER_POLL_SECONDS',
  /** How many milliseconds longer than for production an answer waits for candidates. */
  'CANDIDATE_WAIT_MS',
  /** Comma-separated S3 URI prefixes from which candidates may be taken, besides the evidence bucket's `incoming/`. */
  'INCOMING_PREFIXES',
  /** Megabytes of a backtest, not compressed, above which it is summed in parts. */
  'SPLIT_ABOVE_MB',
  /** Alias of the rollback machine, as every caller starts it. */
  'ROLLBACK_STATE_MACHINE_ARN',
  /** Alias of the drill machine. */
  'DRILL_STATE_MACHINE_ARN',
  /** Name of the function that goes back; drills and the hold before a canary ask it. */
  'ROLL_BACK_FUNCTION',
  /** Name of the function that checks whether a model can be gone back from. */
  'CHECK_READINESS_FUNCTION',
  /** Name of the function that stops; the hold before a canary asks it whether it could. */
  'KILL_SWITCH_FUNCTION',
  /** ARN of the application that holds the pointers. */
  'APPCONFIG_APPLICATION_ARN',
  /** ARN of the function that AppConfig must ask before each deployment. */
  'VOUCH_FUNCTION_ARN',
  /** Name of the stack: what is ours carries it in front of its own. */
  'STACK_NAME',
  /** Comma-separated ids, names and ARNs of ours that do not carry the stack's name. */
  'OWN_NAMES',
  /** Comma-separated names of the functions that start deployments, and of those that stop them. */
  'DEPLOYING_FUNCTIONS',
  'STOPPING_FUNCTIONS',
  /** Days for which written evidence and anchors cannot be deleted. */
  'RETENTION_DAYS',
  /** `COMPLIANCE` in production stacks (nobody can shorten it), `GOVERNANCE` elsewhere. */
  'RETENTION_MODE',
] as const;

export type ConfigName = (typeof CONFIG_NAMES)[number];

/** What a stack may leave out; whoever reads one does without where it is. */
export const OPTIONAL_CONFIG: readonly ConfigName[] = ['OIDC_ISSUER', 'OIDC_CLIENT_ID'];

/** One setting that the stack may leave out; null when it does. */
export function optionalConfig(name: ConfigName): string | null {
  return process.env[name] || null;
}

/**
 * One setting from the function's environment.
 * @throws ReleaseError CONFIG_MISSING
 */
export function config(name: ConfigName): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new ReleaseError('CONFIG_MISSING', `The environment variable ${name} is not set.`, {
      reasons: [
        {
          code: 'CONFIG_MISSING',
          path: name,
          message: 'The stack sets this variable for each function that reads it.',
          next: `Name ${name} for this function in infra/functions.ts and deploy again.`,
        },
      ],
    });
  }
  return value;
}

/**
 * One setting that is a number from 0 on.
 * @throws ReleaseError CONFIG_MISSING also when it says nothing usable
 */
export function configNumber(name: ConfigName): number {
  const text = config(name);
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  const message = `The environment variable ${name} is no number from 0 on.`;
  throw new ReleaseError('CONFIG_MISSING', message, {
    reasons: [{ code: 'CONFIG_MISSING', path: name, message, got: text, next: 'Correct it and deploy again.' }],
  });
}
