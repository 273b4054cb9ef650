import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { policySchema } from '../../functions/registry/policy.ts';
import { FIRST, forecastOf, GOOD } from '../../infra/demo/artifacts.ts';
import { playable } from '../../infra/demo/playable.ts';
import { demoPolicy } from '../../infra/demo/policy.ts';
import { readDemand } from '../../infra/demo/read-demand.ts';
import { generatedDemand } from '../../infra/demo/retailer.ts';
import { stockedBy } from './stocked.ts';

const M5 = fileURLToPath(new URL('../../../shared/data/m5_long_history.csv.gz', import.meta.url));
const DAYS = 60;

const generated = (seed: number) => played(generatedDemand(seed));
const real = () => {
  const file = readDemand(readFileSync(M5), 'm5');
  if (!file.ok) throw new Error(file.faults.join('\n'));
  return played(file.demand);
};

function played(demand: Parameters<typeof playable>[0]) {
  const chosen = playable(demand, 'demand');
  if (!chosen.ok) throw new Error(chosen.fault);
  return chosen;
}

if (!existsSync(M5)) console.warn(`Without ${M5} stocks are tried on generated demand only.`);
const RETAILERS = [
  ...[1, 2, 3, 4, 5].map((seed) => ({ name: `generated retailer ${seed}`, retailer: () => generated(seed) })),
  ...(existsSync(M5) ? [{ name: 'retailer of M5', retailer: real }] : []),
];

describe.each(RETAILERS)('The stocks of the $name', ({ retailer }) => {
  const demand = retailer();
  const by = (scale: number) => stockedBy(demand, forecastOf(GOOD), { days: DAYS, scale });
  const good = by(1);

  it('run out on some two to five of a hundred shelves a day under a good forecast, and last for a day or two', () => {
    expect(good.stockouts).toBeGreaterThan(0.02);
    expect(good.stockouts).toBeLessThan(0.05);
    expect(good.nights).toBeGreaterThan(0.5);
    expect(good.nights).toBeLessThan(2);
  });

  it('run out at least twice as often when every forecast is 30 % too low', () => {
    const low = by(0.7);
    expect(low.stockouts).toBeGreaterThan(2 * good.stockouts);
    expect(low.overstock).toBeLessThan(good.overstock);
  });

  it('pile up by at least a third more when every forecast is 30 % too high', () => {
    const high = by(1.3);
    expect(high.overstock).toBeGreaterThan(1.33 * good.overstock);
    expect(high.stockouts).toBeLessThan(good.stockouts);
  });

  it('cut sales so little that a good forecast does not look more biased than the one before by what a shadow allows', () => {
    const { bias_worse_by: allowed } = policySchema.parse(demoPolicy(null)).shadow;
    expect(allowed).toBe(policySchema.parse({}).shadow.bias_worse_by);
    const first = stockedBy(demand, forecastOf(FIRST), { days: DAYS });
    expect(Math.abs(good.bias)).toBeLessThan(Math.abs(first.bias) + allowed / 2);
  });
});
