import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeImplausible } from '../../../functions/evidence/offline/implausible.ts';
import type { Implausible } from '../../../functions/evidence/offline/implausible-result.ts';
import { judgeOffline } from '../../../functions/evidence/offline/offline.ts';
import { STRICT_OFFLINE } from '../../../functions/evidence/offline/offline-config.ts';
import { seededRandom } from '../../../infra/demo/retailer-demand.ts';
import {
  actualsOf,
  builtIn,
  type Cube,
  type Demand,
  type Generated,
  generate,
  LEAKS,
  naiveOf,
  nearOracle,
  type Plan,
  promotionAware,
} from '../../bench/implausible-zoo.ts';
import { backtestCsv, row, sumsInParts, sumsOf, thresholds } from '../../fakes/backtest.ts';
import { implausibleSumsOf, type PairedRow } from '../../fakes/implausible.ts';

const PLAN: Plan = { origins: [200, 228, 256, 284], horizonDays: 28 };

/** Slow movers and faster ones, each day of a fifth of the weeks on promotion, which is known. */
function demandOf(members: Partial<Generated> = {}): Demand {
  const of: Generated = {
    ...{ noise: 'counts', series: 260, days: 320, levels: [-2, 2], drift: 0.02, promotions: 0.2, uplift: 2.5 },
    ...members,
  };
  return generate('generated', of, seededRandom(20160522));
}

async function judge(demand: Demand, candidate: Cube, plan = PLAN, units = 1) {
  const [actual, naive] = [actualsOf(demand, plan), naiveOf(demand, plan)];
  const rows = actual.flatMap((windows, series) =>
    windows.flatMap((days, at) =>
      days.map((y, index): PairedRow => {
        const of = (cube: Cube) => Math.round((cube[series]?.[at]?.[index] ?? 0) * units * 1000) / 1000;
        const origin = new Date(Date.UTC(2026, 0, 1 + (plan.origins[at] ?? 0))).toISOString().slice(0, 10);
        return { sku: `sku-${series}`, origin, ahead: index + 1, y: y * units, c: of(candidate), b: of(naive) };
      }),
    ),
  );
  const { implausible, reasons, pending, warnings } = judgeImplausible(await implausibleSumsOf(rows), thresholds());
  return {
    verdict: implausible?.verdict,
    codes: [...reasons, ...pending, ...warnings].map(({ code }) => code),
    speaking: speakingOf(implausible),
    measured: implausible?.traces.map(({ name }) => name) ?? [],
  };
}

function speakingOf(implausible: Implausible | undefined): readonly string[] {
  return implausible?.traces.filter(({ speaks }) => speaks).map(({ name }) => name) ?? [];
}

const honestOf = (demand: Demand, plan = PLAN) => builtIn(demand, plan, seededRandom(1))[1];
const leakOf = (name: string, demand: Demand, plan = PLAN) => {
  const leak = LEAKS[name];
  if (leak === undefined) throw new Error(`No leak is named ${name}.`);
  return leak({ actual: actualsOf(demand, plan), honest: honestOf(demand, plan), random: seededRandom(2) });
};

describe('generated demand', () => {
  const demand = demandOf();

  it('lets a model pass that forecasts from the past', async () => {
    expect(await judge(demand, honestOf(demand))).toMatchObject({ verdict: 'PASS', codes: [] });
  });

  it('lets a model pass that knows promotions, although it follows surprises as a leak does', async () => {
    const { verdict, codes } = await judge(
      demandOf({ levels: [0, 3], uplift: 4 }),
      promotionAware(demandOf({ levels: [0, 3], uplift: 4 }), PLAN),
    );
    expect({ verdict, codes }).toEqual({ verdict: 'PASS', codes: ['FOLLOWS_SURPRISES'] });
  });

  it('lets a forecast pass that knows the true mean of each day', async () => {
    expect((await judge(demand, nearOracle(demand, PLAN, 0, seededRandom(3)))).verdict).toBe('PASS');
    const smooth = demandOf({ noise: 'smooth', levels: [5, 8] });
    expect((await judge(smooth, nearOracle(smooth, PLAN, 0.05, seededRandom(3)))).verdict).toBe('PASS');
    const steady = demandOf({ noise: 'underdispersed', promotions: 0 });
    expect((await judge(steady, nearOracle(steady, PLAN, 0, seededRandom(3)))).verdict).toBe('PASS');
  });

  it('lets promotions be known where demand is a fifth steadier than counts', async () => {
    const steady = demandOf({ noise: 'underdispersed', promotions: 0.25, uplift: 4 });
    expect((await judge(steady, promotionAware(steady, PLAN))).verdict).toBe('PASS');
    expect((await judge(steady, nearOracle(steady, PLAN, 0, seededRandom(3)))).verdict).toBe('PASS');
  });

  it.each([
    'actual mixed in, 5 %',
    'actual mixed in, 20 %',
    'actual mixed in, 50 %',
    'actual mixed in, 90 %',
    'actual mixed in, 50 %, and noise added',
    'mixed in, 10 %, at one origin',
    'mixed in, 50 %, in half of the series',
    'level smoothed to the target day, 0.3',
  ])('stops a leak: %s', async (name) => {
    expect(await judge(demand, leakOf(name, demand))).toMatchObject({
      verdict: 'FAIL',
      codes: ['LEAKAGE_IMPLAUSIBLE'],
    });
  });

  it.each([
    'mixed in, 50 %, in a tenth of the series',
    'level smoothed to the day before, 0.1',
    'day before mixed in, 70 %',
    'next day mixed in, 70 %',
    'totals of its weeks',
  ])('does not let a leak pass that leaves one trace: %s', async (name) => {
    expect((await judge(demand, leakOf(name, demand))).verdict).not.toBe('PASS');
  });

  it('does not let a leak of seven days ahead pass, which no pattern can be seen in', async () => {
    const plan: Plan = { origins: [200, 214, 228, 242, 256, 270, 284], horizonDays: 7 };
    const found = await judge(demand, leakOf('actual mixed in, 50 %', demand, plan), plan);
    expect(found).toMatchObject({ verdict: 'INCONCLUSIVE', codes: ['IMPLAUSIBLE_ACCURACY'] });
    expect((await judge(demand, honestOf(demand, plan), plan)).verdict).toBe('PASS');
  });

  it('is not held against counting noise in units that are not counted, which scaling makes of them', async () => {
    const { verdict, measured } = await judge(demand, honestOf(demand), PLAN, 0.1);
    expect({ verdict, measured }).toEqual({ verdict: 'PASS', measured: ['horizon_growth'] });
    expect((await judge(demand, honestOf(demand), PLAN, 12)).verdict).toBe('PASS');
  });
});

describe('a backtest in parts', () => {
  const day = (ahead: number) => new Date(Date.UTC(2026, 0, 5 + ahead)).toISOString().slice(0, 10);
  const random = seededRandom(4);
  const rows = Array.from({ length: 12 }, (_, series) =>
    Array.from({ length: 14 }, (__, index) =>
      row({
        ...{ sku: `sku-${series}`, target_date: day(index + 1), horizon: index + 1 },
        ...{ actual: Math.floor(3 * random()), candidate: random().toFixed(4), baseline: Math.floor(3 * random()) },
      }),
    ),
  ).flat();

  it.each([1, 3, 7])('has the same sums of implausible accuracy, to the byte: %i parts', async (parts) => {
    for (const implausible_max_rows of [1000, 50]) {
      const config = { implausible_min_rows: 1, implausible_max_rows };
      const whole = await sumsOf(backtestCsv(rows), { config });
      expect(whole.implausible?.whole.rows).toBeGreaterThan(0);
      expect(JSON.stringify(await sumsInParts(backtestCsv(rows), { config }, parts))).toBe(JSON.stringify(whole));
    }
  });

  it('has none where there are too few rows', async () => {
    expect(await sumsOf(backtestCsv(rows))).not.toHaveProperty('implausible');
  });
});

const DATA = join(import.meta.dirname, '../../../../shared/data');

describe.runIf(existsSync(DATA))('backtests of real demand', () => {
  const decide = async (name: string, config = {}) => {
    const read = (path: string) => readFileSync(join(DATA, `${path}.csv.gz`));
    const sums = await sumsOf(read(`backtests/${name}`), { history: read('m5_long_history'), config });
    return judgeOffline(sums, thresholds(config));
  };

  it.each(['good_es_tsb', 'good_lgbm', 'bad_underforecast_mae', 'bad_unstable_fold'])(
    'find nothing implausible in %s, whatever else is wrong with it',
    async (name) => {
      const { result } = await decide(name);
      expect(result.implausible).toMatchObject({ verdict: 'PASS', rows: 94_080, series: 840, origins: {} });
      expect(speakingOf(result.implausible)).toEqual([]);
      expect([...result.reasons, ...result.pending, ...result.warnings].join()).not.toMatch(/IMPLAUSIBLE|SURPRISES/);
    },
  );

  it('stop bad_leaky, which states a proper cutoff, for all traces of its leak', async () => {
    const { result, reasons } = await decide('bad_leaky', STRICT_OFFLINE);
    expect(result).toMatchObject({
      decision: 'FAIL',
      reasons: ['LEAKAGE_IMPLAUSIBLE'],
      implausible: { verdict: 'FAIL' },
    });
    expect(speakingOf(result.implausible)).toEqual([
      ...['unexplained_slow', 'window_totals', 'follows_surprises', 'horizon_growth'],
    ]);
    expect(reasons[0]?.got).toBe(
      'moves that leave 0.63 of counting noise unexplained on slow movers; 79.7 % of window totals met within half their counting noise; follows day-to-day surprises (correlation 0.76); error of the last week 1.00 times that of the first (production 1.11)',
    );
  });

  it('pass bad_leaky only where the check is switched off, and say so', async () => {
    const { result } = await decide('bad_leaky', { implausible: 'off' });
    expect(result).toMatchObject({ decision: 'PASS', warnings: ['IMPLAUSIBLE_OFF'] });
    expect(result).not.toHaveProperty('implausible');
  });
});

it('is covered without the shared data as well', () => {
  if (!existsSync(DATA)) console.log(`No shared data at ${DATA}: its backtests were not looked at for leaks.`);
  expect(demandOf().units).toHaveLength(260);
});
