import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PredictionRecord } from '../../functions/inference/log/prediction.ts';
import {
  datesFrom,
  dayAfter,
  MemoryFiles,
  type OutcomeRow,
  readShadow,
  record,
} from '../evidence/stages/stage-world.ts';

const FIRST = '2026-03-01';
const units = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 9_999_999 }).map((n) => n / 1000) },
  { weight: 1, arbitrary: fc.constantFrom(null, 'NaN' as const, -1) },
);

const entry: fc.Arbitrary<PredictionRecord> = fc
  .record({
    day: fc.integer({ min: 0, max: 8 }),
    horizonDays: fc.integer({ min: 1, max: 2 }),
    sku: fc.constantFrom('a', 'b'),
    store: fc.constantFrom('s', 't'),
    version: fc.constantFrom('1.0', '2.0'),
    requestId: fc.constantFrom('x', 'y', 'z'),
    units,
  })
  .map(({ day, ...members }) => {
    const region = members.store === 's' ? 'north' : 'south';
    const arm = members.version === '2.0' ? 'shadow' : 'production';
    return record({ ...members, region, arm, targetDate: dayAfter(FIRST, day + members.horizonDays) });
  });
const log = fc.array(entry, { minLength: 1, maxLength: 60 });
const outcomes: readonly OutcomeRow[] = datesFrom(dayAfter(FIRST, 1), 10).flatMap((date) =>
  ['a', 'b'].flatMap((sku) => ['s', 't'].map((store) => ({ date, sku, store, units: 3.25 }))),
);

/** The bucket with these records, each group of them in objects of its own. */
function bucket(...parts: readonly (readonly PredictionRecord[])[]): MemoryFiles {
  const files = new MemoryFiles();
  parts.forEach((part, index) => {
    files.log(part.map((one) => ({ ...one, requestId: `${one.requestId}-${index}` })));
  });
  files.outcomes(outcomes);
  return files;
}

const usable = (one: PredictionRecord | undefined) => typeof one?.units === 'number' && one.units >= 0;
const keyOf = (one: PredictionRecord) => [one.targetDate, one.horizonDays, one.sku, one.store].join();

/** Keys by the plain meaning of the words: what each version gave, or that it gave two things. */
function settled(
  records: readonly PredictionRecord[],
  version: string,
): ReadonlyMap<string, PredictionRecord | undefined> {
  const groups = Map.groupBy(
    records.filter((one) => one.version === version),
    keyOf,
  );
  return new Map(
    [...groups].map(([key, same]) => {
      const given = new Set(same.filter((one) => one.units !== null).map((one) => one.units));
      const missing = same.find((one) => one.units === null);
      return [key, given.size > 1 ? undefined : (missing ?? same[0])];
    }),
  );
}

describe('a shadow in the prediction log', () => {
  it('does not depend on the order of records, nor on how they are cut into objects, not in a single digit', async () => {
    const cut = log.chain((records) =>
      fc.tuple(
        fc.constant(records),
        fc.shuffledSubarray(records, { minLength: records.length }),
        fc.nat({ max: records.length }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(cut, async ([records, shuffled, at]) => {
        const whole = await readShadow(bucket(records));
        const parts = await readShadow(bucket(shuffled.slice(0, at), shuffled.slice(at)));
        expect(parts.sums).toEqual(whole.sums);
      }),
      { numRuns: 10 },
    );
  });

  it('counts a record that is repeated any number of times once', async () => {
    await fc.assert(
      fc.asyncProperty(log, async (records) => {
        const once = (await readShadow(bucket(records))).sums;
        const twice = (await readShadow(bucket(records, records, records))).sums;
        const plain = ({ days }: typeof once) => days.map(({ repeated: _, ...day }) => day);
        expect(plain(twice)).toEqual(plain(once));
        expect([twice.cycles, twice.looks]).toEqual([once.cycles, once.looks]);
      }),
      { numRuns: 8 },
    );
  });

  it('is summed over the keys on which both versions are usable', async () => {
    await fc.assert(
      fc.asyncProperty(log, async (records) => {
        const { sums } = await readShadow(bucket(records));
        const [candidate, production] = [settled(records, '2.0'), settled(records, '1.0')];
        const both = [...candidate].filter(([key, one]) => usable(one) && usable(production.get(key)));
        const keys = [...candidate.keys()].filter((key) => production.has(key));
        const first = keys.toSorted()[0]?.slice(0, 10) ?? '9';
        const error = both
          .filter(([key]) => key.slice(0, 10) >= first)
          .reduce((sum, [, one]) => sum + BigInt(Math.round(Math.abs(Number(one?.units) - 3.25) * 1e6)), 0n);
        expect(sums.days.reduce((sum, { candidateError }) => sum + candidateError, 0n)).toBe(error);
        const conflicts = [...candidate.values(), ...production.values()].filter((one) => one === undefined).length;
        expect(sums.quality.conflicts).toBe(conflicts);
      }),
      { numRuns: 12 },
    );
  });
});
