import { describe, expect, it } from 'vitest';
import { biasLimit, judgeShadow, type ShadowContext } from '../../../functions/evidence/shadow/shadow.ts';
import type { ShadowEvidence, ShadowSums } from '../../../functions/evidence/shadow/shadow-sums.ts';
import { policySchema } from '../../../functions/registry/policy.ts';
import { dayAfter } from '../stages/stage-world.ts';

const policy = policySchema.parse({}).shadow;
const CONTEXT: ShadowContext = {
  now: '2026-05-01T00:00:00.000Z',
  until: '2026-06-01T00:00:00.000Z',
  safeForecast: false,
};

/** Sums of a cycle of a candidate that is 10 % better, unbiased and steady. */
function sums(members: Partial<ShadowSums> = {}): ShadowSums {
  return {
    ...{ keys: 1000, conflicting: 0, candidateMissing: 0, candidateNonfinite: 0, candidateNegative: 0 },
    ...{ paired: 1000, newSeries: 0, actual: 10_000, candidate: 10_050, comparator: 10_100 },
    ...{ candidateError: 900, comparatorError: 1000, compared: 1000, spikes: 1 },
    ...{ revisions: 500, candidateMoved: 300, comparatorMoved: 300, candidateLevel: 5000, comparatorLevel: 5000 },
    ...members,
  };
}

type Cycle = Partial<ShadowSums> & { readonly open?: true };

function evidence(cycles: readonly Cycle[]): ShadowEvidence {
  const quality = {
    ...{ records: 0, unreadable: 0, foreign: 0, duplicates: 0, conflicts: 0, damagedOrigins: 0 },
    ...{ outcomes: 0, outcomesUnreadable: 0, outcomeDuplicates: 0, outcomeConflicts: 0 },
  };
  return {
    quality,
    cycles: cycles.map(({ open }, cycle) => ({
      ...{ cycle, from: dayAfter('2026-03-02', cycle * 7), to: dayAfter('2026-03-02', cycle * 7 + 6) },
      complete: open === undefined,
    })),
    groups: cycles.map(({ open: _, ...members }, cycle) => ({
      ...{ segment: 'overall', cycle },
      ...sums({ newSeries: cycle === 0 ? 50 : 0, ...members }),
    })),
  };
}

const times = (count: number, members: Cycle = {}): readonly Cycle[] => Array.from({ length: count }, () => members);
const judged = (cycles: readonly Cycle[], context: Partial<ShadowContext> = {}, thresholds = policy) => {
  const { verdict, reasons, pending } = judgeShadow(evidence(cycles), thresholds, { ...CONTEXT, ...context });
  return { verdict, reasons: reasons.map(({ code }) => code), pending: pending.map(({ code }) => code) };
};

describe('a shadow', () => {
  it('passes once enough cycles show that it is not worse', () => {
    expect(judged(times(3))).toEqual({ verdict: 'CONTINUE', reasons: [], pending: ['INSUFFICIENT_CYCLES'] });
    expect(judged(times(4))).toEqual({ verdict: 'PASS', reasons: [], pending: [] });
  });

  it('goes on while nothing is known', () => {
    expect(judged([])).toEqual({ verdict: 'CONTINUE', reasons: [], pending: ['INSUFFICIENT_CYCLES'] });
    expect(judged(times(8, { open: true }))).toMatchObject({ verdict: 'CONTINUE' });
  });

  it('is not worse up to the margin itself', () => {
    expect(judged(times(4, { candidateError: 1020 })).verdict).toBe('PASS');
    expect(judged(times(4, { candidateError: 1021 }))).toMatchObject({
      verdict: 'CONTINUE',
      pending: ['NOT_YET_NON_INFERIOR'],
    });
  });

  it('never passes on few rows or few series, however good they look', () => {
    expect(judged(times(4, { paired: 100 }))).toMatchObject({ verdict: 'CONTINUE', pending: ['NOT_YET_NON_INFERIOR'] });
    expect(judged([{ newSeries: 29 }, ...times(3)])).toMatchObject({ verdict: 'CONTINUE' });
  });

  it('fails after the last cycle without proof, and past its bound in time', () => {
    const worse = { candidateError: 1100 };
    expect(judged(times(7, worse)).verdict).toBe('CONTINUE');
    expect(judged(times(8, worse))).toMatchObject({ verdict: 'FAIL', reasons: ['NOT_NON_INFERIOR_AT_HORIZON'] });
    expect(judged(times(4, worse), { now: CONTEXT.until })).toMatchObject({
      verdict: 'FAIL',
      reasons: ['NOT_NON_INFERIOR_AT_HORIZON'],
    });
    expect(judged([], { now: CONTEXT.until })).toMatchObject({ verdict: 'FAIL', pending: ['INSUFFICIENT_CYCLES'] });
    expect(judged([], { now: '2026-05-31T23:59:59.999Z' }).verdict).toBe('CONTINUE');
  });

  it('passes by what was complete, also when it is asked about past its bound', () => {
    expect(judged(times(4), { now: '2026-07-01T00:00:00.000Z' }).verdict).toBe('PASS');
  });

  it('is judged by its first look that decides, whatever came to light later', () => {
    const ruined = { candidateNonfinite: 500 };
    expect(judged([...times(4), ruined]).verdict).toBe('PASS');
    expect(judged([ruined, ...times(4)])).toMatchObject({ verdict: 'FAIL', reasons: ['CANDIDATE_INVALID_RATE'] });
  });

  it('waits for the cycle in between whose actuals are late, and does not count it', () => {
    expect(judged([{}, { open: true }, {}, {}])).toMatchObject({
      verdict: 'CONTINUE',
      pending: ['INSUFFICIENT_CYCLES'],
    });
    expect(judged([{}, { open: true, candidateError: 9000 }, {}, {}, {}]).verdict).toBe('PASS');
  });
});

describe('a shadow that forecasts what nobody can use', () => {
  it('fails after the first complete cycle', () => {
    for (const kind of ['candidateMissing', 'candidateNonfinite', 'candidateNegative'] as const) {
      expect(judged([{ [kind]: 2 }])).toMatchObject({ verdict: 'FAIL', reasons: ['CANDIDATE_INVALID_RATE'] });
      expect(judged([{ [kind]: 1 }])).toMatchObject({ verdict: 'CONTINUE' });
    }
    expect(judged([{ conflicting: 1 }])).toMatchObject({ verdict: 'FAIL', reasons: ['CONFLICTING_DUPLICATES'] });
  });

  it('is not told before a cycle is complete', () => {
    expect(judged([{ open: true, candidateNonfinite: 1000 }]).verdict).toBe('CONTINUE');
  });
});

describe('bias of a shadow', () => {
  const biased = (share: number, of = 10_000) => ({ candidate: of * (1 + share), comparator: of });

  it('is systematic when each cycle leans to the same side', () => {
    expect(judged(times(4, biased(0.06)))).toMatchObject({ verdict: 'FAIL', reasons: ['SYSTEMATIC_BIAS'] });
    expect(judged(times(4, biased(-0.06)))).toMatchObject({ verdict: 'FAIL', reasons: ['SYSTEMATIC_BIAS'] });
    expect(judged(times(3, biased(0.06))).verdict).toBe('CONTINUE');
  });

  it('is not systematic when one cycle does not, when it is small, or when production is as biased', () => {
    expect(judged([...times(3, biased(0.1)), biased(0.01)]).verdict).toBe('PASS');
    expect(judged(times(4, biased(0.05))).verdict).toBe('PASS');
    expect(judged(times(4, { candidate: 11_000, comparator: 10_900 })).verdict).toBe('PASS');
  });

  it('is told with the limit beyond which it fails: the common one, or a little more than production', () => {
    const t = policySchema.parse({}).shadow;
    expect(biasLimit({ biasComparator: 0.01 }, t)).toBe(t.bias_overall_max);
    expect(biasLimit({ biasComparator: null }, t)).toBe(t.bias_overall_max);
    for (const biasComparator of [0.2, -0.2]) {
      const limit = biasLimit({ biasComparator }, t);
      expect(limit).toBeCloseTo(0.2 + t.bias_worse_by);
      const at = (share: number) =>
        judged(times(4, { candidate: 10_000 * (1 + share), comparator: 10_000 * (1 + biasComparator) }));
      expect([at(limit).reasons, at(-limit).reasons]).toEqual([[], []]);
      expect([at(limit + 0.001).reasons, at(-limit - 0.001).reasons]).toEqual([
        ['SYSTEMATIC_BIAS'],
        ['SYSTEMATIC_BIAS'],
      ]);
    }
  });

  it('is undefined without demand, and then decides nothing', () => {
    expect(judged(times(4, { actual: 0 })).reasons).toEqual([]);
  });
});

describe('instability of a shadow', () => {
  it('is a forecast that moves more than production allows', () => {
    expect(judged(times(4, { candidateMoved: 375 })).verdict).toBe('PASS');
    expect(judged(times(4, { candidateMoved: 376 }))).toMatchObject({
      verdict: 'FAIL',
      reasons: ['UNSTABLE_REVISIONS'],
    });
    expect(judged(times(4, { candidateMoved: 900, revisions: 20 })).verdict).toBe('PASS');
  });

  it('is held against the error where the comparator does not learn from day to day', () => {
    // The comparator errs by 10 % of demand: moves of up to 5 % of the level are fine.
    const still = { comparatorMoved: 0, candidateMoved: 250 };
    expect(judged(times(4, still)).verdict).toBe('PASS');
    expect(judged(times(4, { ...still, candidateMoved: 251 })).reasons).toEqual(['UNSTABLE_REVISIONS']);
    const safe = { comparatorMoved: 10, candidateMoved: 250 };
    expect(judged(times(4, safe), { safeForecast: true }).verdict).toBe('PASS');
    expect(judged(times(4, safe)).reasons).toEqual(['UNSTABLE_REVISIONS']);
  });

  it('is a share of spikes beyond the limit', () => {
    expect(judged(times(4, { spikes: 10 })).verdict).toBe('PASS');
    expect(judged(times(4, { spikes: 11 }))).toMatchObject({ verdict: 'FAIL', reasons: ['SPIKES'] });
  });
});
