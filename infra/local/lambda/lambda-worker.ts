import { fork } from 'node:child_process';
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
/** Lambda gives a cold start ten seconds; a loaded development machine needs more. */
const INIT_SECONDS = 60;
/** The id of the message that tells that the handler is loaded, or why it is not. */
const READY = 'ready';

const messageSchema = z.object({
  id: z.string(),
  payload: z.string().default('null'),
  error: z.record(z.string(), z.unknown()).optional(),
});
type Message = z.infer<typeof messageSchema>;

/** Starts a child process for a function, which loads the handler at once. */
export function startWorker({ definition, endpoint, onLine }: WorkerOptions): Worker {
  const child = fork(CHILD, handlerArguments(definition), {
    cwd: definition.directory,
    env: environmentOf(definition, endpoint),
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => onLine(definition, line));
  }
  let alive = true;
  const waiting = new Map<string, (message: Message) => void>();
  const answerTo = (id: string): Promise<Message> => new Promise((resolve) => waiting.set(id, resolve));
  child.on('message', (raw) => {
    const message = messageSchema.parse(raw);
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `exit status ${code}` : `signal: ${signal}`));
  });
  ended.then(() => {
    alive = false;
  });
  const kill = async (): Promise<void> => {
    alive = false;
    child.kill('SIGKILL');
    await ended;
  };
  const exited = ended.then((how) => failure(READY, 'Runtime.ExitError', `Runtime exited with error: ${how}`));
  const within = async (seconds: number, answer: Promise<Message>): Promise<Message> => {
    const timeout = Promise.withResolvers<Message>();
    const late = failure(READY, 'Sandbox.Timedout', `Task timed out after ${seconds.toFixed(2)} seconds`);
    const timer = setTimeout(() => timeout.resolve(late), seconds * 1_000);
    const message = await Promise.race([answer, exited, timeout.promise]);
    clearTimeout(timer);
    if (message === late) await kill();
    return message;
  };
  const ready = answerTo(READY);
  return {
    alive: () => alive,
    kill,
    run: async (event) => {
      const started = await within(INIT_SECONDS, ready);
      if (started.error !== undefined) {
        await kill();
        return { payload: started.error, functionError: 'Unhandled' };
      }
      const id = randomUUID();
      const answer = answerTo(id);
      child.send({ id, event, deadlineMs: Date.now() + definition.timeoutSeconds * 1_000 }, () => undefined);
      const { payload, error } = await within(definition.timeoutSeconds, answer);
      return error === undefined ? { payload: JSON.parse(payload) } : { payload: error, functionError: 'Unhandled' };
    },
  };
}

function failure(id: string, errorType: string, what: string): Message {
  return { id, payload: 'null', error: { errorType, errorMessage: `RequestId: ${randomUUID()} Error: ${what}` } };
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
function environmentOf(definition: LambdaFunction, endpoint: string): Readonly<Record<string, string>> {
  return {
    ...definition.environment,
    PATH: process.env['PATH'] ?? '',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
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
