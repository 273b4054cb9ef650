import { expect, it } from 'vitest';
import { murmur3, PrefixedHash } from '../../functions/inference/routing/murmur3.ts';
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

it(`decides a ${PERCENTAGE} % rollout in two regions beside others`, { timeout: 900_000 }, async () => {
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
      'share of those in the regions': `${((100 * served) / eligible).toFixed(2)} %`,
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
