import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ForecastRequest } from '../../../functions/inference/predictors/forecaster.ts';
import {
  type IsolatedAnswers,
  type IsolatedJob,
  IsolatedRunner,
} from '../../../functions/inference/predictors/isolated-runner-store.ts';
import type { VersionArtifact } from '../../../functions/inference/predictors/model-store.ts';
import { inProcess } from '../../../functions/inference/predictors/predictor.ts';
import { runVersion, type Said } from '../../../functions/inference/predictors/run-version.ts';
import { weekdayMean } from '../../../functions/inference/predictors/seasonal-naive.ts';

/*
 * Each version runs in a real process beside this one. Bounds of time are wide: processes of other tests run at the same
 * time, and what is started here has a low priority.
 */

const HOSTILE = new URL('./hostile-predictors.ts', import.meta.url);
const DAYS = 3;
const SOUND = [7, 7, 7];

const request = (sku: string): ForecastRequest => ({
  ...{ sku, store: 'harbour', asOf: '2026-03-01', horizonDays: DAYS },
  history: Array.from({ length: 60 }, (_, day) => day % 7),
});
const requests = ['milk', 'bad', 'salt'].map(request);

function versionOf(artifact: unknown): VersionArtifact {
  const text = JSON.stringify(artifact);
  return { model: 'demand', version: '2.0.0', sha256: `digest of ${text}`, bytes: Buffer.from(text) };
}

interface Asking {
  /** Milliseconds until the run is told to stop; null: never. */
  readonly budgetMs?: number | null;
  readonly job?: Partial<IsolatedJob>;
}

async function ask(runner: IsolatedRunner, artifact: unknown, { budgetMs = 20_000, job = {} }: Asking = {}) {
  const stop = new AbortController();
  const timer = budgetMs === null ? undefined : setTimeout(() => stop.abort(), budgetMs);
  const began = performance.now();
  const run = runner.run({
    ...{ artifact: versionOf(artifact), requests, positions: [0, 1, 2], stop: stop.signal },
    ...job,
  });
  const served = await serve(run);
  const answers = await run;
  clearTimeout(timer);
  return { answers, tookMs: performance.now() - began, ...served };
}

/** What serves goes on in this process while a run does: a forecast after the other, and how long one took at most. */
async function serve(run: Promise<unknown>): Promise<{ readonly served: Said; readonly longestMs: number }> {
  let over = false;
  run.finally(() => {
    over = true;
  });
  let longestMs = 0;
  let served: Said = [];
  do {
    const began = performance.now();
    ({ said: served } = await runVersion({
      ...{ predictor: inProcess(weekdayMean({ weeks: 4 })), requests, positions: [0, 1, 2] },
      ...{ budgetMs: 5_000, pause: () => new Promise((resolve) => setImmediate(resolve)) },
    }));
    longestMs = Math.max(longestMs, performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 2));
  } while (!over);
  return { served, longestMs };
}

/** What serves says the same, and is not held up, whatever runs beside it: weekdays are all alike in this history. */
const UNDISTURBED = [4, 5, 6];
function expectServed({ served, longestMs }: { readonly served: Said; readonly longestMs: number }): void {
  expect(served).toEqual([UNDISTURBED, UNDISTURBED, UNDISTURBED]);
  expect(longestMs).toBeLessThan(1_000);
}

const said = (...all: IsolatedAnswers['said']) => ({ said: all, unfinished: [], outcome: 'done' });
const SOUND_ANSWERS = said(SOUND, SOUND, SOUND);

describe('A version of ours in a process of its own', () => {
  const runner = new IsolatedRunner();
  afterAll(() => runner.close());

  it('says what it says anywhere', async () => {
    const { answers } = await ask(runner, { forecaster: 'seasonal-naive', scale: 10 });
    // Sixty days from 0 on: the last is 3, and the same weekday a week ago 4.
    expect(answers).toEqual(said([40, 50, 60], [40, 50, 60], [40, 50, 60]));
  });

  it('says nothing where nothing is asked', async () => {
    const { answers } = await ask(runner, { forecaster: 'seasonal-naive' }, { job: { positions: [] } });
    expect(answers).toEqual(said(null, null, null));
  });

  it('is asked for the positions that it is to forecast alone', async () => {
    const { answers } = await ask(runner, { forecaster: 'seasonal-naive' }, { job: { positions: [2, 0] } });
    expect(answers).toEqual(said([4, 5, 6], null, [4, 5, 6]));
  });

  it('answers thousands of requests, of which each is answered for itself', async () => {
    const many = Array.from({ length: 3_000 }, (_, at) => ({ ...request(`sku ${at}`), history: [at] }));
    const positions = many.map((_, at) => at);
    const { answers } = await ask(runner, { forecaster: 'seasonal-naive' }, { job: { requests: many, positions } });
    expect(answers).toEqual(said(...positions.map((at) => [at, at, at])));
  });

  it('is refused where its artifact describes nothing that runs there, each time, and leaves nothing to be done later', async () => {
    for (const _time of [1, 2]) {
      const { answers } = await ask(runner, { forecaster: 'neural' });
      expect(answers).toEqual({
        said: [null, null, null],
        unfinished: [],
        outcome: 'not-loaded',
        code: 'INVALID_INPUT',
      });
    }
    expect((await ask(runner, { forecaster: 'seasonal-naive' })).answers.outcome).toBe('done');
  });

  it('takes turns with others that are asked at the same time, and none is taken for another', async () => {
    const scales = [1, 2, 3, 4, 5];
    const all = await Promise.all(scales.map((scale) => ask(runner, { forecaster: 'seasonal-naive', scale })));
    expect(all.map(({ answers }) => answers.said[0])).toEqual(scales.map((scale) => [4 * scale, 5 * scale, 6 * scale]));
  });

  it('is not run where what it is asked cannot be sent', async () => {
    const broken = { ...request('milk'), features: { price: () => 1 } };
    const job = { requests: [broken, ...requests.slice(1)] };
    const { answers } = await ask(runner, { forecaster: 'seasonal-naive' }, { job });
    expect(answers).toMatchObject({ unfinished: [0, 1, 2], outcome: 'crashed' });
    expect((await ask(runner, { forecaster: 'seasonal-naive' })).answers.outcome).toBe('done');
  });
});

describe('A version that does what no version may', () => {
  const runner = new IsolatedRunner({ predictorModule: HOSTILE, maxMb: 250, idleMb: 150 });
  beforeAll(async () => {
    await ask(runner, 'is sound');
  });
  afterAll(() => runner.close());

  const next = async () => (await ask(runner, 'is sound')).answers;

  it.each([
    ['throws', said(SOUND, null, SOUND), 'NO_PRICE'],
    ['throws no error', said(SOUND, null, SOUND), 'Error'],
    ['sets traps', said(SOUND, null, SOUND), 'Error'],
    ['says no list', said(SOUND, null, SOUND), undefined],
    ['says nothing', said(SOUND, null, SOUND), undefined],
    ['says too few', said(SOUND, [1], SOUND), undefined],
    ['says a billion', said(SOUND, [null, null, null], SOUND), undefined],
    ['says what is no number', said(SOUND, [Number.NaN, Number.POSITIVE_INFINITY, -1], SOUND), undefined],
    ['lies about its length', said(SOUND, [1], SOUND), undefined],
  ])('and %s is heard as it is, and what it failed at is not done again', async (misdeed, answers, code) => {
    expect((await ask(runner, misdeed)).answers).toEqual({ ...answers, ...(code === undefined ? {} : { code }) });
    expect(await next()).toEqual(SOUND_ANSWERS);
  });

  it.each([
    'sleeps',
    'listens and stops',
    'deafens its process',
    'never yields',
    'never yields in a promise',
    'has a getter that never yields',
    'floods the console',
    'floods its output',
  ])('and %s is waited for until it is told to stop and no longer, and the next run is sound', async (misdeed) => {
    const { answers, tookMs, ...serving } = await ask(runner, misdeed, { budgetMs: 150 });
    expectServed(serving);
    expect(answers).toMatchObject({ outcome: 'out-of-time' });
    expect(answers.unfinished).toContain(1);
    expect(answers.said[1]).toBeNull();
    expect(tookMs).toBeLessThan(1_500);
    expect(await next()).toEqual(SOUND_ANSWERS);
  });

  it('keeps what came in time', async () => {
    const { answers } = await ask(runner, 'sleeps', { budgetMs: 1_500 });
    expect(answers).toEqual({ said: [SOUND, null, null], unfinished: [1, 2], outcome: 'out-of-time' });
  });

  it.each([
    'fills a list without end',
    'fills the heap with objects',
    'fills a map without end',
    'makes a list that nothing can hold',
    'fills buffers outside the heap',
    'fills buffers slowly',
    'aborts its process',
    'kills its process',
  ])('and %s is ended before it takes the memory of what serves, and the next run is sound', async (misdeed) => {
    const { answers, ...serving } = await ask(runner, misdeed);
    expectServed(serving);
    expect(answers).toMatchObject({ outcome: 'out-of-memory' });
    expect(answers.unfinished).toContain(1);
    expect(await next()).toEqual(SOUND_ANSWERS);
  });

  it.each([
    ['ends its process', 'EXIT_0'],
    ['rejects where nobody looks', 'EXIT_1'],
    ['throws where nobody looks', 'EXIT_1'],
    ['answers in our name', 'NOT_OURS'],
    ['floods the pipe', 'NOT_OURS'],
    ['closes the pipe', expect.stringMatching(/^(EXIT_0|SIGTERM)$/)],
  ])('and %s ends nothing but its own process, and the next run is sound', async (misdeed, code) => {
    const { answers, ...serving } = await ask(runner, misdeed);
    expectServed(serving);
    expect(answers).toMatchObject({ outcome: 'crashed', code });
    expect(answers.unfinished).toContain(1);
    expect(await next()).toEqual(SOUND_ANSWERS);
  });

  it('and leaves work behind is ended by the watch on memory, whoever runs then, and the run after is sound', async () => {
    expect((await ask(runner, 'leaves work behind')).answers.outcome).toBe('done');
    const { answers } = await ask(runner, 'sleeps');
    expect(answers.outcome).toBe('out-of-memory');
    expect(await next()).toEqual(SOUND_ANSWERS);
  });

  it('and is unknown there is told by the code of whoever knows', async () => {
    const { answers } = await ask(runner, 'does what nobody knows');
    expect(answers).toMatchObject({ outcome: 'not-loaded', code: 'UNKNOWN_MISDEED', unfinished: [] });
  });

  it('and is slow is done where there is time', async () => {
    expect((await ask(runner, 'is slow', { budgetMs: null })).answers).toEqual(said(SOUND, [8, 8, 8], SOUND));
  });
});

describe('A run', () => {
  it('that nobody waits for any longer is not begun', async () => {
    const runner = new IsolatedRunner({ predictorModule: HOSTILE });
    const { answers } = await ask(runner, 'is sound', { job: { stop: AbortSignal.abort() } });
    expect(answers).toEqual({ said: [null, null, null], unfinished: [0, 1, 2], outcome: 'out-of-time' });
    runner.close();
  });

  it('that waits for its turn behind one that hangs ends when it is told to, and the one after it is sound', async () => {
    const runner = new IsolatedRunner({ predictorModule: HOSTILE });
    const hanging = ask(runner, 'never yields', { budgetMs: 400 });
    const waiting = await ask(runner, 'is sound', { budgetMs: 50 });
    expect(waiting.answers).toMatchObject({ outcome: 'out-of-time', unfinished: [0, 1, 2] });
    const after = ask(runner, 'is sound');
    expect((await hanging).answers.outcome).toBe('out-of-time');
    expect((await after).answers).toEqual(SOUND_ANSWERS);
    runner.close();
  });

  it('finds another process where the last one was closed', async () => {
    const runner = new IsolatedRunner({ predictorModule: HOSTILE });
    runner.prepare();
    await ask(runner, 'is sound');
    runner.close();
    expect((await ask(runner, 'is sound')).answers).toEqual(SOUND_ANSWERS);
    runner.close();
  });

  it('says so where there is no such module', async () => {
    const runner = new IsolatedRunner({ predictorModule: new URL('./nobody.ts', import.meta.url) });
    expect((await ask(runner, 'is sound')).answers).toMatchObject({ outcome: 'not-loaded', unfinished: [] });
    runner.close();
  });

  it('has answers that do not change any more', async () => {
    const runner = new IsolatedRunner({ predictorModule: HOSTILE, graceMs: 2_000 });
    await ask(runner, 'is sound');
    const { answers } = await ask(runner, 'is slow', { budgetMs: 30 });
    const before = structuredClone(answers);
    await ask(runner, 'is sound');
    expect(answers).toEqual(before);
    runner.close();
  });
});

/** What has ended, and what waits to be seen by whoever it belongs to. */
function isOver(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}

describe.runIf(existsSync('/proc/self/status'))('The process', () => {
  it.each(['starts a process', 'starts a process and kills itself'])(
    'of a version that %s takes all that it started with it',
    async (misdeed) => {
      const runner = new IsolatedRunner({ predictorModule: HOSTILE });
      const { answers } = await ask(runner, misdeed);
      const [pid] = answers.said[1] ?? [];
      if (typeof pid !== 'number') throw new Error('It started none.');
      if (misdeed === 'starts a process') {
        expect(isOver(pid)).toBe(false);
        runner.close();
      }
      await expect.poll(() => isOver(pid), { timeout: 10_000 }).toBe(true);
      runner.close();
    },
  );

  it('runs at a low priority, in all its threads, and is the first that the kernel ends', async () => {
    const runner = new IsolatedRunner({ predictorModule: HOSTILE });
    const { answers } = await ask(runner, 'tells its priority');
    const [highest, lowest, oom] = answers.said[1] ?? [];
    expect([highest, lowest, oom]).toEqual([10, 10, 1000]);
    runner.close();
  });

  it('has nothing of the runtime that it could speak with, nor options of ours', async () => {
    const runner = new IsolatedRunner({ predictorModule: HOSTILE });
    process.env['AWS_LAMBDA_RUNTIME_API'] = '127.0.0.1:9001';
    const { answers } = await ask(runner, 'tells what it was given');
    delete process.env['AWS_LAMBDA_RUNTIME_API'];
    expect(answers.said[1]).toEqual([0, 0, 0]);
    runner.close();
  });
});
