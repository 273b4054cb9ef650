import { setImmediate as nextTurn } from 'node:timers/promises';
import { unlessAborted } from '../../platform/deadline.ts';
import type { ForecastRequest } from './forecaster.ts';
import { mostToldBytes, type Told } from './isolated-frames.ts';
import { IsolatedProcess, type ProcessEnd } from './isolated-process-store.ts';
import type { VersionArtifact } from './model-store.ts';
import { codeOf, type SaidOfOne, type VersionAnswers } from './run-version.ts';

export interface IsolatedJob {
  readonly artifact: VersionArtifact;
  readonly requests: readonly ForecastRequest[];
  /** Positions of the requests to forecast, the most important first. */
  readonly positions: readonly number[];
  /** Aborts when nobody waits any longer: the run then ends with what has arrived. */
  readonly stop: AbortSignal;
}

export interface IsolatedAnswers extends VersionAnswers {
  /** `not-loaded`: the artifact describes nothing that runs there, so that no position is unfinished. */
  readonly outcome: 'done' | 'out-of-time' | 'not-loaded' | ProcessEnd['outcome'];
}

export interface IsolatedRunnerOptions {
  /** ES module that exports `predictorOf: PredictorFactory`, for artifacts of kinds that are not ours. */
  readonly predictorModule?: URL;
  /** Memory of the process above which it is ended. */
  readonly maxMb?: number;
  /** Memory above which it is not kept for the next run. */
  readonly idleMb?: number;
  /** How long a version that was told to stop may take to do so before its process is ended. */
  readonly graceMs?: number;
}

/** Requests that are sent together: with a year of history a message is made in half a millisecond, with ten in three. */
const CHUNK = 64;
/** Versions that the process holds: a canary and a shadow. */
const HELD = 2;

type Outcome = Pick<IsolatedAnswers, 'outcome' | 'code'>;

/**
 * Runs versions in a process beside this one, so that neither slowness, nor an error, nor garbage, nor memory of theirs
 * reaches what serves. The process is started by the first run, and kept while it is sound; runs take turns in it.
 */
export class IsolatedRunner {
  readonly #options: Required<Omit<IsolatedRunnerOptions, 'predictorModule'>> &
    Pick<IsolatedRunnerOptions, 'predictorModule'>;
  #process: IsolatedProcess | null = null;
  /** Keys of the versions that the process holds. */
  #held: readonly string[] = [];
  #runs = 0;
  #free: Promise<void> | null = null;

  constructor(options: IsolatedRunnerOptions = {}) {
    this.#options = { maxMb: 400, idleMb: 200, graceMs: 50, ...options };
  }

  /** Starts the process if there is none, which takes a few milliseconds of this one: more, the more memory it has. */
  prepare(): void {
    this.#alive();
  }

  /** Never rejects, and ends at the next turn of the event loop once it is told to stop. */
  async run(job: IsolatedJob): Promise<IsolatedAnswers> {
    const before = this.#free;
    const { promise, resolve: release } = Promise.withResolvers<void>();
    this.#free = promise;
    const answers = new Answers(job);
    const turn =
      before === null
        ? !job.stop.aborted
        : (await unlessAborted(
            before.then(() => true),
            job.stop,
          )) === true;
    if (turn) return answers.with(await this.#turn(job, answers, release));
    (before ?? Promise.resolve()).then(release);
    return answers.with({ outcome: 'out-of-time' });
  }

  /** Ends the process. The next run starts another. */
  close(): void {
    this.#process?.kill({ outcome: 'crashed', code: 'CLOSED' });
  }

  async #turn(job: IsolatedJob, answers: Answers, release: () => void): Promise<Outcome> {
    this.#runs += 1;
    const run = this.#runs;
    const over = Promise.withResolvers<Outcome>();
    /** That nothing of the run goes on in the process. */
    const still = Promise.withResolvers<void>();
    const fed = new AbortController();
    const stopped = () => {
      // What has arrived by now is read in this turn of the event loop.
      nextTurn().then(() => over.resolve({ outcome: 'out-of-time' }));
    };
    let process: IsolatedProcess;
    try {
      process = this.#alive();
    } catch (cause) {
      release();
      return { outcome: 'crashed', code: codeOf(cause) };
    }
    process.use({
      maxDays: answers.maxDays,
      maxBytes: mostToldBytes(job.positions.length, answers.maxDays),
      told: (told) => {
        if (told.run !== run) return;
        if (told.kind === 'done') {
          over.resolve({ outcome: 'done' });
          still.resolve();
        } else if (told.kind === 'not-loaded') over.resolve({ outcome: 'not-loaded', code: told.code });
        else if (!answers.take(told)) process.kill({ outcome: 'crashed', code: 'NOT_OURS' });
      },
      ended: (end) => {
        over.resolve(end);
        still.resolve();
      },
    });
    job.stop.addEventListener('abort', stopped, { once: true });
    if (job.stop.aborted) stopped();
    this.#feed(process, { ...job, run }, fed.signal).catch((cause: unknown) => {
      over.resolve({ outcome: 'crashed', code: codeOf(cause) });
    });
    const outcome = await over.promise;
    job.stop.removeEventListener('abort', stopped);
    fed.abort();
    if (outcome.outcome === 'not-loaded') this.#held = this.#held.filter((key) => key !== keyOf(job.artifact));
    if (outcome.outcome !== 'done' && process.alive) await process.send({ kind: 'stop', run });
    this.#tidy(process, still.promise).then(release);
    return outcome;
  }

  /** Leaves the process ready for another run, or ended. */
  async #tidy(process: IsolatedProcess, still: Promise<void>): Promise<void> {
    const { graceMs, idleMb } = this.#options;
    const end = () => process.kill({ outcome: 'crashed', code: 'DID_NOT_STOP' });
    // In two steps: time that passed while the environment was frozen was no time to stop in.
    let late = setTimeout(() => {
      late = setTimeout(end, graceMs / 2);
    }, graceMs / 2);
    await still;
    clearTimeout(late);
    process.leave();
    if (process.alive && process.rssMb > idleMb) process.kill({ outcome: 'out-of-memory', code: 'IDLE_LIMIT' });
  }

  async #feed(
    process: IsolatedProcess,
    { artifact, requests, positions, run }: IsolatedJob & { readonly run: number },
    signal: AbortSignal,
  ): Promise<void> {
    const key = keyOf(artifact);
    const bytes = this.#held.includes(key) ? null : artifact.bytes;
    this.#held = [key, ...this.#held.filter((held) => held !== key)].slice(0, HELD);
    await process.send({ kind: 'start', run, key, artifact: bytes, keep: this.#held }, signal);
    for (let first = 0; first < positions.length && !signal.aborted; first += CHUNK) {
      const chunk = positions.slice(first, first + CHUNK).flatMap((position) => {
        const request = requests[position];
        return request === undefined ? [] : [{ position, request: asked(request) }];
      });
      const message = {
        positions: chunk.map(({ position }) => position),
        requests: chunk.map(({ request }) => request),
      };
      await process.send({ kind: 'ask', run, ...message }, signal);
    }
    if (!signal.aborted) await process.send({ kind: 'end', run }, signal);
  }

  #alive(): IsolatedProcess {
    if (this.#process?.alive) return this.#process;
    const { predictorModule, maxMb } = this.#options;
    this.#process = new IsolatedProcess({ predictorModule, maxMb });
    this.#held = [];
    return this.#process;
  }
}

/** What a version has said so far. */
class Answers {
  readonly maxDays: number;
  readonly #positions: readonly number[];
  readonly #said: SaidOfOne[];
  readonly #open: Set<number>;
  #code: string | undefined;

  constructor({ requests, positions }: IsolatedJob) {
    this.maxDays = positions.reduce((most, position) => Math.max(most, requests[position]?.horizonDays ?? 0), 0);
    this.#positions = positions;
    this.#said = requests.map(() => null);
    this.#open = new Set(positions);
  }

  /** False for an answer to what nobody asked. */
  take(told: Exclude<Told, { kind: 'done' | 'not-loaded' }>): boolean {
    if (told.kind === 'failed') {
      this.#code ??= told.code;
      return true;
    }
    if (!this.#open.delete(told.position)) return false;
    this.#said[told.position] = told.said;
    return true;
  }

  /** The answers as they are now: whatever comes later changes nothing in them. */
  with({ outcome, code = this.#code }: Outcome): IsolatedAnswers {
    const unfinished = outcome === 'not-loaded' ? [] : this.#positions.filter((position) => this.#open.has(position));
    return { said: [...this.#said], unfinished, outcome, ...(code === undefined ? {} : { code }) };
  }
}

/** Requests come with members that are no business of a version. */
function asked({ sku, store, history, asOf, horizonDays, features }: ForecastRequest): ForecastRequest {
  return { sku, store, history, asOf, horizonDays, ...(features === undefined ? {} : { features }) };
}

function keyOf({ model, version, sha256 }: VersionArtifact): string {
  return `${model}/${version}/${sha256}`;
}
