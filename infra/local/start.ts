import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { SETTING_NAMES } from '../settings.ts';
import { STACK_NAME } from '../stack-name.ts';
import { readAssembly } from './assembly.ts';
import { CONSOLE_PATH } from './console.ts';
import { type Platform, startPlatform } from './platform.ts';
import { PlatformFault } from './platform-fault.ts';
import { REGION } from './service.ts';
import { synthesizeApart } from './synthesis.ts';

const DEFAULT_PORT = 4566;
const ROOT = join(import.meta.dirname, '..', '..');

const USAGE = `Usage: npm start -- [--port N] [--data DIR] [-c name=value]...
  --port N        port of the endpoint (default ${DEFAULT_PORT}; 0 takes a free one)
  --data DIR      keep tables, objects, keys and executions in DIR (default: in memory, gone at the end)
  --out DIR       where outputs.json and platform.log are written (default .local), and then cdk.out too
  -c name=value   a setting of the stack, as for cdk deploy; may be repeated`;

try {
  await main();
} catch (error) {
  fail(error);
}

async function main(): Promise<void> {
  const options = readArguments();
  if (options === undefined) return;
  const stopping = new AbortController();
  // A second Ctrl-C ends everything at once: the children see that this process is gone.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const { outDir = join(ROOT, '.local'), settings } = options;
  const directory = join(options.outDir ?? ROOT, 'cdk.out');
  console.log('Synthesizing the stack …');
  // Ctrl-C reaches the synthesis, too, which then fails without having a fault.
  await synthesizeApart({ root: ROOT, settings, directory }).catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  if (stopping.signal.aborted) return;
  mkdirSync(outDir, { recursive: true });
  const logFile = join(outDir, 'platform.log');
  const stream = createWriteStream(logFile);
  const write = (line: string): void => void stream.write(`${new Date().toISOString()} ${line}\n`);
  console.log('Starting the platform …');
  const platform = await startPlatform({
    ...(await readAssembly(directory, STACK_NAME)),
    port: options.port,
    compileCache: resolve(outDir, 'compiled'),
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
    log: write,
    functionLog: (name, line) => write(`${name}: ${line}`),
    onFailure: (fault) => {
      fail(fault);
      stopping.abort();
    },
  });
  const outputsFile = join(outDir, 'outputs.json');
  writeFileSync(outputsFile, `${JSON.stringify({ [STACK_NAME]: platform.outputs }, null, 2)}\n`);
  announce(platform, { outputsFile, logFile });
  await aborted(stopping.signal);
  console.log('Stopping …');
  await platform.stop();
}

interface Arguments {
  readonly port: number;
  readonly dataDir: string | undefined;
  readonly outDir: string | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

/** Undefined when only help was asked for. @throws PlatformFault */
function readArguments(): Arguments | undefined {
  const { values } = parse();
  if (values.help === true) {
    console.log(USAGE);
    return undefined;
  }
  const port = values.port === undefined ? DEFAULT_PORT : Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new PlatformFault(`--port takes a number from 0 to 65535, not ${values.port}.`, USAGE);
  }
  const settings = (values.context ?? []).map((text) => {
    const at = text.indexOf('=');
    const name = text.slice(0, Math.max(at, 0));
    if (SETTING_NAMES.some((known) => known === name)) return [name, text.slice(at + 1)] as const;
    throw new PlatformFault(`-c takes name=value with a name of ${SETTING_NAMES.join(', ')}; not ${text}.`, USAGE);
  });
  return { port, dataDir: values.data, outDir: values.out, settings: Object.fromEntries(settings) };
}

function parse() {
  try {
    return parseArgs({
      options: {
        port: { type: 'string' },
        data: { type: 'string' },
        out: { type: 'string' },
        context: { type: 'string', short: 'c', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new PlatformFault(error instanceof Error ? error.message : String(error), USAGE, error);
  }
}

function announce(platform: Platform, files: { readonly outputsFile: string; readonly logFile: string }): void {
  console.log(`
The stack ${STACK_NAME} runs on this machine.
  Endpoint  ${platform.endpoint}
  Inbox     ${platform.inboxUrl}   (every email that the stack sends)
  Console   ${platform.endpoint}${CONSOLE_PATH}   (what runs, why, and what waits)
  Outputs   ${files.outputsFile}
  Log       ${files.logFile}
For the AWS CLI and SDKs (any access key is the administrator's):
  export AWS_ENDPOINT_URL=${platform.endpoint} AWS_DEFAULT_REGION=${REGION} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
Stop it with Ctrl-C.`);
}

function aborted(signal: AbortSignal): Promise<void> {
  // The open server keeps the process alive meanwhile.
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function fail(error: unknown): void {
  process.exitCode = 1;
  if (error instanceof PlatformFault) console.error(`${error.message}\n${error.next}`);
  else console.error(error);
}
