import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { appConfigData, completeLogLambda } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config, configNumber } from '../platform/config.ts';
import { isReleaseError } from '../platform/errors.ts';
import { logger } from '../platform/logger.ts';
import { REQUESTS_FAILED } from '../platform/metric-names.ts';
import { inferenceCounts } from '../platform/metrics.ts';
import { handOverShadow } from './log/hand-over.ts';
import { HandOverStore } from './log/hand-over-store.ts';
import { PredictionLogStore } from './log/prediction-log-store.ts';
import type { Pointer } from './pointer/pointer.ts';
import type { PointerCounts } from './pointer/pointer-event.ts';
import { PointerReader } from './pointer/pointer-reader-store.ts';
import type { PointerReaderOptions } from './pointer/reader-options.ts';
import type { Budgets } from './serving/ask-versions.ts';
import { type ForecastAnswer, type ForecastPorts, forecast } from './serving/forecast.ts';
import { type BatchAnswer, type BatchPorts, forecastBatch } from './serving/forecast-batch.ts';
import {
  type BatchEvent,
  type ForecastEvent,
  isBatch,
  namedByInvocation,
  parseInferenceEvent,
} from './serving/forecast-event.ts';
import { pointerCounts, wordOf } from './serving/tell-pointer.ts';
import { inferenceWiring, type OwnPredictors } from './wiring.ts';

export interface InferenceClientOptions {
  /** @default production 10 s, and what the stack sets for candidates; 2 s where a process meets one for the first time */
  readonly budgets?: Budgets;
  /**
   * For artifacts of your own kinds; a candidate is made and run in a process of its own. Give them to the `LogCompleter`
   * behind it too. @default built-in forecasters, Lambda and SageMaker
   */
  readonly predictors?: OwnPredictors;
  /** Of the pointer readers, beside what the environment says. */
  readonly reader?: Pick<
    PointerReaderOptions,
    'bootstrap' | 'copyFolder' | 'refreshTimeoutMs' | 'firstTimeoutMs' | 'retrySeconds'
  >;
}

/** Everything that an inference function does with a release, as its environment configures it. One per process. */
export class InferenceClient {
  readonly #options: InferenceClientOptions;
  /** One reader per model for as long as the process lives, since each new session is charged as a whole document. */
  readonly #readers = new Map<string, { readonly reader: PointerReader; counted: PointerCounts }>();
  /** Candidates that this process was asked for. */
  readonly #met = new Set<string>();
  readonly #counts = inferenceCounts();
  readonly #ports: ForecastPorts & BatchPorts;

  constructor(options: InferenceClientOptions = {}) {
    this.#options = options;
    this.#ports = this.#portsOf(options);
  }

  /**
   * Forecasts an event by the version that the pointer names for each request, and logs what each version said.
   * @param invocationId names the request in the log where the event does not
   * @throws ReleaseError INVALID_INPUT with all faults; of a batch also what `forecastBatch` throws
   */
  async forecast(event: unknown, invocationId: string): Promise<ForecastAnswer | BatchAnswer> {
    try {
      return await this.#answer(parseInferenceEvent(event), invocationId);
    } finally {
      this.#publish();
    }
  }

  async #answer(event: ForecastEvent | BatchEvent, invocationId: string): Promise<ForecastAnswer | BatchAnswer> {
    const requestId = event.requestId ?? namedByInvocation(invocationId);
    try {
      if (isBatch(event)) return await forecastBatch(this.#ports, event, requestId);
      return await forecast(this.#ports, event, requestId);
    } catch (error) {
      // What its caller has to correct is no fault of ours.
      if (!isReleaseError(error, 'INVALID_INPUT')) this.#counts.add(REQUESTS_FAILED, 1, { model: event.model });
      throw error;
    }
  }

  /** The pointer of a model, for whoever routes and forecasts by other means; null: there is none, a safe forecast serves. */
  async pointer(model: string): Promise<Pointer | null> {
    try {
      return await this.#readerOf(model).reader.current();
    } catch (error) {
      if (isReleaseError(error, 'POINTER_UNAVAILABLE')) return null;
      throw error;
    }
  }

  #readerOf(model: string) {
    const known = this.#readers.get(model);
    if (known !== undefined) return known;
    const reader = new PointerReader({
      copyFolder: join(tmpdir(), 'model-release'),
      ...this.#options.reader,
      client: appConfigData(),
      application: config('APPCONFIG_APPLICATION_ID'),
      model,
      publicKeyPem: config('POINTER_PUBLIC_KEY'),
      pollSeconds: configNumber('POINTER_POLL_SECONDS'),
      onEvent: (event) => {
        const { level, name, detail } = wordOf(model, event);
        logger[level](name, detail);
      },
    });
    const made = { reader, counted: reader.counts };
    this.#readers.set(model, made);
    return made;
  }

  #portsOf({ budgets, predictors }: InferenceClientOptions): ForecastPorts & BatchPorts {
    const { s3, bucket, isolated, handedOver, models, runApart, input, startLog } = inferenceWiring(predictors);
    // While the process starts, the other may start too: a candidate that has to wait for it is late.
    isolated.prepare();
    const handOvers = new HandOverStore({
      client: completeLogLambda(),
      functionName: config('COMPLETE_LOG_FUNCTION'),
      onRefused: (cause) => logger.warn('NOT_HANDED_OVER', { cause }),
    });
    const handOver: BatchPorts['handOver'] = (event) => handOvers.send(event);
    const log = new PredictionLogStore(s3, bucket, { handOver });
    return {
      ...{ models, runApart, input, startLog },
      pointer: (model) => this.pointer(model),
      budgets: budgets ?? budgetsOf(configNumber('CANDIDATE_WAIT_MS')),
      isFirstMet: (model, version) => isNew(this.#met, `${model}/${version}`),
      pause: () => nextTurn(),
      rest: (ms) => sleep(ms),
      log: (batch) => log.log(batch),
      handOver,
      handOverShadow: (work, rest) =>
        handOverShadow({ send: handOver, keep: (key, json) => handedOver.keep(key, json) }, work, rest),
      bucket,
      signal: (name, detail) => this.#counts.signal(name, detail),
      count: (name, value) => this.#counts.add(name, value),
      measure: (of, figures) => this.#counts.measure(of, figures),
      now: systemClock,
    };
  }

  #publish(): void {
    for (const held of this.#readers.values()) {
      const { counts } = held.reader;
      for (const [name, value] of pointerCounts(held.counted, counts)) this.#counts.add(name, value);
      held.counted = counts;
    }
    this.#counts.publish();
  }
}

/** A version that is met for the first time has to be fetched and made, which takes a fraction of this. */
function budgetsOf(candidateMs: number): Budgets {
  return { productionMs: 10_000, candidateMs, firstCandidateMs: Math.max(2_000, candidateMs) };
}

function isNew(seen: Set<string>, key: string): boolean {
  const before = seen.size;
  return seen.add(key).size > before;
}
