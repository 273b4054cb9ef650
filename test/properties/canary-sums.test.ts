import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIRST_LOOK, judgeCanary } from '../../functions/evidence/canary/canary.ts';
import { canaryConfig } from '../../functions/evidence/canary/canary-config.ts';
import { sumCanaryFiles } from '../../functions/evidence/canary/canary-files-store.ts';
import type { CanaryState } from '../../functions/evidence/canary/canary-result.ts';
import { canaryConfigOf, judgeCanaryStage } from '../../functions/evidence/canary/canary-stage.ts';
import { type CanarySums, mergeCanarySums } from '../../functions/evidence/canary/canary-sums.ts';
import { ratioEffect } from '../../functions/evidence/statistics/ratio-effect.ts';
import { MACROS } from '../../functions/evidence/tables/cell-sql.ts';
import { DuckdbStore } from '../../functions/evidence/tables/duckdb-store.ts';
import { murmur3 } from '../../functions/inference/routing/murmur3.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { type Cluster, configOf, metricOf, momentsOf, sumsOf } from '../evidence/canary/clusters.ts';
import {
  batch,
  canarySettings,
  datesFrom,
  exact,
  MemoryFiles,
  outcomesOf,
  RULE,
  readCanary,
  SERIES,
} from '../evidence/stages/stage-world.ts';

const STEPS = [
  { percentage: 20, hold: 'P1D' },
  { percentage: 50, hold: 'P7D' },
];
const policy = policySchema.parse({ canary: { min_clusters: 10, ops: { min_expected: 50 } } }).canary;
const CONTEXT = {
  ...{ now: '2026-04-01T00:00:00.000Z', until: '2026-05-01T00:00:00.000Z', steps: STEPS, step: 1, exposed: true },
  held: [],
  taken: undefined,
};

/** Everything that two steps log, with forecasts that are off by what the seed says. */
function everything(seed: number) {
  const candidate: typeof exact = (series, date) =>
    Number(exact(series, date, 1)) + ((seed + Number(date.slice(8))) % 5) / 1000;
  const first = datesFrom('2026-03-20', 2).flatMap((asOf) => batch({ asOf, candidate, revision: 6, percentage: 20 }));
  const second = datesFrom('2026-03-22', 8).flatMap((asOf) => batch({ asOf, candidate, revision: 7, percentage: 50 }));
  return [...first, ...second];
}
const outcomes = outcomesOf(datesFrom('2026-03-01', 31), ({ sku }, date) => ({
  stockout: (Number(sku.slice(4)) + Number(date.slice(8))) % 7 === 0 ? 1 : 0,
  overstock_units: Number(date.slice(8)) / 3,
}));

describe('sums of a canary from its log', () => {
  it('do not depend on the order of records, on how they are cut, nor on replays, and neither does the verdict', async () => {
    const order = fc.nat({ max: 1000 }).chain((seed) => {
      const records = everything(seed);
      return fc.tuple(
        fc.constant(records),
        fc.shuffledSubarray(records, { minLength: records.length }),
        fc.nat({ max: records.length }),
      );
    });
    await fc.assert(
      fc.asyncProperty(order, async ([records, shuffled, at]) => {
        const whole = new MemoryFiles();
        whole.log(records);
        whole.outcomes(outcomes);
        const parts = new MemoryFiles();
        parts.log(shuffled.slice(0, at));
        parts.log(shuffled.slice(at));
        parts.log(shuffled.slice(0, 100));
        parts.outcomes(outcomes.toReversed());
        const [a, b] = [await readCanary(whole), await readCanary(parts)];
        expect({ ...b.sums, quality: null }).toEqual({ ...a.sums, quality: null });
        const config = canaryConfigOf(policy, { unit: 'sku-store', steps: STEPS });
        const verdicts = [a, b].map(({ sums }) => judgeCanaryStage(sums, config, CONTEXT));
        expect(verdicts[1]).toEqual(verdicts[0]);
      }),
      { numRuns: 4 },
    );
  });

  it('assign each unit to one arm at each percentage, and a raised one only adds units', async () => {
    const files = new MemoryFiles();
    files.log(batch({ asOf: '2026-03-22', revision: 7, percentage: 0 }));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 100 }), fc.string({ maxLength: 8 }), async (percentage, salt) => {
        const at = async (share: number) =>
          (await readCanary(files, canarySettings({ rule: { ...RULE, salt }, percentages: [0, share] }))).sums.units;
        const [lower, higher] = [await at(percentage), await at(Math.min(100, percentage + 10))];
        expect(lower.canary + lower.control).toBe(SERIES.length);
        expect(higher.canary).toBeGreaterThanOrEqual(lower.canary);
      }),
      { numRuns: 5 },
    );
  });
});

interface Row {
  readonly cluster: number;
  readonly day: number;
  readonly cells: readonly [units: number, forecast: number, stockout: number, overstock: number];
}

const rows = fc
  .array(
    fc.record({
      cluster: fc.nat({ max: 30 }),
      day: fc.nat({ max: 12 }),
      cells: fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 400 }), fc.nat({ max: 1 }), fc.nat({ max: 90 })),
    }),
    { minLength: 20, maxLength: 120 },
  )
  .map((all) => [...new Map(all.map((row) => [`${row.cluster} ${row.day}`, row])).values()]);

function lineOf({ cluster, day, cells: [units, forecast, stockout, overstock] }: Row): string {
  const when = `${day < 4 ? 'pre' : 'post'},2026-03-${String(day + 1).padStart(2, '0')}`;
  const arm = cluster % 2 === 0 ? 'canary' : 'control';
  return `${when},sku-${cluster},harbour,north,${arm},${units},${forecast / 7},${stockout},${overstock / 3},${forecast / 5}`;
}
const HEADER = 'period,date,sku,store,region,arm,units,forecast,stockout,overstock_units,shadow_forecast';

async function sumText(lines: readonly string[]): Promise<CanarySums> {
  const directory = await mkdtemp(join(tmpdir(), 'canary-sums-'));
  const engine = await DuckdbStore.open({ memoryMb: 256, threads: 1, directory });
  try {
    const path = join(directory, 'outcomes');
    await writeFile(path, [HEADER, ...lines, ''].join('\n'));
    await engine.run(MACROS);
    return await sumCanaryFiles(engine, { outcomes: path }, canaryConfig.parse({}));
  } finally {
    engine.close();
    await rm(directory, { recursive: true });
  }
}

describe('sums of a canary from files', () => {
  it.each([1, 2, 7, 64])('are those of %i shards by cluster together, to the last digit', async (shards) => {
    await fc.assert(
      fc.asyncProperty(rows, async (all) => {
        const whole = await sumText(all.map(lineOf));
        const shardOf = ({ cluster }: Row) => murmur3(new TextEncoder().encode(`sku-${cluster}|harbour`), 0) % shards;
        const parts: CanarySums[] = [];
        for (const part of Map.groupBy(all, shardOf).values()) parts.push(await sumText(part.map(lineOf)));
        expect(mergeCanarySums(parts)).toEqual(whole);
        expect(mergeCanarySums(parts.toReversed())).toEqual(whole);
      }),
      { numRuns: 3 },
    );
  });

  it('depend neither on the order of rows nor on rows that repeat', async () => {
    const shuffled = rows.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([all, other]) => {
        const whole = await sumText(all.map(lineOf));
        expect(await sumText(other.map(lineOf))).toEqual(whole);
        const repeated = await sumText([...other, ...other.slice(0, 9)].map(lineOf));
        expect({ ...repeated, quality: null }).toEqual({ ...whole, quality: null });
        const judged = [whole, repeated].map((sums) => judgeCanary({ sums, ops: [], state: FIRST_LOOK }, configOf()));
        expect(judged[1]?.result.metrics).toEqual(judged[0]?.result.metrics);
      }),
      { numRuns: 5 },
    );
  });
});

const cluster = fc.record({
  n: fc.integer({ min: 0, max: 500 }),
  d: fc.integer({ min: 1, max: 1000 }),
  n0: fc.integer({ min: 0, max: 500 }),
  d0: fc.integer({ min: 1, max: 1000 }),
});
const arm = (least = 2, most = 80) => fc.array(cluster, { minLength: least, maxLength: most });
const scaled = (clusters: readonly Cluster[], by: number) =>
  clusters.map(({ n, d, n0, d0 }) => ({ n: n * by, d: d * by, n0: n0 * by, d0: d0 * by }));

describe('what is judged by the sums', () => {
  it('mirrors the effect when the arms are swapped', () => {
    fc.assert(
      fc.property(arm(), arm(), (one, other) => {
        const there = ratioEffect(momentsOf(one), momentsOf(other));
        const back = ratioEffect(momentsOf(other), momentsOf(one));
        expect(back?.tau).toBeCloseTo(-(there?.tau ?? 0), 12);
        expect([back?.se, back?.theta]).toEqual(
          [there?.se, there?.theta].map((value) => expect.closeTo(value ?? 0, 12)),
        );
      }),
    );
  });

  it('leaves relative measures alone when all units are scaled', () => {
    fc.assert(
      fc.property(arm(), arm(), fc.integer({ min: 2, max: 1000 }), (one, other, by) => {
        const plain = judged(sumsOf(7, { overstock: metricOf(one, other) }));
        const large = judged(sumsOf(7, { overstock: metricOf(scaled(one, by), scaled(other, by)) }));
        expect(large.decision).toBe(plain.decision);
        expect(large.metrics.overstock?.se ?? 0).toBeCloseTo(plain.metrics.overstock?.se ?? 0, 11);
        expect(large.metrics.overstock?.margin ?? 0).toBeCloseTo(plain.metrics.overstock?.margin ?? 0, 11);
      }),
    );
  });

  it('never fails arms that are equal, at whatever look', () => {
    fc.assert(
      fc.property(arm(50), fc.nat({ max: 27 }), (one, days) => {
        const same = metricOf(one, one);
        expect(judged(sumsOf(days, { stockout: same, overstock: same }))).toMatchObject({
          reasons: [],
          metrics: { stockout: { tau: 0, p_harm: 1 } },
        });
      }),
    );
  });

  it('never passes, nor fails, by too few clusters, whatever noise they have', () => {
    fc.assert(
      fc.property(arm(2, 49), arm(2, 80), (few, many) => {
        const found = judged(sumsOf(7, { stockout: metricOf(few, many) }));
        expect(found).toMatchObject({ decision: 'CONTINUE', reasons: [], pending: ['INSUFFICIENT:stockout'] });
      }),
    );
  });

  it('never lets a running p value rise, nor a canary that failed go on', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(arm(50), arm(50)), { minLength: 2, maxLength: 8 }), (looks) => {
        let state: CanaryState = FIRST_LOOK;
        let failed = false;
        for (const [index, [one, other]] of looks.entries()) {
          const before = state;
          const found = judged(sumsOf(index + 1, { stockout: metricOf(one, other) }), state);
          state = found.state;
          for (const [metric, p] of Object.entries(state.p_run))
            expect(p).toBeLessThanOrEqual(before.p_run[metric] ?? 1);
          if (failed) expect(found.decision).toBe('FAIL');
          failed = found.decision === 'FAIL';
          expect(state.look).toBe(index + 1);
        }
      }),
    );
  });
});

function judged(sums: CanarySums, state: CanaryState = FIRST_LOOK) {
  return judgeCanary({ sums, ops: [], state }, configOf()).result;
}
