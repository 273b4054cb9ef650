import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { framed, type IsolatedMessage, type Told, ToldReader } from './isolated-frames.ts';
import { codeOf } from './run-version.ts';

export interface ProcessEnd {
  readonly outcome: 'out-of-memory' | 'crashed';
  /** A signal, `EXIT_<code>`, `RSS_LIMIT`, `NOT_OURS` (it said what we never say), or an error's code, such as `EMFILE`. */
  readonly code: string;
}

export interface ProcessOptions {
  /** ES module that exports `predictorOf`; ours where there is none. */
  readonly predictorModule?: URL | undefined;
  readonly maxMb: number;
}

/** What happens to a process while somebody uses it. */
export interface ProcessUser {
  /** Values per answer, at most. */
  readonly maxDays: number;
  /** All that it may say. */
  readonly maxBytes: number;
  readonly told: (told: Told) => void;
  readonly ended: (end: ProcessEnd) => void;
}

/** As source and as a bundle alike the program lies beside this file. */
const PROGRAM = new URL(
  import.meta.url.endsWith('.ts') ? './isolated-version.child.ts' : './isolated-version.child.mjs',
  import.meta.url,
);

const WATCH_MS = 10;
const IDLE_WATCH_MS = 1_000;
/** Of the limit; the rest is code, buffers and stacks. */
const HEAP_SHARE = 0.8;
/** A process that V8 ends for want of memory ends by one of the first two; the kernel uses the third. */
const MEMORY_SIGNALS: readonly (string | null)[] = ['SIGABRT', 'SIGTRAP', 'SIGKILL'];

/**
 * One process beside this one, for code that must not reach it. A worker thread would share its memory: when the engine
 * cannot allocate there, whatever the thread's limits, it ends the whole process. This one runs at a low priority, is
 * what the kernel ends first where memory is short, has neither input nor output but the one pipe, and is ended above its limit.
 */
export class IsolatedProcess {
  /** Null where the system started none. */
  readonly #child: ChildProcess | null;
  readonly #pipe: Socket | null;
  readonly #maxMb: number;
  #reader = new ToldReader();
  #user: ProcessUser | null = null;
  #said = 0;
  #end: ProcessEnd | null = null;
  #watch: NodeJS.Timeout | undefined;

  /** Never throws: a process that cannot be started has ended. */
  constructor(options: ProcessOptions) {
    this.#maxMb = options.maxMb;
    this.#child = this.#started(options);
    // Without descriptors for its pipes a process has none, whatever the types say.
    const pipe: unknown = this.#child?.pid === undefined ? null : this.#child.stdio[3];
    this.#pipe = pipe instanceof Socket ? pipe : null;
    if (this.#child === null) return;
    this.#child.on('error', (error) => this.#ended({ outcome: 'crashed', code: systemCodeOf(error) }));
    this.#child.once('exit', (code, signal) => {
      endGroup(this.#child);
      this.#ended(endOf(code, signal));
    });
    this.#pipe?.on('data', (chunk: Buffer) => this.#heard(chunk));
    // The end of the process tells why.
    this.#pipe?.on('error', () => undefined);
    this.#pipe?.unref();
    this.#child.unref();
    giveWay(this.#child.pid);
    LIVE.add(this.#child);
    this.#look();
  }

  #started({ predictorModule, maxMb }: ProcessOptions): ChildProcess | null {
    try {
      return spawn(
        process.execPath,
        [
          `--max-old-space-size=${Math.floor(maxMb * HEAP_SHARE)}`,
          fileURLToPath(PROGRAM),
          ...(predictorModule === undefined ? [] : [predictorModule.href]),
        ],
        // Detached it leads a group, with which all that it started is ended too.
        { stdio: ['ignore', 'ignore', 'ignore', 'pipe'], env: environment(), detached: true },
      );
    } catch (cause) {
      // Where memory is short, for one, the system says so at once; most other refusals come as an event.
      this.#end = { outcome: 'crashed', code: systemCodeOf(cause) };
      return null;
    }
  }

  get alive(): boolean {
    return this.#end === null;
  }

  /** From now on until `leave` what it says, and its end, is this user's. It keeps the parent's event loop going. */
  use(user: ProcessUser): void {
    this.#user = user;
    this.#said = 0;
    this.#child?.ref();
    this.#pipe?.ref();
    if (this.#end !== null) user.ended(this.#end);
    this.#look();
  }

  leave(): void {
    this.#user = null;
    this.#child?.unref();
    this.#pipe?.unref();
  }

  /**
   * Sends a message, and waits while earlier ones are not taken yet.
   * @throws what cannot be serialized
   */
  async send(message: IsolatedMessage, signal?: AbortSignal): Promise<void> {
    const pipe = this.#pipe;
    if (pipe === null || !pipe.writable) return;
    const taken = pipe.write(framed(serialize(message)));
    // Why it is not taken any more is told by the end of the process.
    if (!taken && signal !== undefined) await once(pipe, 'drain', { signal }).catch(() => undefined);
  }

  /** Resident memory; 0 where the system does not tell. */
  get rssMb(): number {
    return rssMbOf(this.#child?.pid);
  }

  /** Ends the process at once. */
  kill(end: ProcessEnd): void {
    // The number of one that has ended may be another's by now.
    if (this.#end !== null) return;
    endGroup(this.#child);
    this.#ended(end);
  }

  #heard(chunk: Buffer): void {
    if (this.#end !== null) return;
    this.#said += chunk.length;
    const told = this.#said > (this.#user?.maxBytes ?? 0) ? null : this.#reader.push(chunk, this.#user?.maxDays ?? 0);
    if (told === null) this.kill({ outcome: 'crashed', code: 'NOT_OURS' });
    else for (const one of told) this.#user?.told(one);
  }

  #ended(end: ProcessEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    clearTimeout(this.#watch);
    if (this.#child !== null) LIVE.delete(this.#child);
    this.#pipe?.destroy();
    this.#user?.ended(end);
  }

  #look(): void {
    clearTimeout(this.#watch);
    if (this.#end !== null) return;
    if (this.rssMb > this.#maxMb) this.kill({ outcome: 'out-of-memory', code: 'RSS_LIMIT' });
    else this.#watch = setTimeout(() => this.#look(), this.#user === null ? IDLE_WATCH_MS : WATCH_MS).unref();
  }
}

/** Nothing outlives the parent, not even what never yields and so never sees that it is gone. */
const LIVE = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of LIVE) endGroup(child);
});

/** A process, and what it started that did not leave its group; also where it has ended and they have not. */
function endGroup(child: ChildProcess | null): void {
  const pid = child?.pid;
  if (pid === undefined) return;
  quietly(() => process.kill(-pid, 'SIGKILL'));
  child?.kill('SIGKILL');
}

/** Options of the parent's own Node are not the child's, and Lambda's runtime is nothing that it may speak with. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, AWS_LAMBDA_RUNTIME_API: _runtime, ...rest } = process.env;
  return rest;
}

/** As the system calls it, such as `EMFILE`; else the error's name. */
function systemCodeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : codeOf(error);
}

function endOf(code: number | null, signal: NodeJS.Signals | null): ProcessEnd {
  const outcome = MEMORY_SIGNALS.includes(signal) ? 'out-of-memory' : 'crashed';
  return { outcome, code: signal ?? `EXIT_${code}` };
}

/**
 * A tenth of what the parent gets where both want one CPU: little enough for production, and enough for a canary that has to
 * be in time on a machine where others are busy too. On Linux threads take the priority over from the one that makes them,
 * and at this moment there is one.
 */
function giveWay(pid: number | undefined): void {
  if (pid === undefined) return;
  quietly(() => setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL));
  quietly(() => writeFileSync(`/proc/${pid}/oom_score_adj`, '1000'));
}

function rssMbOf(pid: number | undefined): number {
  const status = quietly(() => readFileSync(`/proc/${pid}/status`, 'latin1')) ?? '';
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

/** What a system does not offer is done without. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
