import { ReleaseError } from '../../platform/errors.ts';
import { predictionPaths } from '../../platform/keys.ts';
import type { BatchInput, BatchInputStore } from '../log/batch-input-store.ts';
import type { BatchLog } from '../log/batch-log-store.ts';
import type { HandOver } from '../log/hand-over.ts';
import type { BatchName } from '../log/log-object.ts';
import type { Pointer } from '../pointer/pointer.ts';
import { Router, type ServedArm } from '../routing/router.ts';
import type { Answers } from './answers.ts';
import { askVersions } from './ask-versions.ts';
import { type AwaitStandardPorts, awaitStandard } from './await-standard.ts';
import { chunksOf } from './chunks.ts';
import { Failures } from './failures.ts';
import type { ForecastPorts } from './forecast.ts';
import { headOf, isPastBound, tellLogged, tellUnknownFallback } from './forecast.ts';
import { type BatchEvent, type UnitRequest, unitRequest } from './forecast-event.ts';
import { type Line, linesOf, type RecordHead, servedRecord, shadowRecords } from './lines.ts';
import type { Question } from './question.ts';
import { uniqueUnits } from './unique-units.ts';

export interface BatchPorts extends Omit<ForecastPorts, 'log' | 'handOverShadow'>, Pick<AwaitStandardPorts, 'rest'> {
  readonly input: Pick<BatchInputStore, 'find' | 'read'>;
  readonly startLog: (name: BatchName) => Pick<BatchLog, 'append' | 'finish' | 'abort'>;
  readonly handOver: HandOver;
  /** Of the prediction log. */
  readonly bucket: string;
}

export interface BatchAnswer {
  readonly revision: number;
  /** They are too many for an answer: `batch` names the objects that hold them. */
  readonly forecasts: readonly [];
  readonly batch: {
    readonly requests: number;
    /** Served: one per request and day. */
    readonly forecasts: number;
    /** Objects of the prediction log with what was served: each forecast is in one of them, once. */
    readonly objects: readonly ServedObject[];
  };
}

export interface ServedObject {
  readonly uri: string;
  readonly arm: ServedArm;
  readonly version: string;
  readonly forecasts: number;
}

/** A pointer moves some times a week. Whoever meets two moves in one night has met a rollback, and is through then. */
const ATTEMPTS = 3;
/** How long a batch waits for candidates in all: one that is late each time would otherwise add up to hours. */
const PATIENCE_MS = 60_000;
/** Chunks in which production may be late, five minutes in all; from then on the safe forecast serves at once. */
const MAX_LATE_CHUNKS = 30;

/**
 * Forecasts any number of requests from an S3 object into the prediction log, in bounded memory. All of it by one pointer
 * document: when the pointer moves meanwhile, nothing of the attempt is kept, and the batch begins anew by the new one. All
 * or nothing: a faulty line refuses the batch. Versions that only shadow it are asked by others later.
 * @throws ReleaseError INVALID_INPUT with the faulty lines, POINTER_BUSY when it moved each time, DEPENDENCY_UNAVAILABLE
 *   when forecasts could not be logged; asking again under the same id is safe after each
 */
export async function forecastBatch(
  ports: BatchPorts,
  event: BatchEvent,
  defaultRequestId: string,
): Promise<BatchAnswer> {
  const input = await ports.input.find(event.input);
  const requestId = event.requestId ?? defaultRequestId;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const run = new BatchRun(ports, { event, input, requestId, pointer: await ports.pointer(event.model) });
    const answer = await run.run();
    if (answer !== null) return answer;
  }
  const message = `The pointer of ${event.model} moved during each of ${ATTEMPTS} attempts; nothing was logged.`;
  throw new ReleaseError('POINTER_BUSY', message, {
    reasons: [{ code: 'POINTER_BUSY', message, next: 'Ask again under the same request id once it rests.' }],
  });
}

interface Batch {
  readonly event: BatchEvent;
  readonly input: BatchInput;
  readonly requestId: string;
  readonly pointer: Pointer | null;
}

type Log = ReturnType<BatchPorts['startLog']>;

/** One attempt, by one pointer document. */
class BatchRun {
  readonly #ports: BatchPorts;
  readonly #batch: Batch;
  readonly #at: Date;
  readonly #router: Router;
  readonly #head: RecordHead;
  readonly #later: ReadonlySet<string>;
  readonly #isPast: boolean;
  readonly #logs: readonly [common: Log, own: Log];
  readonly #ownId: string;
  readonly #failures = new Failures();
  readonly #served = new Map<string, ServedObject>();
  #requests = 0;
  #shadowed = 0;
  #waitedMs = 0;
  #lateChunks = 0;
  #safe: Pick<Answers, 'safe'> | null = null;

  constructor(ports: BatchPorts, batch: Batch) {
    const { event, requestId, pointer } = batch;
    this.#ports = ports;
    this.#batch = batch;
    this.#at = ports.now();
    this.#router = pointer?.router ?? new Router(null);
    const document = pointer?.document ?? null;
    this.#head = headOf({ model: event.model, document }, { at: this.#at.toISOString(), requestId });
    // A canary's candidate is asked here, since it serves; what it is late for is missing, as it is to its units.
    const shadow = document === null || document.shadowVersion === document.canaryVersion ? '' : document.shadowVersion;
    this.#later = new Set([shadow].filter((version) => version !== '' && version !== this.#router.standard.version));
    const name = { ...this.#head, asOf: event.asOf };
    this.#isPast = isPastBound(document, this.#head.at);
    this.#ownId = `${requestId}.instead-${this.#at.getTime()}`;
    this.#logs = [ports.startLog(name), ports.startLog({ ...name, requestId: this.#ownId })];
  }

  /** Null when the pointer moved meanwhile: nothing was logged. */
  async run(): Promise<BatchAnswer | null> {
    try {
      if (!(await this.#forecastAll())) {
        await this.#abort();
        return null;
      }
    } catch (cause) {
      await this.#abort();
      throw cause;
    }
    await this.#finish();
    await this.#handOver();
    this.#tell();
    const objects = [...this.#served.values()];
    const forecasts = objects.reduce((sum, object) => sum + object.forecasts, 0);
    return { revision: this.#head.revision, forecasts: [], batch: { requests: this.#requests, forecasts, objects } };
  }

  async #forecastAll(): Promise<boolean> {
    const { event, input } = this.#batch;
    await awaitStandard(this.#ports, { model: event.model, standard: this.#router.standard });
    const lines = this.#ports.input.read(event.input, unitRequest, input.versionId);
    for await (const requests of chunksOf(uniqueUnits(lines))) {
      await this.#forecastChunk(requests);
      if (!(await this.#isCurrent())) return false;
    }
    return this.#isCurrent();
  }

  async #forecastChunk(requests: readonly UnitRequest[]): Promise<void> {
    const question = this.#question(requests);
    const answers = await this.#ask(question);
    const lines = linesOf(question, answers);
    this.#failures.add(answers, lines);
    this.#safe = answers;
    this.#requests += requests.length;
    for (const line of lines) this.#countLine(line);
    const [common, own] = this.#logs;
    const served = (some: readonly Line[]) => some.map((line) => servedRecord(line, this.#head));
    const shadows = lines.flatMap((line) => shadowRecords(line, this.#head));
    await common.append([...served(lines.filter((line) => !this.#isOwn(line))), ...shadows]);
    await own.append(served(lines.filter((line) => this.#isOwn(line))));
  }

  /**
   * What another attempt at this batch may serve otherwise, by the same document: a canary's units, since it may be late for
   * some, and whatever serves in place of the routed version. Each attempt keeps its own, so that it is answered by objects
   * that hold what it served; the rest is logged once.
   */
  #isOwn({ isInstead, served }: Line): boolean {
    return isInstead || served.arm === 'canary' || this.#isPast;
  }

  /** A fresh pointer costs nothing to look at. */
  async #isCurrent(): Promise<boolean> {
    const { event, pointer } = this.#batch;
    return (await this.#ports.pointer(event.model))?.document.revision === pointer?.document.revision;
  }

  #question(requests: readonly UnitRequest[]): Question {
    const { model, asOf, horizonDays } = this.#batch.event;
    const document = this.#batch.pointer?.document ?? null;
    const routes = this.#router.routeAll(requests, this.#at.getTime());
    return {
      model,
      asOf,
      horizonDays,
      requests,
      routes,
      document,
      standard: this.#router.standard,
      later: this.#later,
    };
  }

  async #ask(question: Question): Promise<Answers> {
    const { budgets, now } = this.#ports;
    const left = Math.max(0, PATIENCE_MS - this.#waitedMs);
    const candidateMs = Math.min(budgets.candidateMs, left);
    const firstCandidateMs = Math.min(budgets.firstCandidateMs, left);
    const productionMs = this.#lateChunks < MAX_LATE_CHUNKS ? budgets.productionMs : 0;
    const began = now().getTime();
    const answers = await askVersions(
      { ...this.#ports, budgets: { productionMs, candidateMs, firstCandidateMs } },
      question,
    );
    if (answers.isServingLate) this.#lateChunks += 1;
    const late = [...answers.unfinished].filter(
      ([version, positions]) => !this.#later.has(version) && positions.size > 0,
    );
    if (late.length > 0) this.#waitedMs += Math.min(firstCandidateMs, now().getTime() - began);
    return { ...answers, unfinished: new Map([...answers.unfinished].filter(([version]) => this.#later.has(version))) };
  }

  async #abort(): Promise<void> {
    await Promise.all(this.#logs.map((log) => log.abort()));
  }

  #countLine(line: Line): void {
    const { arm, version } = line.served;
    const { model, revision } = this.#head;
    const requestId = this.#isOwn(line) ? this.#ownId : this.#head.requestId;
    const key = predictionPaths.prediction({ model, asOf: this.#batch.event.asOf, arm, version, requestId, revision });
    const uri = `s3://${this.#ports.bucket}/${key}`;
    const before = this.#served.get(uri)?.forecasts ?? 0;
    this.#served.set(uri, { uri, arm, version, forecasts: before + 1 });
    this.#shadowed += line.unserved.filter(({ isLate }) => isLate).length;
  }

  async #finish(): Promise<void> {
    const { model, requestId } = this.#head;
    const logged = await Promise.all(this.#logs.map((log) => log.finish()));
    for (const one of logged) tellLogged(this.#ports, { ...one, handedOverRecords: 0 }, { model, requestId });
    const lost = logged.reduce((sum, { lostRecords }) => sum + lostRecords, 0);
    if (lost === 0) return;
    const causes = [...new Set(logged.flatMap((one) => one.causes))].join(', ');
    const message = `${lost} forecasts of ${requestId} could not be logged (${causes}).`;
    throw new ReleaseError('DEPENDENCY_UNAVAILABLE', message, {
      reasons: [
        { code: 'DEPENDENCY_UNAVAILABLE', message, next: 'Ask again under the same request id: what is logged stays.' },
      ],
    });
  }

  async #handOver(): Promise<void> {
    if (this.#shadowed === 0) return;
    const { event, input, pointer } = this.#batch;
    const { model, requestId, at } = this.#head;
    const { asOf, horizonDays } = event;
    const isTaken = await this.#ports.handOver({
      ...{ kind: 'batch-shadow', model, asOf, horizonDays, requestId, at },
      input: { uri: event.input, versionId: input.versionId ?? 'null' },
      document: pointer?.document ?? null,
      versions: [...this.#later],
    });
    if (isTaken) this.#ports.count('SHADOW_HANDED_OVER', this.#shadowed);
    else {
      for (const version of this.#later) {
        this.#ports.signal('SHADOW_DROPPED', { model, version, requestId, forecasts: this.#shadowed });
      }
    }
  }

  #tell(): void {
    const { model } = this.#head;
    const { signal, measure } = this.#ports;
    const document = this.#batch.pointer?.document ?? null;
    if (document === null)
      signal('POINTER_UNAVAILABLE', { model, forecasts: this.#requests * this.#batch.event.horizonDays });
    if (this.#safe !== null) {
      const of = { model, named: document?.fallback ?? '', answers: this.#safe, requests: this.#requests };
      tellUnknownFallback({ signal }, of);
    }
    this.#failures.tell(model, this.#router.standard, { signal, measure });
  }
}
