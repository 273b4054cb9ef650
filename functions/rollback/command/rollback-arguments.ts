import { parseArgs } from 'node:util';
import * as z from 'zod';
import { isLoopback, localEndpoint } from '../../platform/endpoint.ts';
import type { Reason } from '../../platform/errors.ts';
import { modelName } from '../../platform/ids.ts';
import { CAUSES, parseRollbackInput } from '../input.ts';

export const USAGE = `Rolls a model back, and prints from what to what it went and how long it took. One person is enough.

  npm run rollback -- --model MODEL --cause CAUSE --name NAME --email ADDRESS [options]
  npm run rollback -- --model MODEL --targets

  --model MODEL      (required)
  --cause CAUSE      ${CAUSES.join(' | ')}
  --version VERSION  version to withdraw (default: the one that is at fault most likely: an active canary, else production)
  --target VERSION   version to go back to (default: the one that served before)
  --detail TEXT      why, for the ledger
  --name NAME        who asks (default: RELEASE_USER_NAME)
  --email ADDRESS    their address (default: RELEASE_USER_EMAIL)
  --no-wait          starts it and does not wait for its end
  --targets          lists what can be gone back to, and starts nothing
  --machine ARN      rollback machine (default: RollbackStateMachineArn of the outputs)
  --table TABLE      registry table, for --targets (default: RegistryTableName of the outputs)
  --outputs FILE     outputs of the stack (default: .local/outputs.json, which \`npm start\` writes)
  --endpoint URL     endpoint of AWS (default: AWS_ENDPOINT_URL, else that of the local outputs, else AWS)
  --region REGION    (default: that of the machine, else AWS_REGION)
  --json             prints one JSON object

Exit code 0: done. 1: refused, or failed. 2: nothing was started, for what was typed is wrong.`;

export const DEFAULT_OUTPUTS = '.local/outputs.json';

const INPUTS = ['model', 'cause', 'version', 'target', 'detail', 'name', 'email'] as const;
const PLACES = ['machine', 'table', 'outputs', 'endpoint', 'region'] as const;
const TEXT_OPTIONS = [...INPUTS, ...PLACES] as const;
const FLAGS = ['wait', 'no-wait', 'targets', 'json', 'help'] as const;
type TextOption = (typeof TEXT_OPTIONS)[number];
type Flag = (typeof FLAGS)[number];
type Environment = Readonly<Record<string, string | undefined>>;

export interface RollbackArguments {
  readonly text: Readonly<Partial<Record<TextOption, string>>>;
  readonly flags: ReadonlySet<Flag>;
  readonly faults: readonly Reason[];
}

/** What was typed, and what is wrong with it as far as it can be told without its meaning. */
export function parseRollbackArguments(argv: readonly string[]): RollbackArguments {
  const text: Partial<Record<TextOption, string>> = {};
  const flags = new Set<Flag>();
  const faults: Reason[] = [];
  const options = Object.fromEntries(TEXT_OPTIONS.map((name) => [name, { type: 'string' as const }]));
  for (const token of parseArgs({ args: [...argv], options, strict: false, tokens: true }).tokens) {
    if (token.kind === 'positional') faults.push(fault(token.value, 'This is not an option.'));
    if (token.kind !== 'option') continue;
    const named = TEXT_OPTIONS.find((name) => name === token.name);
    const flag = FLAGS.find((name) => name === token.name);
    if (flag !== undefined) flags.add(flag);
    else if (named === undefined) faults.push(fault(token.rawName, 'This option does not exist.'));
    else if (!token.value || token.value.startsWith('--')) faults.push(fault(token.rawName, 'Its value is missing.'));
    else if (text[named] !== undefined)
      faults.push(fault(token.rawName, 'This option stands there twice.', token.value));
    else text[named] = token.value;
  }
  if (text.endpoint !== undefined && !URL.canParse(text.endpoint)) {
    faults.push(fault('--endpoint', 'This is no URL.', text.endpoint));
  }
  return { text, flags, faults };
}

const outputsFile = z.object({
  ModelRelease: z.object({
    RollbackStateMachineArn: z.string().optional(),
    RegistryTableName: z.string().optional(),
    ApprovalBaseUrl: z.string().optional(),
  }),
});
type Outputs = z.infer<typeof outputsFile>['ModelRelease'];

/** Where AWS is asked. */
export interface Where {
  readonly region: string | undefined;
  /** Undefined: AWS's own. */
  readonly endpoint: string | undefined;
  /** The endpoint is on this machine, where any credentials do. */
  readonly isLocal: boolean;
}

export type RollbackCommand = { readonly where: Where; readonly model: string } & (
  | { readonly what: 'list'; readonly table: string }
  | { readonly what: 'start'; readonly machineArn: string; readonly input: StartedInput; readonly wait: boolean }
);

/** Input of the rollback machine as it is sent. */
export interface StartedInput {
  readonly model: string;
  readonly cause: string;
  readonly requestedBy: { readonly name: string; readonly email: string };
  readonly withdrawVersion?: string;
  readonly targetVersion?: string;
  readonly detail?: string;
}

/** What to do and where: options first, then the stack's outputs (null when there are none), then the environment. */
export function resolveRollback(
  given: RollbackArguments,
  outputsText: string | null,
  environment: Environment,
): { readonly command: RollbackCommand } | { readonly faults: readonly Reason[] } {
  const { text, flags } = given;
  const outputs = parseOutputs(outputsText);
  const faults = [...given.faults];
  if (outputs === null) faults.push(fault(text.outputs ?? DEFAULT_OUTPUTS, 'These are not the outputs of the stack.'));
  const where = (arn?: string): Where => whereOf(text, outputs, { arn, environment });
  if (flags.has('targets')) {
    const table = text.table ?? outputs?.RegistryTableName;
    faults.push(...modelFaults(text.model));
    if (table === undefined) faults.push(unknown('--table', 'The registry table is not known.'));
    if (faults.length > 0 || table === undefined) return { faults };
    const machine = text.machine ?? outputs?.RollbackStateMachineArn;
    return { command: { what: 'list', model: text.model ?? '', table, where: where(machine) } };
  }
  const machineArn = text.machine ?? outputs?.RollbackStateMachineArn;
  if (machineArn === undefined || !/^arn:[^:]+:states:[^:]+:\d+:stateMachine:./.test(machineArn)) {
    faults.push(unknown('--machine', 'The rollback machine is not known.', machineArn));
  }
  const { input, faults: wrong } = inputOf(text, environment);
  faults.push(...wrong);
  if (faults.length > 0 || machineArn === undefined) return { faults };
  const wait = !flags.has('no-wait');
  return { command: { what: 'start', model: input.model, machineArn, input, wait, where: where(machineArn) } };
}

/** The options behind the members of the input. */
const OPTION_OF: Readonly<Record<string, string>> = {
  model: '--model',
  cause: '--cause',
  withdrawVersion: '--version',
  targetVersion: '--target',
  detail: '--detail',
  'requestedBy.name': '--name',
  'requestedBy.email': '--email',
};

function inputOf(text: RollbackArguments['text'], environment: Environment) {
  const name = text.name ?? environment['RELEASE_USER_NAME'] ?? '';
  const email = text.email ?? environment['RELEASE_USER_EMAIL'] ?? '';
  const { model = '', cause = '', version, target, detail } = text;
  const input: StartedInput = {
    ...{ model, cause, requestedBy: { name, email } },
    ...(version === undefined ? {} : { withdrawVersion: version }),
    ...(target === undefined ? {} : { targetVersion: target }),
    ...(detail === undefined ? {} : { detail }),
  };
  const parsed = parseRollbackInput(input);
  if (parsed.ok) return { input, faults: [] };
  const unnamed = name === '' || email === '';
  const faults = parsed.reasons
    .map(({ path = '', ...reason }) => ({ ...reason, path: OPTION_OF[path] ?? path }))
    .filter(({ path }) => !(unnamed && (path === '--name' || path === '--email')))
    .map(({ next: _, ...reason }) => (text[optionName(reason.path)] === undefined ? missing(reason) : reason));
  return { input, faults: unnamed ? [...faults, whoAsks()] : faults };
}

function optionName(path: string): TextOption {
  return TEXT_OPTIONS.find((name) => `--${name}` === path) ?? 'outputs';
}

function missing(reason: Reason & { readonly path: string }): Reason {
  const required = reason.path === '--model' || reason.path === '--cause';
  return required ? { ...reason, message: `${reason.path} is missing.` } : reason;
}

function whoAsks(): Reason {
  const message = 'Who asks is not known: a rollback is recorded under a name and an address.';
  const next = 'Pass --name and --email, or set RELEASE_USER_NAME and RELEASE_USER_EMAIL.';
  return { code: 'INVALID_ARGUMENT', path: '--name, --email', message, next };
}

function modelFaults(model: string | undefined): readonly Reason[] {
  if (model === undefined) return [fault('--model', '--model is missing.')];
  const parsed = modelName.safeParse(model);
  return parsed.success ? [] : [fault('--model', parsed.error.issues[0]?.message ?? 'This is no model.', model)];
}

function whereOf(
  text: RollbackArguments['text'],
  outputs: Outputs | null,
  { arn, environment }: { readonly arn: string | undefined; readonly environment: Environment },
): Where {
  const endpoint = text.endpoint ?? environment['AWS_ENDPOINT_URL'] ?? localEndpoint(outputs?.ApprovalBaseUrl);
  const isLocal = endpoint !== undefined && isLoopback(endpoint);
  const ofArn = /^arn:[^:]+:states:([^:]+):/.exec(arn ?? '')?.[1];
  const region = text.region ?? ofArn ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
  return { region: region ?? (isLocal ? 'eu-west-1' : undefined), endpoint, isLocal };
}

function parseOutputs(text: string | null): Outputs | null {
  if (text === null) return {};
  try {
    return outputsFile.safeParse(JSON.parse(text)).data?.ModelRelease ?? null;
  } catch {
    return null;
  }
}

function fault(path: string, message: string, got?: string): Reason {
  return { code: 'INVALID_ARGUMENT', path, message, ...(got === undefined ? {} : { got }) };
}

function unknown(path: string, message: string, got?: string): Reason {
  const next = `Pass ${path}, or --outputs with the outputs of the stack; \`npm start\` writes ${DEFAULT_OUTPUTS}.`;
  return { ...fault(path, message, got), next };
}
