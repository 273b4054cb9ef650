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
  readonly environment: Readonly<Record<string, string>>;
  /** Given each line that the function writes. */
  readonly onLine: (definition: LambdaFunction, line: string) => void;
}

/** One child process of a function. It runs one event at a time and is not used again once `alive` is false. */
export interface Worker {
  alive(): boolean;
  run(event: string): Promise<InvokeResult>;
  /** Ends the process at once; resolves when it is gone. */
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
}

const CHILD = fileURLToPath(new URL('lambda-child.ts', import.meta.url));
/** Lambda gives a cold start ten seconds; a loaded development machine needs more. */
const INIT_SECONDS = 60;

const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('init-error'), error: z.record(z.string(), z.unknown()) }),
  z.object({ type: z.literal('result'), id: z.string(), payload: z.string() }),
  z.object({ type: z.literal('error'), id: z.string(), error: z.record(z.string(), z.unknown()) }),
]);
type Message = z.infer<typeof messageSchema>;

/** Starts a child process for a function; the handler is loaded when the first event runs or before. */
export function startWorker(options: WorkerOptions): Worker {
  const { definition, onLine } = options;
  const child = fork(CHILD, handlerArguments(definition), {
    cwd: definition.directory,
    env: options.environment,
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let alive = true;
  readLines(child, (line) => onLine(definition, line));
  const ended = new Promise<string>((resolve) => {
    const end = (how: string): void => {
      alive = false;
      resolve(how);
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(signal === null ? `exit status ${code}` : `signal: ${signal}`));
  });
  const ready = firstMessage(child, ended);
  const kill = async (): Promise<void> => {
    alive = false;
    child.kill('SIGKILL');
    await ended;
  };
  return {
    alive: () => alive,
    kill,
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    run: async (event) => {
      const start = await within(INIT_SECONDS, ready, kill);
      if (start?.type === 'ready') return runEvent({ child, ended, event, definition, kill });
      void kill();
      const how = start?.type === 'ended' ? start.how : `no start within ${INIT_SECONDS} seconds`;
      const error = start?.type === 'init-error' ? start.error : runtimeExit(randomUUID(), how);
      return { payload: error, functionError: 'Unhandled' };
    },
  };
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', onLine);
  }
}

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<string>;
  readonly event: string;
  readonly definition: LambdaFunction;
  readonly kill: () => void;
}

async function runEvent({ child, ended, event, definition, kill }: Run): Promise<InvokeResult> {
  const id = randomUUID();
  const answer = answerTo(child, id);
  const deadlineMs = Date.now() + definition.timeoutSeconds * 1_000;
  child.send({ id, event, deadlineMs }, () => undefined);
  const outcome = await within(
    definition.timeoutSeconds,
    Promise.race([answer, ended.then((how) => ({ type: 'ended' as const, how }))]),
    kill,
  );
  if (outcome?.type === 'result') return { payload: JSON.parse(outcome.payload) };
  if (outcome?.type === 'error') return { payload: outcome.error, functionError: 'Unhandled' };
  const failure =
    outcome === undefined
      ? {
          errorType: 'Sandbox.Timedout',
          errorMessage: `RequestId: ${id} Error: Task timed out after ${definition.timeoutSeconds.toFixed(2)} seconds`,
        }
      : runtimeExit(id, outcome.how);
  return { payload: failure, functionError: 'Unhandled' };
}

function runtimeExit(id: string, how: string): Readonly<Record<string, string>> {
  return {
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${id} Error: Runtime exited with error: ${how}`,
  };
}

function firstMessage(
  child: ChildProcess,
  ended: Promise<string>,
): Promise<Message | { readonly type: 'ended'; readonly how: string }> {
  const message = new Promise<Message>((resolve) => {
    child.once('message', (raw) => resolve(messageSchema.parse(raw)));
  });
  return Promise.race([message, ended.then((how) => ({ type: 'ended' as const, how }))]);
}

function answerTo(child: ChildProcess, id: string): Promise<Extract<Message, { readonly id: string }>> {
  return new Promise((resolve) => {
    const listen = (raw: unknown): void => {
      const message = messageSchema.safeParse(raw).data;
      if (message === undefined || !('id' in message) || message.id !== id) return;
      child.off('message', listen);
      resolve(message);
    };
    child.on('message', listen);
  });
}

async function within<T>(seconds: number, promise: Promise<T>, onTimeout: () => void): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      onTimeout();
      resolve(undefined);
    }, seconds * 1_000);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function handlerArguments({ directory, handler, name }: LambdaFunction): readonly [string, string] {
  const dot = handler.lastIndexOf('.');
  const base = join(directory, handler.slice(0, dot));
  const file = ['.mjs', '.js', '.cjs'].map((extension) => base + extension).find(existsSync);
  if (file !== undefined) return [file, handler.slice(dot + 1)];
  throw new PlatformFault(
    `The bundle of function ${name} has no ${handler.slice(0, dot)}.mjs in ${directory}.`,
    'Synthesize again with bundling on; template tests switch it off.',
  );
}

/**
 * What Lambda's runtime sets, with the template's own variables on top. Nothing of this machine comes along but PATH:
 * its AWS profiles must not reach the functions.
 */
export function workerEnvironment(definition: LambdaFunction, endpoint: string): Readonly<Record<string, string>> {
  return {
    ...definition.environment,
    PATH: process.env['PATH'] ?? '',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_ACCESS_KEY_ID: definition.shortName,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ENDPOINT_URL: endpoint,
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroup,
    LAMBDA_TASK_ROOT: definition.directory,
    LOCAL_FUNCTION_ARN: definition.arn,
  };
}
