import type { DemandSeries } from './demand.ts';

/** A series from FIRST_DAY on. */
type Series = Omit<DemandSeries, 'start'>;

/** Two whole years, so that each season is seen twice. */
export const FIRST_DAY = '2024-01-01';
export const DAYS = 731;

const STORES = [
  { store: 'harbour', region: 'north', size: 1.3 },
  { store: 'station', region: 'north', size: 0.9 },
  { store: 'airport', region: 'north', size: 1 },
  { store: 'market', region: 'south', size: 1.1 },
  { store: 'college', region: 'south', size: 0.8 },
  { store: 'stadium', region: 'south', size: 1.2 },
  { store: 'village', region: 'west', size: 0.7 },
  { store: 'mill', region: 'west', size: 0.8 },
  { store: 'bridge', region: 'west', size: 1 },
  { store: 'castle', region: 'west', size: 0.9 },
] as const;

/** Demand of each weekday relative to the week's mean, Monday first (FIRST_DAY is one), and how much the season moves it. */
const CATEGORIES = [
  { category: 'fresh', week: [0.85, 0.8, 0.85, 0.95, 1.2, 1.4, 0.95], season: 0.1 },
  { category: 'drinks', week: [0.7, 0.75, 0.8, 0.95, 1.35, 1.6, 0.85], season: 0.25 },
  { category: 'household', week: [0.95, 0.9, 0.95, 1, 1.05, 1.25, 0.9], season: 0.05 },
  { category: 'garden', week: [0.7, 0.7, 0.75, 0.85, 1.1, 1.7, 1.2], season: 0.35 },
] as const;

const SKUS_PER_CATEGORY = 10;

/** A random number in [0, 1) per call; the same seed gives the same row of numbers on every machine (mulberry32). */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The demand of a small retailer: 40 products in 10 shops of 3 regions, from fast movers to some that sell now and then. */
export function generateDemand(random: Random): readonly Series[] {
  return CATEGORIES.flatMap(({ category, week, season }) =>
    Array.from({ length: SKUS_PER_CATEGORY }, (_, index) => {
      const sku = `${category}-${String(index + 1).padStart(2, '0')}`;
      // A long tail: the first product of a category sells about forty times as much as the last.
      const level = 24 * 0.66 ** index * (0.8 + 0.4 * random());
      // Every fourth product is bought in bulk at times, which makes its demand erratic or lumpy.
      const bulkChance = index % 4 === 3 ? 0.06 : 0;
      return STORES.map(({ store, region, size }) => ({
        ...{ sku, store, region, category },
        units: dailyUnits({ random, level: level * size, week, season, bulkChance }),
      }));
    }).flat(),
  );
}

function dailyUnits(product: {
  readonly random: Random;
  readonly level: number;
  readonly week: readonly number[];
  readonly season: number;
  readonly bulkChance: number;
}): readonly number[] {
  const { random, level, week, season, bulkChance } = product;
  return Array.from({ length: DAYS }, (_, day) => {
    const yearly = 1 + season * Math.sin((2 * Math.PI * (day - 90)) / 365.25);
    const bulk = random() < bulkChance ? 3 + 3 * random() : 1;
    return poisson(random, Math.max(0.05, level * yearly * (week[day % 7] ?? 1) * bulk));
  });
}

/** Knuth's method: multiplies random numbers until they fall below e^-mean. Fine for means of some hundreds. */
function poisson(random: Random, mean: number): number {
  const limit = Math.exp(-mean);
  let product = random();
  let units = 0;
  while (product > limit) {
    product *= random();
    units += 1;
  }
  return units;
}
