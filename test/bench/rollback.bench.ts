import { expect, it } from 'vitest';
import { Scene } from '../fakes/scene.ts';
import { ON_AWS, sumOf } from './rollback-on-aws.ts';
import { BenchStand, type Beside, type Measured, pause } from './rollback-run.ts';

/** A hundred rollbacks, unless fewer are asked for. */
const MODELS = Number(process.env['BENCH_MODELS'] ?? 20);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
/** Half of the rollbacks come in the middle of a promotion. */
const BESIDE: readonly Beside[] = [null, 'shadow', null, 'canary'];
/** Models that are made ready side by side. */
const AT_ONCE = 4;
/** Rollbacks do not come within seconds of a promotion's steps: of so young deployments it is asked whose they are. */
const SETTLED_MS = 6_000;

it('rolls back a hundred times', { timeout: 1_200_000 }, async () => {
  const scene = await Scene.start();
  try {
    const stand = new BenchStand(scene);
    const models = await Promise.all(Array.from({ length: MODELS }, (_, index) => stand.model(`bench${index + 1}`)));
    const measured: Measured[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const ready = await inTurns(models, async (model, index) => {
        const beside = BESIDE[(index + round) % BESIDE.length] ?? null;
        return { model, beside, at: await model.prepare(beside) };
      });
      await pause(SETTLED_MS);
      const running = [];
      for (const { model, beside, at } of ready) running.push(await stand.measure(model, beside, at));
      for (const { reader, executionArn, ...one } of running) {
        const { status, states } = await stand.ended(executionArn);
        expect(status).toBe('SUCCEEDED');
        measured.push({ ...one, states, readerMs: await reader });
      }
      console.log(`${measured.length} rollbacks`);
    }
    for (const model of models) model.stop();
    report(measured);
    expect(measured).toHaveLength(MODELS * ROUNDS);
  } finally {
    await scene.stop();
  }
});

function report(measured: readonly Measured[]): void {
  const groups = [
    ['all', measured],
    ['no candidate exposed', measured.filter(({ beside }) => beside === null)],
    ['candidate in shadow', measured.filter(({ beside }) => beside === 'shadow')],
    ['candidate in canary', measured.filter(({ beside }) => beside === 'canary')],
  ] as const;
  const row = (what: string, of: readonly Measured[], key: 'planeMs' | 'readerMs') => ({
    what,
    rollbacks: of.length,
    until: key === 'planeMs' ? 'data plane' : 'reader, 15 s poll',
    ...quantiles(of.map((one) => one[key])),
  });
  console.table(groups.flatMap(([what, of]) => [row(what, of, 'planeMs'), row(what, of, 'readerMs')]));
  const calls = measured.map((one) => one.calls.length);
  const most = measured.find((one) => one.calls.length === Math.max(...calls));
  console.table([
    { counted: 'AWS calls up to the one that moves the pointer', ...spread(calls) },
    { counted: "calls of the ledger's intent before it", ...spread(measured.map((one) => one.intentCalls)) },
    { counted: 'states entered before it', ...spread(measured.map((one) => one.states)) },
  ]);
  console.log(`The most calls: ${most?.calls.join(', ')}`);
  console.table(ON_AWS.map(({ what, usual, p95, how, source }) => ({ what, usual, p95, how, source })));
  const [usual, p95] = [sumOf(ON_AWS, 'usual'), sumOf(ON_AWS, 'p95')];
  console.log(`On paper on AWS, to the last warm reader: ${usual.toFixed(1)} s usually, ${p95.toFixed(1)} s at p95.`);
  console.log('An environment that was frozen serves one request more by what it has, whenever that comes.');
  expect(p95).toBeLessThanOrEqual(60);
  expect(Math.max(...measured.map(({ states }) => states))).toBe(1);
}

function quantiles(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => ((sorted[Math.ceil(share * sorted.length) - 1] ?? 0) / 1000).toFixed(2);
  return { 'p50 s': at(0.5), 'p95 s': at(0.95), 'p99 s': at(0.99), 'max s': at(1) };
}

function spread(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const counts = [...new Set(sorted)].map((value) => `${value}: ${sorted.filter((one) => one === value).length}×`);
  return { median: sorted[Math.floor(sorted.length / 2)], most: sorted.at(-1), all: counts.join(', ') };
}

/** Works through items, some side by side, and keeps their order. */
async function inTurns<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<readonly R[]> {
  const results = new Map<number, R>();
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      const item = items[index];
      if (item !== undefined) results.set(index, await work(item, index));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return [...results.entries()].toSorted(([a], [b]) => a - b).map(([, result]) => result);
}
