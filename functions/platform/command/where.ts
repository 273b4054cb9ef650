import * as z from 'zod';
import { isHttpUrl, isLoopback, localEndpoint } from '../endpoint.ts';
import type { Reason } from '../errors.ts';
import { fault } from './options.ts';

export const DEFAULT_OUTPUTS = '.local/outputs.json';

/** Options that say where the stack is; every command of an operator has them. */
export const PLACE_OPTIONS = ['outputs', 'endpoint', 'region'] as const;

/** Lines of the usage about them. */
export const PLACE_USAGE = `--outputs FILE     outputs of the stack (default: ${DEFAULT_OUTPUTS}, which \`npm start\` writes)
  --endpoint URL     endpoint of AWS (default: AWS_ENDPOINT_URL, else that of the local outputs, else AWS)
  --region REGION    (default: that of the ARN or of the outputs, else AWS_REGION, else AWS_DEFAULT_REGION)`;

/** A machine, whichever its version or alias. */
export const STATE_MACHINE_ARN = /^arn:[^:]+:states:[^:]+:\d+:stateMachine:./;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where AWS is asked. */
export interface Where {
  readonly region: string | undefined;
  /** Undefined: AWS's own. */
  readonly endpoint: string | undefined;
  /** The endpoint is on this machine, where any credentials do. */
  readonly isLocal: boolean;
}

const stackOutputs = z.object({
  RollbackStateMachineArn: z.string().optional(),
  DrillStateMachineArn: z.string().optional(),
  KillSwitchFunctionName: z.string().optional(),
  AskAgainFunctionName: z.string().optional(),
  RegistryTableName: z.string().optional(),
  ApprovalBaseUrl: z.string().optional(),
});
const outputsFile = z.object({ ModelRelease: stackOutputs });
type Outputs = z.infer<typeof stackOutputs>;

/** What a command calls: a machine, a function, a table. */
export interface Wanted {
  /** As a sentence begins with it. */
  readonly what: string;
  readonly option: string;
  /** Name or ARN, where the option was typed. */
  readonly typed: string | undefined;
  readonly output: Exclude<keyof Outputs, 'ApprovalBaseUrl'>;
  readonly pattern?: RegExp;
  /** A further ARN that was typed and tells the region. */
  readonly beside?: string | undefined;
}

/** What is known before anything is asked. */
export interface Given {
  readonly text: Readonly<Partial<Record<(typeof PLACE_OPTIONS)[number], string>>>;
  /** The stack's outputs as the file has them; null: there is no file. */
  readonly outputsText: string | null;
  readonly environment: Environment;
}

export type Found =
  | { readonly ok: true; readonly name: string; readonly where: Where }
  | { readonly ok: false; readonly faults: readonly Reason[] };

/** Name and place of what a command calls: options first, then the stack's outputs, then the environment. */
export function findPlace(wanted: Wanted, { text, outputsText, environment }: Given): Found {
  const outputs = parseOutputs(outputsText);
  const name = wanted.typed ?? outputs?.[wanted.output];
  const isKnown = name !== undefined && (wanted.pattern ?? /./).test(name);
  const endpoint = endpointOf(text.endpoint, outputs, environment);
  const faults = [
    // A broken file that nobody named and nothing is needed from is in nobody's way.
    ...(outputs === null && (text.outputs !== undefined || !isKnown) ? [noOutputs(text.outputs)] : []),
    ...(isKnown ? [] : [unknownPlace(wanted, name)]),
    ...endpoint.faults,
  ];
  if (!isKnown || faults.length > 0) return { ok: false, faults };
  const { url } = endpoint;
  const isLocal = url !== undefined && isLoopback(url);
  const ofStack = regionOf(outputs?.RollbackStateMachineArn);
  const ofEnvironment = environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || undefined;
  // What was typed need not be of the stack whose outputs happen to lie here.
  const known = wanted.typed === undefined ? (ofStack ?? ofEnvironment) : (ofEnvironment ?? ofStack);
  const ofArn = regionOf(name) ?? regionOf(wanted.beside);
  const region = text.region ?? ofArn ?? known ?? (isLocal ? 'eu-west-1' : undefined);
  return { ok: true, name, where: { region, endpoint: url, isLocal } };
}

/**
 * Options of any client of AWS. Whoever has no credentials is known on the local platform as the operator of the command `as`:
 * the name alone may be that of a function, whose role may do less.
 */
export function clientOptions({ region, endpoint, isLocal }: Where, environment: Environment, as: string) {
  const signedIn = environment['AWS_ACCESS_KEY_ID'] !== undefined || environment['AWS_PROFILE'] !== undefined;
  const key = `operator-${as}`;
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(isLocal && !signedIn ? { credentials: { accessKeyId: key, secretAccessKey: key } } : {}),
  };
}

function endpointOf(typed: string | undefined, outputs: Outputs | null, environment: Environment) {
  const variable = environment['AWS_ENDPOINT_URL'] || undefined;
  const url = typed ?? variable ?? localEndpoint(outputs?.ApprovalBaseUrl);
  if (url === undefined || isHttpUrl(url)) return { url, faults: [] };
  const path = typed === undefined ? 'AWS_ENDPOINT_URL' : '--endpoint';
  return { url, faults: [{ ...fault(path, 'This is no URL.', url), allowed: 'http://… or https://…' }] };
}

function regionOf(arn: string | undefined): string | undefined {
  return /^arn:[^:]+:[^:]+:([^:]+):/.exec(arn ?? '')?.[1];
}

function parseOutputs(text: string | null): Outputs | null {
  if (text === null) return {};
  try {
    return outputsFile.safeParse(JSON.parse(text)).data?.ModelRelease ?? null;
  } catch {
    return null;
  }
}

function noOutputs(named: string | undefined): Reason {
  return fault(named ?? DEFAULT_OUTPUTS, 'These are not the outputs of the stack.');
}

function unknownPlace({ what, option }: Wanted, got: string | undefined): Reason {
  const next = `Pass ${option}, or --outputs with the outputs of the stack; \`npm start\` writes ${DEFAULT_OUTPUTS}.`;
  return { ...fault(option, `${what} is not known.`, got), next };
}
