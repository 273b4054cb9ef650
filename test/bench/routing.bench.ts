import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { murmur3, PrefixedHash } from '../../functions/inference/routing/murmur3.ts';
import { steadyMillis, systemMillis } from '../../functions/platform/clock.ts';
import { documentOf, ReaderStand } from '../inference/pointer/data-plane.ts';
import {
  type Contender,
  contenders,
  eligible,
  installOthers,
  murmurPackages,
  PERCENTAGE,
  UNITS,
  units,
  versionOf,
} from './routing/contenders.ts';

const ROUNDS = 5;
const AIM = 8;
const READS = 10_000_000;
/** A pass that is over sooner is repeated, for the clock to say something. */
const LEAST_MS = 150;

interface Rate {
  readonly perSecond: number;
  readonly served: number;
}

async function rateOf(decideAll: Contender['batch']): Promise<Rate> {
  const from = performance.now();
  let passes = 0;
  let served = 0;
  do {
    served = await decideAll();
    passes += 1;
  } while (performance.now() - from < LEAST_MS);
  return { perSecond: (passes * UNITS * 1000) / (performance.now() - from), served };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

it(`decides a ${PERCENTAGE} % rollout in one region of four beside others`, { timeout: 900_000 }, async () => {
  await installOthers();
  const all = await contenders();
  const measured = all.map(({ name }) => ({ name, oneByOne: [] as Rate[], batch: [] as Rate[] }));
  try {
    for (const { oneByOne, batch } of all) {
      await oneByOne();
      await batch();
    }
    // Interleaved, so that what else the machine does meets all of them.
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, { oneByOne, batch }] of all.entries()) {
        measured[index]?.oneByOne.push(await rateOf(oneByOne));
        measured[index]?.batch.push(await rateOf(batch));
      }
    }
  } finally {
    for (const { close } of all) await close();
  }
  const table = measured.map(({ name, oneByOne, batch }) => ({
    ...{ name, served: oneByOne[0]?.served ?? 0, inBatch: batch[0]?.served ?? 0 },
    ...{ one: median(oneByOne.map(({ perSecond }) => perSecond)), many: median(batch.map((one) => one.perSecond)) },
  }));
  const [mine, ...others] = table;
  if (mine === undefined) throw new Error('Nothing was measured.');
  console.table(
    table.map(({ name, one, many, served }) => ({
      what: name,
      'single, decisions/s': Math.round(one).toLocaleString('en'),
      'product is faster by': (mine.one / one).toFixed(1),
      'batch, decisions/s': Math.round(many).toLocaleString('en'),
      'product is faster by ': (mine.many / many).toFixed(1),
      'share of those in the region': `${((100 * served) / eligible).toFixed(2)} %`,
    })),
  );
  const share = PERCENTAGE / 100;
  for (const { name, served, inBatch } of table) {
    expect([name, inBatch]).toEqual([name, served]);
    expect(Math.abs(served - share * eligible), name).toBeLessThan(4 * Math.sqrt(eligible * share * (1 - share)));
  }
  const [single, batch] = [Math.max(...others.map(({ one }) => one)), Math.max(...others.map(({ many }) => many))];
  console.log(`Aim: ${AIM} times the fastest of the others, single and batch, median of ${ROUNDS} runs.`);
  expect(mine.one / single).toBeGreaterThanOrEqual(AIM);
  expect(mine.many / batch).toBeGreaterThanOrEqual(AIM);
});

it('hashes keys, beside packages that do', { timeout: 300_000 }, async () => {
  await installOthers();
  const salt = 'demand_2-0-0_1';
  const prepared = new PrefixedHash(`${salt}|`);
  const encoder = new TextEncoder();
  const { v3, hash32 } = murmurPackages();
  const ways = [
    { name: 'product, prepared prefix', hash: (sku: string, store: string) => prepared.of(sku, store) },
    {
      name: 'product, over bytes',
      hash: (sku: string, store: string) => murmur3(encoder.encode(`${salt}|${sku}|${store}`), 0),
    },
    { name: versionOf('murmurhash'), hash: (sku: string, store: string) => v3(`${salt}|${sku}|${store}`, 0) },
    {
      name: versionOf('murmurhash3js-revisited'),
      hash: (sku: string, store: string) => hash32(encoder.encode(`${salt}|${sku}|${store}`), 0),
    },
  ].map((way) => ({ ...way, ns: [] as number[] }));
  for (const { sku, store } of units.slice(0, 10_000)) {
    const [first, ...rest] = ways.map(({ hash }) => hash(sku, store));
    expect(new Set(rest)).toEqual(new Set([first]));
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { hash, ns } of ways) {
      const { perSecond } = await rateOf(() => {
        let sum = 0;
        for (const { sku, store } of units) sum += hash(sku, store);
        return sum;
      });
      ns.push(1e9 / perSecond);
    }
  }
  console.table(ways.map(({ name, ns }) => ({ what: name, 'ns per key': median(ns).toFixed(0) })));
  expect(median(ways[0]?.ns ?? [])).toBe(Math.min(...ways.map(({ ns }) => median(ns))));
});

it(`reads a fresh pointer ${READS / 1_000_000} million times`, { timeout: 300_000 }, async () => {
  const stand = new ReaderStand();
  stand.plane.serve(await documentOf());
  const freshBy = async (now: () => number, steady: () => number) => {
    const reader = stand.reader({ now, steady, pollSeconds: 86_400, refreshTimeoutMs: 10_000 });
    return { reader, pointer: await reader.current() };
  };
  const byClocks = await freshBy(systemMillis, steadyMillis);
  const byInstant = await freshBy(
    () => 1_000_000,
    () => 0,
  );
  const calls = stand.plane.starts + stand.plane.gets;
  const table = [
    { what: 'fresh read', ...(await costOf(() => byClocks.reader.current(), byClocks.pointer)) },
    {
      what: 'fresh read, clocks standing still',
      ...(await costOf(() => byInstant.reader.current(), byInstant.pointer)),
    },
    { what: 'look at the steady clock', ...(await costOf(steadyMillis)) },
    { what: 'look at the wall clock', ...(await costOf(systemMillis)) },
  ];
  const made = stand.plane.starts + stand.plane.gets - calls;
  console.table(
    table.map(({ what, ns, bytes, collections }) => ({
      what,
      'ns per read': ns.toFixed(1),
      'bytes kept per read': bytes.toFixed(4),
      'collections in all rounds': collections,
    })),
  );
  console.log(`Network calls of all ${2 * (ROUNDS + 1)} rounds of ${READS} reads: ${made}.`);
  expect(made).toBe(0);
  // Less than a hundredth of the smallest object per read is none. One object per read would make dozens of collections.
  for (const { what, bytes, collections } of table.slice(0, 2)) {
    expect(bytes, what).toBeLessThan(0.12);
    expect(collections, what).toBeLessThan(5);
  }
});

/** Medians of one call; how often the collector ran within the rounds. */
async function costOf(
  read: () => unknown,
  expected?: unknown,
): Promise<{ readonly ns: number; readonly bytes: number; readonly collections: number }> {
  repeat(read, READS);
  let collections = 0;
  const ns: number[] = [];
  const bytes: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // What the collector has to do after everything before it does now.
    await sleep(50);
    const observer = new PerformanceObserver((list) => {
      collections += list.getEntries().length;
    });
    observer.observe({ entryTypes: ['gc'] });
    const heap = process.memoryUsage().heapUsed;
    const from = performance.now();
    const last = repeat(read, READS);
    ns.push(((performance.now() - from) * 1e6) / READS);
    bytes.push((process.memoryUsage().heapUsed - heap) / READS);
    await sleep(50);
    observer.disconnect();
    if (expected !== undefined) expect(last).toBe(expected);
  }
  return { ns: median(ns), bytes: median(bytes), collections };
}

function repeat(read: () => unknown, times: number): unknown {
  let last: unknown;
  for (let count = 0; count < times; count += 1) last = read();
  return last;
}
