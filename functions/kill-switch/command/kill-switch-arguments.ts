import { parseArgs } from 'node:util';
import * as z from 'zod';
import { isDuration, plusDuration } from '../../platform/duration.ts';
import type { Reason } from '../../platform/errors.ts';
import { parseKillSwitchInput } from '../input.ts';

export const USAGE = `Throws the kill switch of a model, and prints what serves now. Nobody has to approve it.

  npm run kill-switch -- --model MODEL --level LEVEL --reason TEXT --name NAME --email ADDRESS [options]
  npm run kill-switch -- --model MODEL --dry-run

  --model MODEL      (required)
  --level LEVEL      canary | shadow: it is taken out, and its version may be tried again
                     candidate: wherever it stands, and for good
                     model: a safe forecast serves, until approvers agree to leave it
  --segment KIND:VALUE  with level model: only this segment; may stand several times
  --fallback NAME    with level model: which safe forecast (default: that of the model's policy)
  --reason TEXT      why, for the ledger
  --expires TIME     when it has to be looked at again: a duration or an instant (default: P2D)
  --name NAME        who asks (default: RELEASE_USER_NAME)
  --email ADDRESS    their address (default: RELEASE_USER_EMAIL)
  --dry-run          asks whether it could be thrown, and throws nothing
  --function NAME    (default: KillSwitchFunctionName of the outputs)
  --outputs FILE     outputs of the stack (default: .local/outputs.json, which \`npm start\` writes)
  --endpoint URL     endpoint of AWS (default: AWS_ENDPOINT_URL, else that of the local outputs, else AWS)
  --region REGION    (default: AWS_REGION)
  --json             prints the answer as one JSON object

Exit code 0: it is thrown, or was. 1: refused, failed, not armed, or not recorded. 2: nothing was done, for what was typed is wrong.`;

export const DEFAULT_OUTPUTS = '.local/outputs.json';
const DEFAULT_EXPIRY = 'P2D';
const TEXTS = [
  'model',
  'level',
  'fallback',
  'reason',
  'expires',
  'name',
  'email',
  'function',
  'outputs',
  'endpoint',
  'region',
] as const;
const FLAGS = ['dry-run', 'json', 'help'] as const;
type Text = (typeof TEXTS)[number];
type Flag = (typeof FLAGS)[number];

export interface KillSwitchArguments {
  readonly text: Readonly<Partial<Record<Text, string>>>;
  readonly segments: readonly string[];
  readonly flags: ReadonlySet<Flag>;
  readonly faults: readonly Reason[];
}

/** What was typed, and what is wrong with it as far as it can be told without its meaning. */
export function parseKillSwitchArguments(argv: readonly string[]): KillSwitchArguments {
  const text: Partial<Record<Text, string>> = {};
  const segments: string[] = [];
  const flags = new Set<Flag>();
  const faults: Reason[] = [];
  const options = Object.fromEntries([...TEXTS, 'segment'].map((name) => [name, { type: 'string' as const }]));
  for (const token of parseArgs({ args: [...argv], options, strict: false, tokens: true }).tokens) {
    if (token.kind === 'positional') faults.push(fault(token.value, 'This is not an option.'));
    if (token.kind !== 'option') continue;
    const flag = FLAGS.find((name) => name === token.name);
    const named = TEXTS.find((name) => name === token.name);
    if (flag !== undefined) flags.add(flag);
    else if (named === undefined && token.name !== 'segment')
      faults.push(fault(token.rawName, 'This option does not exist.'));
    else if (!token.value || token.value.startsWith('--')) faults.push(fault(token.rawName, 'Its value is missing.'));
    else if (named === undefined) segments.push(token.value);
    else if (text[named] !== undefined)
      faults.push(fault(token.rawName, 'This option stands there twice.', token.value));
    else text[named] = token.value;
  }
  return { text, segments, flags, faults };
}

const outputsFile = z.object({
  ModelRelease: z.object({ KillSwitchFunctionName: z.string(), ApprovalBaseUrl: z.string().optional() }),
});

export interface KillSwitchCommand {
  readonly functionName: string;
  readonly event: object;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  /** The endpoint is on this machine, where any credentials do. */
  readonly isLocal: boolean;
}

/** What to call and where: options first, then the stack's outputs (null when there are none), then the environment. */
export function resolveKillSwitch(
  given: KillSwitchArguments,
  outputsText: string | null,
  { environment, now }: { readonly environment: Readonly<Record<string, string | undefined>>; readonly now: string },
): { readonly command: KillSwitchCommand } | { readonly faults: readonly Reason[] } {
  const { text, flags } = given;
  const outputs = outputsText === null ? undefined : parseOutputs(outputsText);
  const functionName = text.function ?? outputs?.KillSwitchFunctionName;
  const event = eventOf(given, environment, now);
  const parsed = flags.has('dry-run') ? null : parseKillSwitchInput(event, now);
  const faults = [
    ...given.faults,
    ...(functionName === undefined
      ? [fault('--function', 'The name of the function is not known: name it, or the outputs.')]
      : []),
    ...(flags.has('dry-run') && text.model === undefined ? [fault('--model', 'Its value is missing.')] : []),
    ...(parsed === null || parsed.ok ? [] : parsed.reasons.map(asOption)),
  ];
  if (faults.length > 0 || functionName === undefined) return { faults };
  const local = localEndpoint(outputs?.ApprovalBaseUrl);
  const endpoint = text.endpoint ?? environment['AWS_ENDPOINT_URL'] ?? local;
  const isLocal = endpoint !== undefined && LOOPBACK.test(endpoint);
  const region = text.region ?? environment['AWS_REGION'] ?? (isLocal ? 'eu-west-1' : undefined);
  return { command: { functionName, event, endpoint, region, isLocal } };
}

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/;

function localEndpoint(baseUrl: string | undefined): string | undefined {
  return baseUrl !== undefined && LOOPBACK.test(baseUrl) ? new URL(baseUrl).origin : undefined;
}

function eventOf(
  { text, segments, flags }: KillSwitchArguments,
  environment: Readonly<Record<string, string | undefined>>,
  now: string,
): object {
  const { model, level, fallback, reason, expires = DEFAULT_EXPIRY } = text;
  if (flags.has('dry-run')) return { model, dryRun: true };
  const name = text.name ?? environment['RELEASE_USER_NAME'] ?? '';
  const email = text.email ?? environment['RELEASE_USER_EMAIL'] ?? '';
  return {
    ...{ model, level, reason, requestedBy: { name, email } },
    expiresAt: isDuration(expires) ? plusDuration(now, expires) : expires,
    ...(segments.length === 0 ? {} : { segments }),
    ...(fallback === undefined ? {} : { fallback }),
  };
}

/** The options behind the members of the input. */
const OPTION_OF: Readonly<Record<string, string>> = {
  ...{ 'requestedBy.name': '--name', 'requestedBy.email': '--email', expiresAt: '--expires', segments: '--segment' },
  ...{ model: '--model', level: '--level', fallback: '--fallback', reason: '--reason' },
};

function asOption(reason: Reason): Reason {
  const path = reason.path?.replace(/^segments\.\d+$/, 'segments') ?? '';
  return { ...reason, path: OPTION_OF[path] ?? path };
}

function parseOutputs(text: string) {
  try {
    return outputsFile.safeParse(JSON.parse(text)).data?.ModelRelease;
  } catch {
    return undefined;
  }
}

function fault(path: string, message: string, got?: string): Reason {
  return { code: 'INVALID_OPTION', path, message, ...(got === undefined ? {} : { got }) };
}
