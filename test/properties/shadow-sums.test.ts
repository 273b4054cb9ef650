import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeShadow } from '../../functions/evidence/shadow/shadow.ts';
import type { ShadowConfig } from '../../functions/evidence/shadow/shadow-config.ts';
import { cyclesOf, firstDay } from '../../functions/evidence/shadow/shadow-cycles.ts';
import { openShadowFile } from '../../functions/evidence/shadow/shadow-files-store.ts';
import {
  type DaySums,
  mergeDays,
  mergeSeries,
  type SeriesSums,
  type ShadowSums,
} from '../../functions/evidence/shadow/shadow-sums.ts';
import { groupSeries, sumDays, sumSeries, sumWhole } from '../../functions/evidence/shadow/shadow-sums-store.ts';
import { DuckdbStore } from '../../functions/evidence/tables/duckdb-store.ts';
import { plusDays } from '../../functions/platform/duration.ts';
import {
  csvOf,
  FIRST,
  inDirectory,
  judgedText,
  type Model,
  noise,
  plainSums,
  type Row,
  thresholds,
  world,
} from '../evidence/shadow/plain-shadow.ts';

const engine = { memoryMb: 256, threads: 2 };
const cell = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 60_000 }).map((n) => n / 1000) },
  { weight: 1, arbitrary: fc.constantFrom('', 'NaN', -1, 0) },
);

/** Rows of three cycles with one row per key, most of whose cells can be used. */
const rows: fc.Arbitrary<readonly Row[]> = fc
  .uniqueArray(
    fc.record({
      day: fc.integer({ min: 0, max: 20 }),
      ahead: fc.integer({ min: 1, max: 3 }),
      ...{ sku: fc.constantFrom('a', 'b', 'c'), store: fc.constantFrom('s', 't') },
      ...{ y: cell, c: cell, p: cell },
    }),
    { minLength: 1, maxLength: 120, selector: ({ day, ahead, sku, store }) => [day, ahead, sku, store].join() },
  )
  .map((found) =>
    found.map(({ day, ahead, ...row }) => {
      const target = plusDays(FIRST, day);
      return { ...row, target, origin: plusDays(target, -ahead), region: row.store === 's' ? 'north' : 'south' };
    }),
  );

/** Sums of a file, and of its shards taken one by one and merged. */
async function sumsOf(shards: readonly (readonly Row[])[], config: ShadowConfig): Promise<ShadowSums> {
  return inDirectory(async (directory) => {
    const open: DuckdbStore[] = [];
    try {
      const days: (readonly DaySums[])[] = [];
      for (const [index, shard] of shards.entries()) {
        const db = await DuckdbStore.open({ ...engine, directory });
        open.push(db);
        const path = join(directory, String(index));
        await writeFile(path, csvOf(shard));
        await openShadowFile(db, path);
        days.push(await sumDays(db, config));
      }
      const all = mergeDays(days);
      const cycles = cyclesOf(all, config);
      const judged = cycles.filter(({ complete }) => complete).map(({ cycle }) => cycle);
      const scope = { first: firstDay(all) ?? FIRST, cycleDays: config.cycle_days, judged, upTo: null };
      const series: SeriesSums[] = [];
      for (const db of open) {
        await groupSeries(db, scope);
        series.push(await sumSeries(db, scope, config));
      }
      return { unreadable: 0, days: all, cycles, bySeries: mergeSeries(series) };
    } finally {
      for (const db of open) db.close();
    }
  });
}

function sharded(all: readonly Row[], count: number): readonly (readonly Row[])[] {
  const shardOf = ({ sku, store }: Row) =>
    [...`${sku} ${store}`].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % count, 7 % count);
  const groups = Map.groupBy(all, shardOf);
  return [...groups.values()];
}

const config = thresholds({ min_cycles: 2, max_cycles: 4, min_rows: 10, churn_min_pairs: 5 });

describe('sums of a shadow', () => {
  it('are what their names say, for whatever cells', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (all) => {
        expect(await sumsOf([all], config)).toEqual(plainSums(all, config));
      }),
      { numRuns: 12 },
    );
  });

  it('are the same to the last digit in 1, 2, 7 and 64 shards of whole series', async () => {
    const all = world({ candidate: (demand, at) => demand * (1 + 0.3 * noise(at.series, at.day, 5)) }, { series: 80 });
    const whole = await sumsOf([all], config);
    for (const count of [2, 7, 64]) {
      const shards = sharded(all, count);
      expect(shards.length).toBeGreaterThan(count / 3);
      const merged = await sumsOf(shards, config);
      expect(merged).toEqual(whole);
      expect(judgeShadow(merged, config)).toEqual(judgeShadow(whole, config));
    }
  });

  it('do not depend on the order of rows, nor on how often they are repeated', async () => {
    const shuffled = rows.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray([...all], { minLength: all.length }), fc.subarray([...all])),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([all, other, again]) => {
        const once = await judgedText(csvOf(all), config);
        expect(JSON.stringify(await judgedText(csvOf(other), config))).toBe(JSON.stringify(once));
        const twice = await judgedText(csvOf([...other, ...again, ...again]), config);
        const quality = { ...once.quality, rows: all.length + 2 * again.length, duplicate_rows: 2 * again.length };
        expect(twice).toEqual({ ...once, quality });
      }),
      { numRuns: 10 },
    );
  });

  it('count a key whose rows say two things as a conflict, and leave the others as they are', async () => {
    const contradicted = rows.chain((all) => fc.tuple(fc.constant(all), fc.subarray([...all], { minLength: 1 })));
    await fc.assert(
      fc.asyncProperty(contradicted, async ([all, odd]) => {
        const others = odd.map((row) => ({ ...row, p: typeof row.p === 'number' && row.p >= 0 ? row.p + 1 : 1 }));
        const found = await inDirectory(async (directory) => {
          const db = await DuckdbStore.open({ ...engine, directory });
          await writeFile(join(directory, 'rows'), csvOf([...all, ...others, ...others]));
          await openShadowFile(db, join(directory, 'rows'));
          const sums = await sumWhole(db, config);
          db.close();
          return sums;
        });
        const rest = plainSums(
          all.filter((row) => !odd.includes(row)),
          config,
        );
        expect(found.bySeries).toEqual(rest.bySeries);
        expect(found.days.reduce((sum, { conflicts }) => sum + conflicts, 0)).toBe(odd.length);
        expect(found.days.reduce((sum, { conflicting }) => sum + conflicting, 0)).toBe(2 * odd.length);
        expect(found.days.reduce((sum, { repeated }) => sum + repeated, 0)).toBe(odd.length);
      }),
      { numRuns: 8 },
    );
  });
});

/** A forecaster with an error of its own kind and size, biased or not, revised or not. */
const model: fc.Arbitrary<Model> = fc
  .record({
    seed: fc.integer({ min: 1, max: 999 }),
    ...{ size: fc.double({ min: 0, max: 0.9, noNaN: true }), bias: fc.double({ min: 0.7, max: 1.4, noNaN: true }) },
    revised: fc.double({ min: 0, max: 0.3, noNaN: true }),
  })
  .map(({ seed, size, bias, revised }) => (demand, { series, day, ahead }) => {
    const off = 1 + size * noise(series, day, seed) + revised * noise(series, day, ahead, seed);
    return Math.round(Math.max(0, demand * bias * off) * 1e6) / 1e6;
  });

const small = { series: 6, days: 28 } as const;
const judged = (all: readonly Row[], t = thresholds({ min_rows: 20 })) => judgeShadow(plainSums(all, t), t).result;

describe('a verdict on a shadow', () => {
  it('does not know in which unit goods are counted', () => {
    // Floors are in units, so they are taken out of the way.
    const scaleless = thresholds({ min_rows: 20, spike_floor: 1e-6, level_floor: 1e-6 });
    fc.assert(
      fc.property(model, model, fc.constantFrom(2, 3, 10, 144), (candidate, production, by) => {
        const plain = world({ candidate, production }, small);
        const scaled = plain.map((row) => ({
          ...row,
          ...{ y: Number(row.y) * by, c: Number(row.c) * by, p: Number(row.p) * by },
        }));
        const [one, other] = [judged(plain, scaleless), judged(scaled, scaleless)];
        expect(other).toEqual(close(one));
      }),
      { numRuns: 30 },
    );
  });

  it('is the mirror image when candidate and production change places', () => {
    fc.assert(
      fc.property(model, model, (candidate, production) => {
        const there = judged(world({ candidate, production }, small));
        const back = judged(world({ candidate: production, production: candidate }, small));
        const [a, b] = [there.accuracy, back.accuracy];
        expect([b.wape_candidate, b.wape_production]).toEqual([a.wape_production, a.wape_candidate]);
        expect([back.bias.candidate, back.bias.production]).toEqual([there.bias.production, there.bias.candidate]);
        expect(back.instability.spike_rate).toBe(there.instability.spike_rate);
        expect(back.instability.churn_candidate).toBe(there.instability.churn_production);
        if (typeof a.rel_wape === 'number' && typeof b.rel_wape === 'number') {
          expect((1 + a.rel_wape) * (1 + b.rel_wape)).toBeCloseTo(1, 9);
        }
        const [shift, shiftBack] = [there.drift.level_shift, back.drift.level_shift];
        if (typeof shift === 'number' && typeof shiftBack === 'number') {
          expect((1 + shift) * (1 + shiftBack)).toBeCloseTo(1, 9);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('never fails a candidate that is production, and never warns of it', () => {
    fc.assert(
      fc.property(model, fc.integer({ min: 1, max: 40 }), (same, days) => {
        const { decision, reasons, warnings } = judged(
          world({ candidate: same, production: same }, { ...small, days }),
        );
        expect([reasons, warnings]).toEqual([[], []]);
        expect(decision).toBe(days < 28 ? 'CONTINUE' : 'PASS');
      }),
      { numRuns: 40 },
    );
  });

  it('is never a pass where there is too little, whatever is forecast', () => {
    fc.assert(
      fc.property(model, model, fc.integer({ min: 1, max: 27 }), (candidate, production, days) => {
        const few = judged(world({ candidate, production }, { ...small, days }));
        expect(few.decision).not.toBe('PASS');
        expect(few.pending).toContain('INSUFFICIENT_CYCLES');
        const thin = thresholds({ min_rows: 100_000 });
        expect(judged(world({ candidate, production }, small), thin).decision).not.toBe('PASS');
      }),
      { numRuns: 40 },
    );
  });

  it('never counts a cycle whose actuals are late, and is not moved by them', () => {
    const late = fc.record({
      cycle: fc.integer({ min: 0, max: 3 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(model, late, (candidate, { cycle, share }) => {
        const all = world({ candidate }, small);
        const from = plusDays(FIRST, 7 * cycle);
        const to = plusDays(FIRST, 7 * cycle + 6);
        const inCycle = all.filter(({ target }) => target >= from && target <= to);
        const missing = new Set(inCycle.slice(0, Math.floor(share * inCycle.length)));
        const found = judged(all.map((row) => (missing.has(row) ? { ...row, y: '' } : row)));
        const known = 1 - missing.size / inCycle.length;
        expect(found.cycles.some((one) => one.cycle === cycle)).toBe(known >= 0.95);
        expect(found.complete_cycles).toBe(known >= 0.95 ? 4 : 3);
        expect(found.instability).toEqual(judged(all).instability);
      }),
      { numRuns: 40 },
    );
  });
});

/** The same, with numbers that may differ by rounding. */
function close(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : expect.closeTo(value, 9);
  if (Array.isArray(value)) return value.map(close);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, close(member)]));
}
