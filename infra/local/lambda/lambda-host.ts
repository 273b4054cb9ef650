import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ACCOUNT, AwsError, type Invoke, type InvokeResult, REGION } from '../service.ts';
import { type LambdaFunction, startWorker, type Worker, type WorkerOptions } from './lambda-worker.ts';

/** Lambda's limits on synchronous events and answers, and on asynchronous events. */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;
const MAX_ASYNC_PAYLOAD_BYTES = 1024 * 1024;
const MAX_WORKERS = 8;
const IDLE_SECONDS = 300;
/** Lambda repeats a failed asynchronous event after one and two minutes; nobody waits that long here. */
const ASYNC_RETRY_SECONDS = [1, 2] as const;

export interface LambdaHostOptions extends Omit<WorkerOptions, 'definition' | 'temporary'> {
  /** Told of each run, whoever asked for it. */
  readonly onInvoke?: () => void;
  /** Told of each failed run. */
  readonly onError?: (definition: LambdaFunction) => void;
}

/** The functions of the stack, run as child processes. Functions are named by their name, partial or whole ARN. */
export interface LambdaHost {
  define(definition: LambdaFunction): void;
  /** @throws AwsError ResourceNotFoundException for a function or qualifier that the template does not define */
  find(functionArnOrName: string): LambdaFunction;
  /** Runs one event and waits for the answer. */
  readonly invoke: Invoke;
  /**
   * Runs one event as an asynchronous invocation does: a failed one is repeated twice. Resolves when it is over; callers
   * need not wait. @throws AwsError at once for an unknown function or too large an event
   */
  enqueue(functionArnOrName: string, payload: unknown): Promise<void>;
  /** Ends the processes of a function at once, whatever they are doing, as a lost machine would. */
  kill(functionName: string): void;
  stop(): Promise<void>;
}

interface Pool {
  readonly definition: LambdaFunction;
  /** Folder for the temporary files of its processes. */
  readonly temporary: string;
  readonly idle: { readonly worker: Worker; readonly timer: NodeJS.Timeout }[];
  readonly all: Set<Worker>;
  readonly waiting: (() => void)[];
}

export function createLambdaHost(options: LambdaHostOptions): LambdaHost {
  const pools = new Map<string, Pool>();
  const temporary = mkdtempSync(join(tmpdir(), 'functions-'));
  const stopping = new AbortController();
  const invoke: Invoke = async (name, payload) => {
    if (stopping.signal.aborted) throw new AwsError('ServiceException', 'The local platform is stopping.', 500);
    const pool = findPool(pools, name);
    options.onInvoke?.();
    const result = await runIn(pool, eventText(payload, MAX_PAYLOAD_BYTES), options);
    if (result.functionError !== undefined) options.onError?.(pool.definition);
    return result;
  };
  return {
    define: (definition) => {
      const own = join(temporary, definition.shortName);
      mkdirSync(own, { recursive: true });
      // A changed function runs in new processes.
      for (const worker of pools.get(definition.name)?.all ?? []) void worker.kill();
      pools.set(definition.name, { definition, temporary: own, idle: [], all: new Set(), waiting: [] });
    },
    find: (name) => findPool(pools, name).definition,
    invoke,
    enqueue: (name, payload) => {
      const { definition } = findPool(pools, name);
      eventText(payload, MAX_ASYNC_PAYLOAD_BYTES);
      const log = (failure: unknown): void =>
        options.onLine(definition, `asynchronous event failed: ${JSON.stringify(failure)}`);
      return runInBackground(() => invoke(name, payload), stopping.signal, log);
    },
    kill: (name) => {
      for (const worker of findPool(pools, name).all) void worker.kill();
    },
    stop: async () => {
      stopping.abort();
      const workers = [...pools.values()].flatMap((pool) => [...pool.all]);
      await Promise.all(workers.map((worker) => worker.kill()));
      rmSync(temporary, { recursive: true, force: true });
    },
  };
}

async function runIn(pool: Pool, event: string, options: LambdaHostOptions): Promise<InvokeResult> {
  const worker = await takeWorker(pool, options);
  try {
    return await worker.run(event);
  } finally {
    const retire = (): void => {
      pool.idle.splice(0, pool.idle.length, ...pool.idle.filter((one) => one.worker !== worker));
      pool.all.delete(worker);
      void worker.kill();
    };
    if (worker.alive()) pool.idle.push({ worker, timer: setTimeout(retire, IDLE_SECONDS * 1_000).unref() });
    else retire();
    pool.waiting.shift()?.();
  }
}

async function takeWorker(pool: Pool, options: LambdaHostOptions): Promise<Worker> {
  for (;;) {
    const { worker, timer } = pool.idle.pop() ?? {};
    clearTimeout(timer);
    if (worker?.alive()) return worker;
    if (worker !== undefined) pool.all.delete(worker);
    else if (pool.all.size < MAX_WORKERS) break;
    else await new Promise<void>((resolve) => pool.waiting.push(resolve));
  }
  const worker = startWorker({ ...options, definition: pool.definition, temporary: pool.temporary });
  pool.all.add(worker);
  return worker;
}

async function runInBackground(
  run: () => Promise<InvokeResult>,
  stopping: AbortSignal,
  log: (failure: unknown) => void,
): Promise<void> {
  for (const pauseSeconds of [...ASYNC_RETRY_SECONDS, undefined]) {
    const { functionError, payload } = await run().catch((error: unknown): InvokeResult => {
      return { payload: String(error), functionError: 'Unhandled' };
    });
    if (functionError === undefined || stopping.aborted) return;
    log(payload);
    if (pauseSeconds === undefined) return;
    await sleep(pauseSeconds * 1_000, undefined, { signal: stopping, ref: false }).catch(() => undefined);
  }
}

function eventText(payload: unknown, maxBytes: number): string {
  const text = JSON.stringify(payload) ?? 'null';
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return text;
  const message = `Request must be smaller than ${maxBytes} bytes for the InvokeFunction operation`;
  throw new AwsError('RequestTooLargeException', `${message} (got ${bytes})`, 413);
}

function findPool(pools: ReadonlyMap<string, Pool>, functionArnOrName: string): Pool {
  const [name = '', qualifier = '$LATEST'] = functionArnOrName.replace(/^.*:function:/, '').split(':');
  const pool = pools.get(name);
  if (pool !== undefined && qualifier === '$LATEST') return pool;
  const arn = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}:${qualifier}`;
  throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
}
