import { parseArgs } from 'node:util';
import * as z from 'zod';
import { parseInput } from '../../platform/boundary.ts';
import { isLoopback, localEndpoint } from '../../platform/endpoint.ts';
import type { Reason } from '../../platform/errors.ts';
import { type DrillInput, drillInput } from '../drill-input.ts';

export const USAGE = `Rehearses a rollback of a model and prints how long each part of it took. Nothing that serves is touched.

  npm run drill -- --model MODEL [options]

  --model MODEL      whose rollback (required)
  --name NAME        who asks (default: whoever is logged in)
  --email ADDRESS    their address (required with --name)
  --machine ARN      drill machine (default: DrillStateMachineArn of the outputs)
  --outputs FILE     outputs of the stack (default: .local/outputs.json, which \`npm start\` writes)
  --endpoint URL     endpoint of AWS (default: AWS_ENDPOINT_URL, else that of the local outputs, else AWS)
  --json             prints one JSON object

Exit code 0: the drill passed. 1: it did not. 2: nothing was drilled.`;

export const DEFAULT_OUTPUTS = '.local/outputs.json';

const TEXT_OPTIONS = ['model', 'name', 'email', 'machine', 'outputs', 'endpoint'] as const;
const FLAGS = ['json', 'help'] as const;

export interface DrillArguments {
  readonly text: Readonly<Partial<Record<(typeof TEXT_OPTIONS)[number], string>>>;
  readonly flags: ReadonlySet<(typeof FLAGS)[number]>;
  readonly faults: readonly Reason[];
}

/** What was typed, and everything that is wrong with it. */
export function parseDrillArguments(argv: readonly string[]): DrillArguments {
  const text: Partial<Record<(typeof TEXT_OPTIONS)[number], string>> = {};
  const flags = new Set<(typeof FLAGS)[number]>();
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
    else text[named] = token.value;
  }
  if (text.model === undefined && !flags.has('help')) faults.push(fault('--model', 'The model is missing.'));
  if ((text.name === undefined) !== (text.email === undefined)) {
    faults.push(fault('--name, --email', 'A person has a name and an address.'));
  }
  if (text.endpoint !== undefined && !URL.canParse(text.endpoint)) {
    faults.push(fault('--endpoint', 'This is no URL.', text.endpoint));
  }
  return { text, flags, faults };
}

const outputsFile = z.object({
  ModelRelease: z.object({ DrillStateMachineArn: z.string().optional(), ApprovalBaseUrl: z.string().optional() }),
});

export interface DrillSettings {
  readonly input: DrillInput;
  readonly machineArn: string;
  readonly region: string;
  /** Undefined: AWS's own. */
  readonly endpoint: string | undefined;
  /** The endpoint is on this machine, where any credentials do. */
  readonly isLocal: boolean;
}

/** What to start and where: options first, then the stack's outputs (null when there are none), then the environment. */
export function resolveDrill(
  { text, faults }: DrillArguments,
  outputsText: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly settings: DrillSettings } | { readonly faults: readonly Reason[] } {
  const all = [...faults];
  const outputs = parseOutputs(outputsText);
  if (outputs === null) all.push(fault(text.outputs ?? DEFAULT_OUTPUTS, 'These are not the outputs of the stack.'));
  const machineArn = text.machine ?? outputs?.DrillStateMachineArn;
  const region = /^arn:[^:]+:states:([^:]+):/.exec(machineArn ?? '')?.[1];
  if (machineArn === undefined || region === undefined) {
    const next = `Pass --machine, or --outputs with the outputs of the stack; \`npm start\` writes ${DEFAULT_OUTPUTS}.`;
    all.push({ ...fault('--machine', 'The drill machine is not known.', machineArn), next });
  }
  const { name, email } = text;
  const asked = `system:drill-cli-${environment['USER'] ?? environment['LOGNAME'] ?? 'unknown'}`.replaceAll(/\s/g, '-');
  const requestedBy = name === undefined || email === undefined ? asked : { name, email };
  const input = parseInput(drillInput, { model: text.model, requestedBy });
  if (!input.ok && faults.length === 0) all.push(...input.reasons);
  if (all.length > 0 || machineArn === undefined || region === undefined || !input.ok) return { faults: all };
  const endpoint = text.endpoint ?? environment['AWS_ENDPOINT_URL'] ?? localEndpoint(outputs?.ApprovalBaseUrl);
  const isLocal = endpoint !== undefined && isLoopback(endpoint);
  return { settings: { input: input.value, machineArn, region, endpoint, isLocal } };
}

function parseOutputs(text: string | null): z.infer<typeof outputsFile>['ModelRelease'] | null {
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
