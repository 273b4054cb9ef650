import { describe, expect, it } from 'vitest';
import { type CanaryContext, judgeCanary } from '../../../functions/evidence/canary/canary.ts';
import type {
  ArmPair,
  CanaryEvidence,
  CanaryLook,
  CanaryStepSums,
} from '../../../functions/evidence/canary/canary-sums.ts';
import { policySchema } from '../../../functions/registry/policy.ts';
import { dayAfter } from '../stages/stage-world.ts';
import { type Cluster, momentsOf } from './clusters.ts';

const policy = policySchema.parse({ canary: { min_clusters: 10 } }).canary;
const STEPS = [
  { percentage: 5, hold: 'P2D' },
  { percentage: 50, hold: 'P7D' },
];
const CONTEXT: CanaryContext = {
  ...{ now: '2026-05-01T00:00:00.000Z', until: '2026-06-01T00:00:00.000Z', steps: STEPS, step: 1, exposed: true },
  stock: { stockout: true, overstock: true },
};
const QUALITY = {
  ...{ records: 0, unreadable: 0, foreign: 0, duplicates: 0, conflicts: 0, damagedOrigins: 0 },
  ...{ outcomes: 0, outcomesUnreadable: 0, outcomeDuplicates: 0, outcomeConflicts: 0 },
};

/** Twenty clusters, each a little different, whose ratio is `rate` now and `before` before. */
function clusters(rate: number, before = 0.1, count = 20): readonly Cluster[] {
  return Array.from({ length: count }, (_, index) => {
    const wobble = (index % 2 === 0 ? 1 : -1) * 0.001;
    return { n: (rate + wobble) * 1000, d: 1000, n0: (before + wobble) * 1000, d0: 1000 };
  });
}

type Rates = Partial<Record<'paired_wape' | 'stockout' | 'overstock', ArmPair>>;
const FINE: Rates = {
  paired_wape: { canary: momentsOf(clusters(0.95)) },
  stockout: { canary: momentsOf(clusters(0.1)), control: momentsOf(clusters(0.1)) },
  overstock: { canary: momentsOf(clusters(0.1)), control: momentsOf(clusters(0.1)) },
};

function look(index: number, metrics: Rates = {}): CanaryLook {
  return { day: dayAfter('2026-04-01', index), metrics: { ...FINE, ...metrics } };
}

function step(members: Partial<CanaryStepSums> = {}): CanaryStepSums {
  const fine = { missing: 0, nonfinite: 0, negative: 0, conflicting: 0, outside: 0, closedDays: 2 };
  return { step: 0, expected: 1000, ...fine, ...members };
}

function evidence(looks: readonly CanaryLook[], steps: readonly CanaryStepSums[] = [step()]): CanaryEvidence {
  const units = { canary: 20, control: 20, mixed: 0 };
  return { steps, looks, days: [], units, segments: [], quality: QUALITY };
}

const days = (count: number, metrics: Rates = {}) => Array.from({ length: count }, (_, index) => look(index, metrics));
const judged = (found: CanaryEvidence, context: Partial<CanaryContext> = {}, thresholds = policy) => {
  const { verdict, advance, reasons, pending } = judgeCanary(found, thresholds, { ...CONTEXT, ...context });
  return { verdict, advance, reasons: reasons.map(({ code }) => code), pending: pending.map(({ code }) => code) };
};

describe('a canary at an earlier step', () => {
  const first = { step: 0 };

  it('is held for whole closed days, and then goes on', () => {
    expect(judged(evidence([], [step({ closedDays: 1 })]), first)).toEqual({
      ...{ verdict: 'CONTINUE', advance: false, reasons: [], pending: ['PASS_LOOK_NOT_DUE'] },
    });
    expect(judged(evidence([], [step({ closedDays: 2 })]), first)).toMatchObject({
      verdict: 'CONTINUE',
      advance: true,
    });
  });

  it('does not go on without any evidence', () => {
    expect(judged(evidence([], []), first)).toMatchObject({ verdict: 'CONTINUE', advance: false });
  });

  it('goes on again where the raised step never went out', () => {
    const raised = { step: 1, exposed: false };
    expect(judged(evidence([]), raised)).toMatchObject({ verdict: 'CONTINUE', advance: true });
    expect(judged(evidence([], [step({ outside: 1 })]), raised)).toMatchObject({ verdict: 'FAIL', advance: false });
  });

  it('does not go on past its bound, nor when operations are not fine', () => {
    expect(judged(evidence([]), { ...first, now: CONTEXT.until })).toMatchObject({
      ...{ verdict: 'FAIL', advance: false, reasons: ['NOT_NON_INFERIOR_AT_HORIZON'] },
    });
    expect(judged(evidence([], [step({ missing: 6 })]), first)).toMatchObject({ verdict: 'FAIL', advance: false });
  });
});

describe('operations of a canary', () => {
  const faults = (members: Partial<CanaryStepSums>) => judged(evidence([], [step(members)]), { step: 0 }).reasons;

  it('fail beyond their limits', () => {
    expect(faults({ missing: 6 })).toEqual(['MISSING_PREDICTIONS']);
    expect(faults({ missing: 5 })).toEqual([]);
    expect(faults({ negative: 2 })).toEqual(['NEGATIVE_PREDICTIONS']);
    expect(faults({ negative: 1 })).toEqual([]);
    expect(faults({ nonfinite: 1 })).toEqual(['NONFINITE_PREDICTIONS']);
    expect(faults({ outside: 1 })).toEqual(['COHORT_CONTAMINATION']);
    expect(faults({ missing: 500, nonfinite: 1 })).toEqual(['MISSING_PREDICTIONS', 'NONFINITE_PREDICTIONS']);
  });

  it('are not judged by rates of few forecasts, but one that is not finite is one too many', () => {
    expect(faults({ expected: 199, missing: 100, negative: 50 })).toEqual([]);
    expect(faults({ expected: 1, nonfinite: 1 })).toEqual(['NONFINITE_PREDICTIONS']);
  });

  it('fail on whichever step they went wrong, told once', () => {
    const found = judgeCanary(
      evidence(days(7), [step({ outside: 1 }), step({ step: 1, outside: 2 })]),
      policy,
      CONTEXT,
    );
    expect(found).toMatchObject({ verdict: 'FAIL', reasons: [{ code: 'COHORT_CONTAMINATION' }] });
    expect(found.reasons[0]?.got).toMatch(/1 series.*step 1; 2 series.*step 2/);
  });
});

describe('a canary at its last step', () => {
  it('passes on planned days only', () => {
    expect(judged(evidence(days(6)))).toMatchObject({ verdict: 'CONTINUE', pending: ['PASS_LOOK_NOT_DUE'] });
    expect(judged(evidence(days(7)))).toMatchObject({ verdict: 'PASS', advance: false, pending: [] });
    expect(judged(evidence(days(9))).verdict).toBe('PASS');
  });

  it('passes no earlier than its hold', () => {
    const steps = [{ percentage: 50, hold: 'P14D' }];
    expect(judged(evidence(days(13)), { steps, step: 0 }).verdict).toBe('CONTINUE');
    expect(judged(evidence(days(14)), { steps, step: 0 }).verdict).toBe('PASS');
  });

  it('does not pass while one metric is at its margin, and fails when that lasts', () => {
    const noisy = clusters(1.03).map((one, index) => ({ ...one, n: one.n + (index % 2 === 0 ? 300 : -300) }));
    const metrics = { paired_wape: { canary: momentsOf(noisy) } };
    expect(judged(evidence(days(7, metrics)))).toMatchObject({
      verdict: 'CONTINUE',
      pending: ['NOT_YET_NON_INFERIOR:paired_wape'],
    });
    expect(judged(evidence(days(28, metrics)))).toMatchObject({
      verdict: 'FAIL',
      reasons: ['NOT_NON_INFERIOR_AT_HORIZON'],
    });
    expect(judged(evidence(days(3, metrics)), { now: CONTEXT.until }).reasons).toEqual(['NOT_NON_INFERIOR_AT_HORIZON']);
  });

  it('fails on any day when harm is beyond the margin and beyond chance', () => {
    const stockouts = { stockout: { canary: momentsOf(clusters(0.12)), control: momentsOf(clusters(0.1)) } };
    expect(judged(evidence(days(1, stockouts)))).toMatchObject({
      verdict: 'FAIL',
      reasons: ['KPI_REGRESSED:stockout'],
    });
    const worse = { paired_wape: { canary: momentsOf(clusters(1.05)) } };
    expect(judged(evidence([look(0), look(1, worse)])).reasons).toEqual(['KPI_REGRESSED:paired_wape']);
  });

  it('takes off what was different before it began', () => {
    // Stockouts of 12 % after 12 % in the canary, 10 % after 10 % in the control: nothing changed.
    const canary = clusters(0.12, 0.12).map((one, index) => ({
      ...one,
      n: one.n + (index % 4),
      n0: one.n0 + (index % 4),
    }));
    const control = clusters(0.1, 0.1).map((one, index) => ({
      ...one,
      n: one.n + (index % 4),
      n0: one.n0 + (index % 4),
    }));
    const stockout = { canary: momentsOf(canary), control: momentsOf(control) };
    expect(judged(evidence(days(7, { stockout }))).verdict).toBe('PASS');
  });

  it('is judged by the first day that decides, whatever came later', () => {
    const harm = { overstock: { canary: momentsOf(clusters(0.3)), control: momentsOf(clusters(0.1)) } };
    expect(judged(evidence([...days(7), look(8, harm)])).verdict).toBe('PASS');
    expect(judged(evidence([look(0, harm), ...days(7)])).verdict).toBe('FAIL');
  });

  it('does not pass, nor fail, by too few clusters', () => {
    const few = { paired_wape: { canary: momentsOf(clusters(2, 0.1, 9)) } };
    expect(judged(evidence(days(7, few)))).toMatchObject({
      verdict: 'CONTINUE',
      pending: ['INSUFFICIENT:paired_wape'],
    });
  });

  it('says that outcomes without stock can only end at the horizon', () => {
    const silent = days(7).map(({ day, metrics: { paired_wape = {} } }) => ({ day, metrics: { paired_wape } }));
    const stock = { stockout: false, overstock: false };
    const found = judgeCanary(evidence(silent), policy, { ...CONTEXT, stock });
    expect(found.verdict).toBe('CONTINUE');
    expect(found.pending).toMatchObject([
      { code: 'INSUFFICIENT:overstock', got: 'outcomes that say nothing of it' },
      { code: 'INSUFFICIENT:stockout', got: 'outcomes that say nothing of it' },
    ]);
  });

  it('passes where nothing ever ran out', () => {
    const none = clusters(0, 0).map((one) => ({ ...one, n: 0, n0: 0 }));
    const stockout = { canary: momentsOf(none), control: momentsOf(none) };
    expect(judged(evidence(days(7, { stockout }))).verdict).toBe('PASS');
  });

  it('fails a candidate that errs where production is perfect', () => {
    const perfect = clusters(0.1).map((one) => ({ ...one, d: 0 }));
    expect(judged(evidence(days(1, { paired_wape: { canary: momentsOf(perfect) } }))).reasons).toEqual([
      'KPI_REGRESSED:paired_wape',
    ]);
  });
});
