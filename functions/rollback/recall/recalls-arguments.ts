import { parseArgs } from 'node:util';
import * as z from 'zod';
import { isLoopback, localEndpoint } from '../../platform/endpoint.ts';
import type { Reason } from '../../platform/errors.ts';

export const USAGE = `Lists open recalls, with their counts and who has not acknowledged.

  npm run recalls [-- options]

  --model MODEL     of this model alone
  --table TABLE     registry table (default: RegistryTableName of the outputs)
  --outputs FILE    outputs of the stack (default: .local/outputs.json, which \`npm start\` writes)
  --endpoint URL    endpoint of the service (default: AWS_ENDPOINT_URL, else that of the local outputs, else AWS)
  --region REGION   (default: AWS_REGION)
  --json            prints one JSON object

Exit code 0: none is open. 1: some are. 2: they could not be listed.`;

export const DEFAULT_OUTPUTS = '.local/outputs.json';

const OPTIONS = ['model', 'table', 'outputs', 'endpoint', 'region'] as const;
const FLAGS = ['json', 'help'] as const;
type Option = (typeof OPTIONS)[number];

export interface RecallsArguments {
  readonly text: Readonly<Partial<Record<Option, string>>>;
  readonly flags: ReadonlySet<(typeof FLAGS)[number]>;
  readonly faults: readonly Reason[];
}

/** What was typed, and everything that is wrong with it. */
export function parseRecallsArguments(argv: readonly string[]): RecallsArguments {
  const text: Partial<Record<Option, string>> = {};
  const flags = new Set<(typeof FLAGS)[number]>();
  const faults: Reason[] = [];
  const options = Object.fromEntries(OPTIONS.map((name) => [name, { type: 'string' as const }]));
  for (const token of parseArgs({ args: [...argv], options, strict: false, tokens: true }).tokens) {
    if (token.kind === 'positional') faults.push(fault(token.value, 'This is not an option.'));
    if (token.kind !== 'option') continue;
    const named = OPTIONS.find((name) => name === token.name);
    const flag = FLAGS.find((name) => name === token.name);
    if (flag !== undefined) flags.add(flag);
    else if (named === undefined) faults.push(fault(token.rawName, 'This option does not exist.'));
    else if (!token.value || token.value.startsWith('--')) faults.push(fault(token.rawName, 'Its value is missing.'));
    else text[named] = token.value;
  }
  if (text.endpoint !== undefined && !URL.canParse(text.endpoint)) faults.push(fault('--endpoint', 'This is no URL.'));
  return { text, flags, faults };
}

const outputsFile = z.object({
  ModelRelease: z.object({ RegistryTableName: z.string(), ApprovalBaseUrl: z.string().optional() }),
});

export interface RecallsSettings {
  readonly table: string;
  readonly model?: string;
  readonly endpoint?: string;
  readonly region?: string;
  /** The local platform, which takes any credentials. */
  readonly isLocal: boolean;
}

/**
 * Where the registry lies: options first, then the stack's outputs (`outputsText`, null when there is no such file), then
 * the environment.
 */
export function resolveRecalls(
  { text, faults }: RecallsArguments,
  outputsText: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly settings: RecallsSettings } | { readonly faults: readonly Reason[] } {
  const found = outputsText === null ? null : parseOutputs(outputsText);
  const table = text.table ?? found?.RegistryTableName;
  if (faults.length > 0 || table === undefined) {
    const unknown = { ...fault('--table', 'The registry table is not known.'), next: 'Pass --table, or --outputs.' };
    return { faults: [...faults, ...(table === undefined ? [unknown] : [])] };
  }
  const endpoint = text.endpoint ?? environment['AWS_ENDPOINT_URL'] ?? localEndpoint(found?.ApprovalBaseUrl);
  const isLocal = endpoint !== undefined && isLoopback(endpoint);
  const region = text.region ?? environment['AWS_REGION'] ?? (isLocal ? 'eu-west-1' : undefined);
  return {
    settings: {
      ...{ table, isLocal },
      ...(text.model === undefined ? {} : { model: text.model }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(region === undefined ? {} : { region }),
    },
  };
}

function parseOutputs(text: string): z.infer<typeof outputsFile>['ModelRelease'] | null {
  try {
    return outputsFile.safeParse(JSON.parse(text)).data?.ModelRelease ?? null;
  } catch {
    return null;
  }
}

function fault(path: string, message: string): Reason {
  return { code: 'INVALID_ARGUMENT', path, message };
}
