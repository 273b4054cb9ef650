import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeCanary } from '../../functions/evidence/canary/canary.ts';
import { policySchema } from '../../functions/registry/policy.ts';
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
const policy = { ...policySchema.parse({}).canary, min_clusters: 10, min_expected: 50 };

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

describe('sums of a canary', () => {
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
        parts.log(shuffled.slice(0, 100).map((one) => ({ ...one, requestId: 'replay' })));
        parts.outcomes(outcomes.toReversed());
        const [a, b] = [await readCanary(whole), await readCanary(parts)];
        expect({ ...b.sums, quality: null }).toEqual({ ...a.sums, quality: null });
        const context = {
          now: '2026-04-01T00:00:00.000Z',
          until: '2026-05-01T00:00:00.000Z',
          steps: STEPS,
          step: 1,
          exposed: true,
        };
        const verdicts = [a, b].map(({ sums, stock }) => judgeCanary(sums, policy, { ...context, stock }));
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
