import { setTimeout as sleep } from 'node:timers/promises';
import { ACCOUNT, AwsError, type Invoke, type InvokeResult, REGION } from '../service.ts';
import { type LambdaFunction, startWorker, type Worker, workerEnvironment } from './lambda-worker.ts';

/** Lambda's limits on synchronous events and answers, and on asynchronous events. */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;
const MAX_ASYNC_PAYLOAD_BYTES = 1024 * 1024;
const MAX_WORKERS = 8;
const IDLE_SECONDS = 300;
/** Lambda repeats a failed asynchronous event after one and two minutes; nobody waits that long here. */
const ASYNC_RETRY_SECONDS = [1, 2] as const;

export interface LambdaHostOptions {
  readonly endpoint: string;
  /** Given each line that a function writes. */
  readonly onLine: (definition: LambdaFunction, line: string) => void;
  /** Told of each failed run. */
  readonly onError?: (definition: LambdaFunction) => void;
}

/**
 * The functions of the stack, run as child processes. To invoke one, its name, partial or whole ARN is given, qualified or
 * not; the calls for tests (kill to setEnvironment) also take the name without the stack's.
 */
export interface LambdaHost {
  define(definition: LambdaFunction): void;
  /** Makes a version or alias of a function known; every one of them runs the same code here. */
  qualify(functionName: string, qualifier: string): void;
  /** @throws AwsError ResourceNotFoundException for a function or qualifier that the template does not define */
  find(functionArnOrName: string): LambdaFunction;
  list(): readonly LambdaFunction[];
  /** Runs one event and waits for the answer. */
  readonly invoke: Invoke;
  /**
   * Runs one event as an asynchronous invocation does: a failed one is repeated twice. Resolves when it is over; callers
   * need not wait. @throws AwsError at once for an unknown function or too large an event
   */
  enqueue(functionArnOrName: string, payload: unknown): Promise<void>;
  /** Ends the processes of a function at once, whatever they are doing, as a lost machine would. */
  kill(functionName: string): void;
  /** Freezes or thaws the processes of a function. */
  pause(functionName: string): void;
  resume(functionName: string): void;
  /** Sets variables over those of the template for processes that start from now on; idle ones are replaced. */
  setEnvironment(functionName: string, changes: Readonly<Record<string, string>>): void;
  stop(): Promise<void>;
}

interface Pool {
  readonly definition: LambdaFunction;
  readonly qualifiers: Set<string>;
  readonly idle: { readonly worker: Worker; readonly timer: NodeJS.Timeout }[];
  readonly all: Set<Worker>;
  readonly waiting: (() => void)[];
  changes: Readonly<Record<string, string>>;
}

export function createLambdaHost(options: LambdaHostOptions): LambdaHost {
  const pools = new Map<string, Pool>();
  const stopping = new AbortController();
  const poolOf = (functionArnOrName: string): Pool => findPool(pools, functionArnOrName);
  const named = (name: string): Pool =>
    [...pools.values()].find((pool) => pool.definition.shortName === name) ?? poolOf(name);
  const invoke: Invoke = async (name, payload) => {
    if (stopping.signal.aborted) throw new AwsError('ServiceException', 'The local platform is stopping.', 500);
    const event = eventText(payload, MAX_PAYLOAD_BYTES);
    const result = await withWorker(poolOf(name), options, (worker) => worker.run(event));
    if (result.functionError !== undefined) options.onError?.(poolOf(name).definition);
    return result;
  };
  return {
    define: (definition) => pools.set(definition.name, newPool(definition)),
    qualify: (name, qualifier) => poolOf(name).qualifiers.add(qualifier),
    find: (name) => poolOf(name).definition,
    list: () => [...pools.values()].map(({ definition }) => definition),
    invoke,
    enqueue: (name, payload) => {
      const { definition } = poolOf(name);
      eventText(payload, MAX_ASYNC_PAYLOAD_BYTES);
      return runInBackground(
        () => invoke(name, payload),
        stopping.signal,
        (line) => options.onLine(definition, line),
      );
    },
    ...faultsIn(named),
    stop: async () => {
      stopping.abort();
      const workers = [...pools.values()].flatMap((pool) => [...pool.all]);
      await Promise.all(workers.map((worker) => worker.kill()));
    },
  };
}

/** What tests do to the processes of a function. */
function faultsIn(named: (name: string) => Pool): Pick<LambdaHost, 'kill' | 'pause' | 'resume' | 'setEnvironment'> {
  return {
    kill: (name) => {
      retireIdle(named(name));
      for (const worker of named(name).all) void worker.kill();
    },
    pause: (name) => {
      for (const worker of named(name).all) worker.pause();
    },
    resume: (name) => {
      for (const worker of named(name).all) worker.resume();
    },
    setEnvironment: (name, changes) => {
      const pool = named(name);
      pool.changes = changes;
      retireIdle(pool);
    },
  };
}

function newPool(definition: LambdaFunction): Pool {
  return { definition, qualifiers: new Set(['$LATEST']), idle: [], all: new Set(), waiting: [], changes: {} };
}

async function withWorker(
  pool: Pool,
  options: LambdaHostOptions,
  use: (worker: Worker) => Promise<InvokeResult>,
): Promise<InvokeResult> {
  const worker = await takeWorker(pool, options);
  const changes = pool.changes;
  try {
    return await use(worker);
  } finally {
    if (!worker.alive() || changes !== pool.changes) retire(pool, worker);
    else keepIdle(pool, worker);
    pool.waiting.shift()?.();
  }
}

async function takeWorker(pool: Pool, options: LambdaHostOptions): Promise<Worker> {
  for (;;) {
    const idle = takeIdle(pool);
    if (idle?.alive()) return idle;
    if (idle !== undefined) pool.all.delete(idle);
    else if (pool.all.size < MAX_WORKERS) break;
    else await new Promise<void>((resolve) => pool.waiting.push(resolve));
  }
  const { definition } = pool;
  const environment = { ...workerEnvironment(definition, options.endpoint), ...pool.changes };
  const worker = startWorker({ definition, environment, onLine: options.onLine });
  pool.all.add(worker);
  return worker;
}

function keepIdle(pool: Pool, worker: Worker): void {
  const expire = (): void => {
    pool.idle.splice(pool.idle.indexOf(entry), 1);
    retire(pool, worker);
  };
  const entry = { worker, timer: setTimeout(expire, IDLE_SECONDS * 1_000).unref() };
  pool.idle.push(entry);
}

function takeIdle(pool: Pool): Worker | undefined {
  const entry = pool.idle.pop();
  clearTimeout(entry?.timer);
  return entry?.worker;
}

function retireIdle(pool: Pool): void {
  for (let worker = takeIdle(pool); worker !== undefined; worker = takeIdle(pool)) retire(pool, worker);
}

function retire(pool: Pool, worker: Worker): void {
  pool.all.delete(worker);
  void worker.kill();
}

async function runInBackground(
  run: () => Promise<InvokeResult>,
  stopping: AbortSignal,
  log: (line: string) => void,
): Promise<void> {
  for (const pauseSeconds of [...ASYNC_RETRY_SECONDS, undefined]) {
    const result = await run().catch((error: unknown) => ({
      payload: String(error),
      functionError: 'Unhandled' as const,
    }));
    if (result.functionError === undefined || stopping.aborted) return;
    log(`asynchronous event failed: ${JSON.stringify(result.payload)}`);
    if (pauseSeconds !== undefined) {
      await sleep(pauseSeconds * 1_000, undefined, { signal: stopping, ref: false }).catch(() => undefined);
    }
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
  const parts = functionArnOrName.split(':');
  const at = parts.indexOf('function');
  const [name = '', qualifier] = at < 0 ? parts : parts.slice(at + 1);
  const pool = pools.get(name);
  if (pool !== undefined && (qualifier === undefined || pool.qualifiers.has(qualifier))) return pool;
  const arn = [`arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`, ...(qualifier === undefined ? [] : [qualifier])];
  throw new AwsError('ResourceNotFoundException', `Function not found: ${arn.join(':')}`, 404);
}
