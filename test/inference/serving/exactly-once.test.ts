import { gunzipSync } from 'node:zlib';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { completeLog } from '../../../functions/inference/log/complete-log.ts';
import { type HandOverEvent, handOverEvent, handOverShadow } from '../../../functions/inference/log/hand-over.ts';
import { type PredictionRecord, predictionRecord } from '../../../functions/inference/log/prediction.ts';
import { PredictionLogStore } from '../../../functions/inference/log/prediction-log-store.ts';
import { type ForecastPorts, forecast } from '../../../functions/inference/serving/forecast.ts';
import { forecastEvent } from '../../../functions/inference/serving/forecast-event.ts';
import type { ServedForecast } from '../../../functions/inference/serving/lines.ts';
import { always, CANARY, documentOf, requestOf, stand } from '../stand.ts';

const REQUESTS = 10_000;
const AT_ONCE = 100;
const UNITS = 3;

/** Numbers from 0 to 1, the same at each run (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = randomOf(20_260_301);
const chance = (share: number) => random() < share;

/** A process that may end at any of its steps: from then on nothing that it does reaches anybody. */
class Life {
  readonly died: Promise<'died'>;
  readonly #die: (how: 'died') => void;
  #steps: number;
  isOver = false;

  constructor(stepsToLive: number) {
    this.#steps = stepsToLive;
    const { promise, resolve } = Promise.withResolvers<'died'>();
    this.died = promise;
    this.#die = resolve;
  }

  /** One step further; never comes back from the last one. */
  async step(): Promise<void> {
    this.#steps -= 1;
    if (this.#steps < 0) this.isOver = true;
    if (!this.isOver) return;
    this.#die('died');
    await new Promise(() => {});
  }
}

/** A bucket that writes once, as S3 does with If-None-Match, and is slow at times. */
class Bucket {
  readonly objects = new Map<string, Uint8Array>();
  repeated = 0;

  of(life: Life): S3Client {
    const send = async (command: unknown) => {
      if (!(command instanceof PutObjectCommand)) throw new Error('Only puts.');
      const { Key = '', Body, IfNoneMatch } = command.input;
      if (IfNoneMatch !== '*' || !(Body instanceof Uint8Array)) throw new Error('Not written once.');
      await life.step();
      if (chance(0.03)) await new Promise((resolve) => setTimeout(resolve, 40));
      const isThere = this.objects.has(Key);
      // A request that was on its way when its process ended may arrive or not.
      if (!isThere && (!life.isOver || chance(0.5))) this.objects.set(Key, Body);
      await life.step();
      if (!isThere) return {};
      this.repeated += 1;
      throw Object.assign(new Error('It is there.'), { name: 'PreconditionFailed' });
    };
    return { send } as unknown as S3Client;
  }

  records(): readonly PredictionRecord[] {
    return [...this.objects.values()].flatMap((bytes) =>
      gunzipSync(bytes)
        .toString('utf8')
        .trim()
        .split('\n')
        .map((line) => predictionRecord.parse(JSON.parse(line))),
    );
  }
}

const document = documentOf({ ...CANARY, excludedSegments: ['category:medicine'] });
const versions = { '2.0.0': always(20) };

/** One invocation of inference; null when its process ended before it answered. */
async function invoke(bucket: Bucket, queue: HandOverEvent[], event: object, life: Life) {
  const made = stand({ document, versions });
  const stepping =
    <A extends readonly unknown[], R>(work: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      await life.step();
      const answer = await work(...given);
      await life.step();
      return answer;
    };
  const send = stepping(async (work: HandOverEvent) => {
    queue.push(handOverEvent.parse(JSON.parse(JSON.stringify(work))));
    return true;
  });
  const log = new PredictionLogStore(bucket.of(life), 'predictions', { handOver: send, awaitMs: 10, totalMs: 5_000 });
  // A candidate is late at times, so that production serves its units: two attempts at one request then differ.
  const late: ForecastPorts['runApart'] = async ({ positions }) => ({ said: [], unfinished: positions });
  const ports: ForecastPorts = {
    ...made.ports,
    pointer: stepping(made.ports.pointer),
    runApart: stepping(chance(0.1) ? late : made.ports.runApart),
    log: stepping((batch) => log.log(batch)),
    handOverShadow: stepping((work, rest) => handOverShadow({ send, keep: async () => null }, work, rest)),
  };
  const answer = forecast(ports, forecastEvent.parse(event), 'unnamed');
  const outcome = await Promise.race([answer, life.died]);
  return outcome === 'died' ? null : outcome;
}

/** The asynchronous function: an event whose process ends is given to another one. */
async function complete(bucket: Bucket, event: HandOverEvent): Promise<void> {
  for (;;) {
    const life = lifeOf();
    const log = new PredictionLogStore(bucket.of(life), 'predictions');
    const done = completeLog(
      {
        put: (object) => log.put(object),
        readKept: () => Promise.reject(new Error('Nothing was kept.')),
        forecastVersion: async (_version, requests) => {
          return { said: requests.map(({ horizonDays }) => Array(horizonDays).fill(20)), unfinished: [] };
        },
        signal: () => undefined,
        measure: () => undefined,
        completeBatch: () => Promise.reject(new Error('No batches.')),
        pause: async () => {},
      },
      event,
    );
    if ((await Promise.race([done, life.died])) !== 'died') return;
  }
}

/** One in five ends early, at any of its steps. */
function lifeOf(): Life {
  return new Life(chance(0.2) ? Math.floor(random() * 10) : Number.POSITIVE_INFINITY);
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let item = rest.pop(); item !== undefined; item = rest.pop()) await work(item);
    }),
  );
}

describe('The log of requests that are replayed while processes end', () => {
  it(`has every forecast that any of ${REQUESTS} requests was served exactly once`, async () => {
    const bucket = new Bucket();
    const queue: HandOverEvent[] = [];
    const served = new Map<string, ServedForecast>();
    let died = 0;
    const events = Array.from({ length: REQUESTS }, (_, index) => ({
      ...{ model: 'demand', asOf: '2026-03-01', horizonDays: 1, requestId: `request-${index}` },
      requests: Array.from({ length: UNITS }, (_one, unit) =>
        requestOf(`sku-${index}-${unit}`, unit === 2 && index % 3 === 0 ? { category: 'medicine' } : {}),
      ),
    }));
    for (const _replay of [1, 2]) {
      await inTurns(events, async (event) => {
        for (;;) {
          const answer = await invoke(bucket, queue, event, lifeOf());
          died += Number(answer === null);
          if (answer === null) continue;
          for (const one of answer.forecasts) served.set(keyOf({ ...one, requestId: event.requestId }), one);
          return;
        }
      });
    }
    await inTurns(queue, (event) => complete(bucket, event));
    const logged = Map.groupBy(
      bucket.records().filter(({ arm }) => arm !== 'shadow'),
      (record) => keyOf(record),
    );
    const wrong = [...served.keys()].filter((key) => logged.get(key)?.length !== 1);
    expect(wrong).toEqual([]);
    // The trial was one: processes ended, objects were repeated, work was handed over, candidates were late.
    expect(died).toBeGreaterThan(REQUESTS / 5);
    expect(bucket.repeated).toBeGreaterThan(REQUESTS);
    expect(queue.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['objects', 'shadow']));
    expect(served.size).toBeGreaterThan(REQUESTS * UNITS);
    expect(new Set([...served.values()].map(({ arm }) => arm))).toEqual(new Set(['production', 'canary']));
  }, 240_000);
});

type Keyed = Pick<PredictionRecord, 'requestId' | 'sku' | 'store' | 'targetDate' | 'arm' | 'version' | 'units'>;

/** A forecast as it was served: to whom, for when, by whom and how much. */
function keyOf({ requestId, sku, store, targetDate, arm, version, units }: Keyed): string {
  return JSON.stringify([requestId, sku, store, targetDate, arm, version, units]);
}
