import * as z from 'zod';
import { type FreezePeriod, freezeCalendar } from '../functions/change/freeze.ts';
import { parseInput } from '../functions/platform/boundary.ts';
import type { Reason } from '../functions/platform/errors.ts';
import { type KnownApprover, knownApprover, mailboxOf, normalName } from '../functions/platform/people.ts';

/** What whoever deploys the stack may set, as written: in `cdk.json`, after `cdk deploy -c`, or as a value in code. */
export interface SettingsInput {
  /**
   * Who approves the onboarding of a new model: `[{id,name,email}]`, or the JSON text of it.
   * @default one approver at example.com, so that synthesis needs no setting; nobody can approve with it
   */
  readonly firstApprovers?: string | readonly KnownApprover[];
  /**
   * Address from which approval requests and notices are sent; SES has to have verified it.
   * @default model-release@example.com
   */
  readonly senderEmail?: string;
  /**
   * Address that the alarms go to.
   * @default model-release-alerts@example.com
   */
  readonly alertEmail?: string;
  /**
   * How old, in seconds, a pointer may be that inference serves without looking again: 0 looks at each request. AppConfig
   * charges each look, and a rollback takes this long to reach every reader.
   * @default 15
   */
  readonly pointerPollSeconds?: string | number;
  /**
   * How many milliseconds longer than for production an answer waits for candidates, 0 to 60,000: what they add to it at
   * most. What a canary's candidate has not said by then is missing, and counts against it.
   * @default 500
   */
  readonly candidateWaitMs?: string | number;
  /**
   * S3 URI prefixes (each ending in `/`) from which candidates may be taken besides the evidence bucket's `incoming/`,
   * comma-separated or a list.
   * @default none
   */
  readonly incomingPrefixes?: string | readonly string[];
  /**
   * What versions may be that run elsewhere: ARNs of Lambda functions (each published version of them may be invoked) and
   * of SageMaker endpoints, comma-separated or a list.
   * @default none
   */
  readonly predictorArns?: string | readonly string[];
  /**
   * Times in which no candidate of any model begins to serve, besides those of each model's policy:
   * `[{from,until,reason}]` with moments such as `2026-11-20T00:00:00Z`, or the JSON text of it.
   * @default none
   */
  readonly freezes?: string | readonly FreezePeriod[];
  /**
   * Megabytes of a backtest, estimated without compression, above which its judge is run in parts side by side: what
   * comes of it is the same to the byte. 0 splits every backtest.
   * @default 1500, some fifteen million rows
   */
  readonly splitAboveMb?: string | number;
  /**
   * OpenID Connect issuer at which approvers sign in before they decide, as its configuration document names it: https, or http
   * on loopback. Needs `oidcClientId`.
   * @default none: the personal link stands alone
   */
  readonly oidcIssuer?: string;
  /**
   * Our id at the issuer: a public client (code flow with PKCE, no secret) with `<ApprovalBaseUrl>/sign-in/callback` as its
   * redirect address. Needs `oidcIssuer`.
   * @default none
   */
  readonly oidcClientId?: string;
  /**
   * Days for which written evidence cannot be deleted, 1 to 36,500.
   * @default 365
   */
  readonly retentionDays?: string | number;
  /**
   * `COMPLIANCE`: nobody, the root user included, can shorten the retention; right for production.
   * `GOVERNANCE`: whoever holds s3:BypassGovernanceRetention can.
   * @default GOVERNANCE
   */
  readonly retentionMode?: string;
}

/** The settings after validation. */
export interface Settings {
  readonly firstApprovers: readonly KnownApprover[];
  readonly senderEmail: string;
  readonly alertEmail: string;
  readonly pointerPollSeconds: number;
  readonly candidateWaitMs: number;
  readonly incomingPrefixes: readonly string[];
  readonly predictorArns: readonly string[];
  readonly freezes: readonly FreezePeriod[];
  readonly splitAboveMb: number;
  /** Both or neither. */
  readonly oidcIssuer?: string | undefined;
  readonly oidcClientId?: string | undefined;
  readonly retentionDays: number;
  readonly retentionMode: 'COMPLIANCE' | 'GOVERNANCE';
}

export const SETTING_NAMES = [
  'firstApprovers',
  'senderEmail',
  'alertEmail',
  'pointerPollSeconds',
  'candidateWaitMs',
  'incomingPrefixes',
  'predictorArns',
  'freezes',
  'splitAboveMb',
  'oidcIssuer',
  'oidcClientId',
  'retentionDays',
  'retentionMode',
] as const satisfies readonly (keyof SettingsInput)[];

/** Lambda allows 4 KB of environment in all; the approvers share it with the public keys and the names. */
const MAX_APPROVERS_BYTES = 2_000;

const S3_PREFIX = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/([A-Za-z0-9!_.'()/=+-]*\/)?$/;

/** A function without a version, or an endpoint. */
const PREDICTOR_ARN =
  /^arn:aws[a-z-]*:(lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}|sagemaker:[a-z0-9-]+:\d{12}:endpoint\/[A-Za-z0-9-]{1,63})$/;

const address = (fallback: string) => z.email('Expected an email address.').max(254).default(fallback);

const approversSchema = z
  .preprocess(jsonText, z.array(knownApprover).min(1, 'Expected at least one approver.'))
  .superRefine((approvers, context) => {
    const distinct = (keys: readonly string[]) => new Set(keys).size === keys.length;
    if (
      !distinct(approvers.map(({ email }) => mailboxOf(email))) ||
      !distinct(approvers.map(({ id }) => normalName(id)))
    ) {
      context.addIssue({ code: 'custom', message: 'Expected distinct people: an id or an address is named twice.' });
    }
    if (Buffer.byteLength(JSON.stringify(approvers)) > MAX_APPROVERS_BYTES) {
      context.addIssue({ code: 'custom', message: `Expected at most ${MAX_APPROVERS_BYTES} bytes of JSON.` });
    }
  })
  .default([{ id: 'first-approver', name: 'First Approver', email: 'first-approver@example.com' }]);

/** They share the environment of a function, too. */
const MAX_FREEZES_BYTES = 1_500;

const freezesSchema = z
  .preprocess(jsonText, freezeCalendar)
  .refine((freezes) => Buffer.byteLength(JSON.stringify(freezes)) <= MAX_FREEZES_BYTES, {
    message: `Expected at most ${MAX_FREEZES_BYTES} bytes of JSON.`,
  })
  .default([]);

const settingsSchema: z.ZodType<Settings> = z
  .object({
    firstApprovers: approversSchema,
    senderEmail: address('model-release@example.com'),
    alertEmail: address('model-release-alerts@example.com'),
    pointerPollSeconds: z.coerce.number().int().min(0).max(3600).default(15),
    candidateWaitMs: z.coerce.number().int().min(0).max(60_000).default(500),
    incomingPrefixes: z
      .preprocess(commaSeparated, z.array(z.string().regex(S3_PREFIX, 'Expected s3://bucket/ or s3://bucket/prefix/.')))
      .default([]),
    predictorArns: z
      .preprocess(
        commaSeparated,
        z.array(
          z
            .string()
            .regex(PREDICTOR_ARN, 'Expected arn:aws:lambda:…:function:name or arn:aws:sagemaker:…:endpoint/name.'),
        ),
      )
      .default([]),
    freezes: freezesSchema,
    splitAboveMb: z.coerce.number().min(0).max(4000).default(1500),
    oidcIssuer: z
      .string()
      .max(500)
      .refine(isIssuer, 'Expected an https URL without query or fragment; http on loopback alone.')
      .optional(),
    oidcClientId: z
      .string()
      .regex(/^[\x21-\x7e]{1,255}$/, 'Expected the id that the issuer gave, without spaces.')
      .optional(),
    retentionDays: z.coerce.number().int().min(1).max(36_500).default(365),
    retentionMode: z.enum(['COMPLIANCE', 'GOVERNANCE']).default('GOVERNANCE'),
  })
  // A misspelt one would leave the default in force, and nobody would notice.
  .catchall(z.undefined(`There is no such setting; there are ${SETTING_NAMES.join(', ')}.`))
  .superRefine(({ oidcIssuer, oidcClientId }, context) => {
    if ((oidcIssuer === undefined) === (oidcClientId === undefined)) return;
    const [given, missing] = oidcIssuer === undefined ? ['oidcClientId', 'oidcIssuer'] : ['oidcIssuer', 'oidcClientId'];
    context.addIssue({ code: 'custom', path: [missing], message: `Expected with ${given}: both, or neither.` });
  });

/** The settings did not pass; the message lists every fault, `reasons` holds them as values. */
export class SettingsError extends Error {
  readonly reasons: readonly Reason[];

  constructor(reasons: readonly Reason[]) {
    const faults = reasons.map(({ path, message, got }) => `  ${path}: ${message}${got ? ` Got: ${got}` : ''}`);
    super(`The stack's settings cannot be used:\n${faults.join('\n')}\nSet them in cdk.json or with -c name=value.`);
    this.name = 'SettingsError';
    this.reasons = reasons;
  }
}

/**
 * Validates the settings and fills in the defaults.
 * @throws SettingsError with all faults at once
 */
export function parseSettings(input: unknown): Settings {
  const parsed = parseInput(settingsSchema, input);
  if (parsed.ok) return parsed.value;
  throw new SettingsError(parsed.reasons);
}

function jsonText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    // Left as text: the schema then says what was expected, beside all other faults.
    return value;
  }
}

/** Over http anybody on the way could say who signed in. */
function isIssuer(text: string): boolean {
  if (!URL.canParse(text) || /[?#\s]/.test(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && /^(127\.0\.0\.1|localhost|\[::1\])$/.test(hostname));
}

function commaSeparated(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
