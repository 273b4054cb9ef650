import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { PlatformFault } from '../platform-fault.ts';
import type { InvokeResult } from '../service.ts';
import { REGION } from '../service.ts';

/** A function as the template defines it. */
export interface LambdaFunction {
  readonly name: string;
  /** The name without the stack's: what its requests are signed with, and what tests call it. */
  readonly shortName: string;
  readonly arn: string;
  /** The bundle's directory: exactly what a deploy would upload. */
  readonly directory: string;
  /** `file.export`, without the file's extension. */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly logGroup: string;
}

export interface WorkerOptions {
  readonly definition: LambdaFunction;
  readonly endpoint: string;
  /** Folder for temporary files, as `/tmp` is one environment's own on Lambda. */
  readonly temporary: string;
  /** Folder in which Node keeps compiled code for the next process that loads the same bundle; nothing is kept without one. */
  readonly compileCache?: string | undefined;
  /** Given each line that the function writes. */
  readonly onLine: (definition: LambdaFunction, line: string) => void;
}

/** One child process of a function. It runs one event at a time and is not used again once `alive` is false. */
export interface Worker {
  alive(): boolean;
  run(event: string): Promise<InvokeResult>;
  /** Ends the process at once; resolves when it is gone. */
  kill(): Promise<void>;
}

const CHILD = fileURLToPath(new URL('lambda-child.ts', import.meta.url));
/** Megabytes. Loading a bundle fills the young generation many times over at the size that Node begins with. */
const YOUNG_GENERATION = '--min-semi-space-size=16';
/** Lambda gives a cold start ten seconds; a loaded development machine needs more. */
const INIT_SECONDS = 60;
/** Lambda's limit on an answer. */
const MAX_ANSWER_BYTES = 6_291_556;
/** The id of the message that tells that the handler is loaded, or why it is not. */
const READY = 'ready';
const TIMED_OUT = 'Sandbox.Timedout';

const messageSchema = z.object({
  id: z.string(),
  payload: z.string().default('null'),
  error: z.record(z.string(), z.unknown()).optional(),
});
type Message = z.infer<typeof messageSchema>;

/** Starts a child process for a function, which loads the handler at once. */
export function startWorker({ definition, onLine, ...given }: WorkerOptions): Worker {
  const child = fork(CHILD, handlerArguments(definition), {
    cwd: definition.directory,
    env: environmentOf(definition, given),
    execArgv: [YOUNG_GENERATION],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => onLine(definition, line));
  }
  let alive = true;
  const { answerTo, ended } = listenTo(child);
  ended.then(() => {
    alive = false;
  });
  const ready = answerTo(READY);
  const kill = async (): Promise<void> => {
    alive = false;
    child.kill('SIGKILL');
    await ended;
  };
  return {
    alive: () => alive,
    kill,
    run: async (event) => {
      const started = await within(INIT_SECONDS, [ready, ended]);
      const id = randomUUID();
      const answer = answerTo(id);
      const deadlineMs = Date.now() + definition.timeoutSeconds * 1_000;
      if (started.error === undefined) child.send({ id, event, deadlineMs }, () => undefined);
      const given = started.error ? started : await within(definition.timeoutSeconds, [answer, ended]);
      const { payload, error = tooLarge(payload) } = given;
      if (started.error !== undefined || error?.['errorType'] === TIMED_OUT) await kill();
      return error === undefined ? { payload: JSON.parse(payload) } : { payload: error, functionError: 'Unhandled' };
    },
  };
}

/** The answers of a child process by their id, and the failure that its end is to whoever waits then. */
function listenTo(child: ChildProcess) {
  const waiting = new Map<string, (message: Message) => void>();
  child.on('message', (raw) => {
    const message = messageSchema.parse(raw);
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  const exited = (how: string): Message => failure('Runtime.ExitError', `Runtime exited with error: ${how}`);
  const ended = new Promise<Message>((resolve) => {
    child.once('error', (error) => resolve(exited(error.message)));
    child.once('exit', (code, signal) =>
      resolve(exited(signal === null ? `exit status ${code}` : `signal: ${signal}`)),
    );
  });
  const answerTo = (id: string): Promise<Message> => new Promise((resolve) => waiting.set(id, resolve));
  return { answerTo, ended };
}

async function within(seconds: number, answers: readonly Promise<Message>[]): Promise<Message> {
  const timeout = Promise.withResolvers<Message>();
  const late = failure(TIMED_OUT, `Task timed out after ${seconds.toFixed(2)} seconds`);
  const timer = setTimeout(() => timeout.resolve(late), seconds * 1_000);
  const message = await Promise.race([...answers, timeout.promise]);
  clearTimeout(timer);
  return message;
}

function tooLarge(payload: string): Message['error'] {
  const bytes = Buffer.byteLength(payload);
  if (bytes <= MAX_ANSWER_BYTES) return undefined;
  const errorMessage = `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${MAX_ANSWER_BYTES} bytes).`;
  return { errorType: 'Function.ResponseSizeTooLarge', errorMessage };
}

function failure(errorType: string, what: string): Message {
  const error = { errorType, errorMessage: `RequestId: ${randomUUID()} Error: ${what}` };
  return { id: '', payload: 'null', error };
}

function handlerArguments({ directory, handler, name }: LambdaFunction): readonly [string, string] {
  const [base = '', exportName = ''] = handler.split('.');
  const file = join(directory, `${base}.mjs`);
  if (existsSync(file)) return [file, exportName];
  throw new PlatformFault(
    `The bundle of function ${name} has no ${base}.mjs in ${directory}.`,
    'Synthesize again with bundling on; template tests switch it off.',
  );
}

/**
 * What Lambda's runtime sets, with the template's own variables on top. Nothing of this machine comes along but PATH:
 * its AWS profiles must not reach the functions.
 */
function environmentOf(
  definition: LambdaFunction,
  { endpoint, temporary, compileCache }: Omit<WorkerOptions, 'definition' | 'onLine'>,
): Readonly<Record<string, string>> {
  return {
    ...definition.environment,
    PATH: process.env['PATH'] ?? '',
    ...(compileCache === undefined ? {} : { NODE_COMPILE_CACHE: compileCache }),
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    TMPDIR: temporary,
    AWS_ACCESS_KEY_ID: definition.shortName,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL: endpoint,
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroup,
    LOCAL_FUNCTION_ARN: definition.arn,
  };
}
