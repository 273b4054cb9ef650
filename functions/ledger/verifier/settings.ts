import { parseArgs } from 'node:util';
import * as z from 'zod';
import type { Reason } from '../../platform/errors.ts';

export const USAGE = `Verifies a model's ledger from its raw rows and names the first position that does not hold.

  npm run verify-ledger -- --model MODEL [options]

  --model MODEL       whose chain (required); stack for what concerns no single model
  --public-key FILE   PEM of the ledger's public key, kept by you; without it, KMS is asked
  --key KEY           KMS key to ask (default: LedgerKeyArn of the outputs)
  --table TABLE       ledger table (default: LedgerTableName of the outputs)
  --bucket BUCKET     bucket of the anchors (default: EvidenceBucketName of the outputs)
  --no-anchors        leaves the anchors out: a chain cut short is then not found
  --outputs FILE      outputs of the stack (default: .local/outputs.json, which \`npm start\` writes)
  --endpoint URL      endpoint of all services (default: AWS_ENDPOINT_URL, else that of the local outputs, else AWS)
  --region REGION     (default: that of the ledger key, else AWS_REGION)
  --json              prints one JSON object

Exit code 0: everything holds. 1: it does not. 2: nothing was verified.`;

export const DEFAULT_OUTPUTS = '.local/outputs.json';

const TEXT_OPTIONS = ['model', 'public-key', 'key', 'table', 'bucket', 'outputs', 'endpoint', 'region'] as const;
const FLAGS = ['no-anchors', 'json', 'help'] as const;
type TextOption = (typeof TEXT_OPTIONS)[number];
type Flag = (typeof FLAGS)[number];

export interface Arguments {
  readonly text: Readonly<Partial<Record<TextOption, string>>>;
  readonly flags: ReadonlySet<Flag>;
  readonly faults: readonly Reason[];
}

/** What was typed, and everything that is wrong with it. */
export function parseArguments(argv: readonly string[]): Arguments {
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
    else text[named] = token.value;
  }
  if (text.model === undefined && !flags.has('help')) faults.push(fault('--model', 'The model is missing.'));
  if (text.endpoint !== undefined && !URL.canParse(text.endpoint)) {
    faults.push(fault('--endpoint', 'This is no URL.', text.endpoint));
  }
  return { text, flags, faults };
}

const stackOutputs = z.object({
  LedgerTableName: z.string().optional(),
  EvidenceBucketName: z.string().optional(),
  LedgerKeyArn: z.string().optional(),
  ApprovalBaseUrl: z.string().optional(),
});
const outputsFile = z.object({ ModelRelease: stackOutputs });
type Outputs = z.infer<typeof stackOutputs>;

export interface Settings {
  readonly model: string;
  readonly table: string;
  /** Null: the anchors are left out. */
  readonly bucket: string | null;
  readonly key: { readonly file: string } | { readonly kmsKeyId: string };
  readonly endpoint?: string;
  readonly region?: string;
}

/**
 * Where the parts of the ledger lie: options first, then the stack's outputs (`outputsText`, null when there is no such
 * file), then the environment.
 */
export function resolveSettings(
  { text, flags, faults }: Arguments,
  outputsText: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly settings: Settings } | { readonly faults: readonly Reason[] } {
  const found = parseOutputs(outputsText);
  if (found === null) {
    const message = 'These are not the outputs of the stack ModelRelease.';
    return { faults: [...faults, fault(text.outputs ?? DEFAULT_OUTPUTS, message)] };
  }
  const table = text.table ?? found.LedgerTableName;
  const bucket = flags.has('no-anchors') ? null : (text.bucket ?? found.EvidenceBucketName);
  const kmsKeyId = text.key ?? found.LedgerKeyArn;
  const key = text['public-key'] !== undefined ? { file: text['public-key'] } : kmsKeyId && { kmsKeyId };
  const all = [...faults];
  if (!table) all.push(unknown('--table', 'The ledger table is not known.'));
  if (bucket === undefined) all.push(unknown('--bucket', 'The bucket of the anchors is not known (or --no-anchors).'));
  if (!key) all.push(unknown('--public-key', 'The public key is not known.'));
  if (all.length > 0 || !table || bucket === undefined || !key) return { faults: all };
  const endpoint = text.endpoint ?? environment['AWS_ENDPOINT_URL'] ?? localEndpoint(found);
  const region = text.region ?? regionOf(kmsKeyId) ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
  const where = { ...(endpoint ? { endpoint } : {}), ...(region ? { region } : {}) };
  return { settings: { model: text.model ?? '', table, bucket, key, ...where } };
}

/** True for an address of this machine, where the local platform runs and any credentials do. */
export function isLoopback(endpoint: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(new URL(endpoint).hostname);
}

function parseOutputs(outputsText: string | null): Outputs | null {
  if (outputsText === null) return {};
  try {
    return outputsFile.safeParse(JSON.parse(outputsText)).data?.ModelRelease ?? null;
  } catch {
    return null;
  }
}

/** The local platform answers everything, the approval page too, at one address. */
function localEndpoint({ ApprovalBaseUrl: url }: Outputs): string | undefined {
  return url !== undefined && URL.canParse(url) && isLoopback(url) ? new URL(url).origin : undefined;
}

function regionOf(keyArn: string | undefined): string | undefined {
  return /^arn:[^:]+:kms:([^:]+):/.exec(keyArn ?? '')?.[1];
}

function fault(path: string, message: string, got?: string): Reason {
  return { code: 'INVALID_ARGUMENT', path, message, ...(got === undefined ? {} : { got }) };
}

function unknown(path: string, message: string): Reason {
  const next = `Pass ${path}, or --outputs with the outputs of the stack; \`npm start\` writes ${DEFAULT_OUTPUTS}.`;
  return { code: 'INVALID_ARGUMENT', path, message, next };
}
