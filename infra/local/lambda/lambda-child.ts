/**
 * The program of a function's child process: loads the bundled handler and runs one event at a time, as Lambda's runtime
 * does. The parent holds the time limit and ends the process; losing the parent ends it too.
 */
import { flushCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';

interface Invocation {
  readonly id: string;
  readonly event: string;
  readonly deadlineMs: number;
}
type Handler = (event: unknown, context: object) => unknown;

const [file = '', exportName = 'handler'] = process.argv.slice(2);

process.on('disconnect', () => process.exit(0));
// Ctrl-C in a terminal reaches every process there; the platform ends its functions itself, once their executions are stopped.
process.on('SIGINT', () => undefined);
await main();

async function main(): Promise<void> {
  const handler = await load().catch((error: unknown) => {
    send({ id: 'ready', error: describe(error) });
    return undefined;
  });
  if (handler === undefined) return;
  process.on('message', (message: Invocation) => void run(handler, message));
  send({ id: 'ready' });
}

async function load(): Promise<Handler> {
  const module: Readonly<Record<string, unknown>> = await import(pathToFileURL(file).href);
  const handler = module[exportName];
  if (isHandler(handler)) return handler;
  const error = new Error(`${file} is undefined or not exported: ${exportName}`);
  error.name = 'Runtime.HandlerNotFound';
  throw error;
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}

async function run(handler: Handler, invocation: Invocation): Promise<void> {
  try {
    const result = await handler(JSON.parse(invocation.event), contextOf(invocation));
    send({ id: invocation.id, payload: JSON.stringify(result) ?? 'null' });
  } catch (error) {
    send({ id: invocation.id, error: describe(error) });
  }
  // The process is ended by a signal and would leave nothing; what the first event needed is compiled by now.
  flushCompileCache();
}

function contextOf({ id, deadlineMs }: Invocation): object {
  const name = process.env['AWS_LAMBDA_FUNCTION_NAME'];
  return {
    awsRequestId: id,
    functionName: name,
    functionVersion: process.env['AWS_LAMBDA_FUNCTION_VERSION'],
    invokedFunctionArn: process.env['LOCAL_FUNCTION_ARN'],
    memoryLimitInMB: process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    logGroupName: process.env['AWS_LAMBDA_LOG_GROUP_NAME'],
    logStreamName: `local/${process.pid}`,
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
}

function describe(error: unknown): object {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  console.error(error);
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}

function send(message: object): void {
  process.send?.(message);
}
