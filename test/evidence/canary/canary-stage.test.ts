import { describe, expect, it } from 'vitest';
import {
  type CanaryContext,
  type CanaryEvidence,
  type CanaryStep,
  canaryConfigOf,
  judgeCanaryStage,
  type StepWindow,
} from '../../../functions/evidence/canary/canary-stage.ts';
import type { CanarySums, OpsCounts } from '../../../functions/evidence/canary/canary-sums.ts';
import { policySchema } from '../../../functions/registry/policy.ts';
import { clustersAt, metricOf, sumsOf, windowsOf } from './clusters.ts';

const STEPS = [
  { percentage: 5, hold: 'P2D' },
  { percentage: 50, hold: 'P7D' },
];
const config = canaryConfigOf(policySchema.parse({}).canary, { unit: 'sku-store', steps: STEPS });
const CONTEXT: CanaryContext = {
  ...{ now: '2026-05-01T00:00:00.000Z', until: '2026-06-01T00:00:00.000Z', steps: STEPS, step: 1, exposed: true },
  held: [],
  taken: undefined,
};
const QUALITY = {
  ...{ records: 0, unreadable: 0, foreign: 0, duplicates: 0, conflicts: 0, damagedOrigins: 0 },
  ...{ outcomes: 0, outcomesUnreadable: 0, outcomeDuplicates: 0, outcomeConflicts: 0 },
};
const step = (members: Partial<CanaryStep> = {}): CanaryStep => ({ step: 0, outside: 0, closedDays: 2, ...members });
const windowsAt = (at: number, counts: Partial<OpsCounts> = {}): readonly StepWindow[] =>
  windowsOf(counts).map((window) => ({ ...window, step: at }));

type Metrics = CanarySums['metrics'];
/** One look per day; `special` has what some of them saw. */
function evidence(
  days: number,
  special: Readonly<Record<number, Metrics>> = {},
  members: Partial<CanaryEvidence> = {},
) {
  return {
    ...{ steps: [step()], windows: windowsAt(0), days: [], units: { canary: 60, control: 60, mixed: 0 }, segments: [] },
    ...{ quality: QUALITY, looks: Array.from({ length: days }, (_, at) => sumsOf(at + 1, special[at + 1] ?? {})) },
    ...members,
  };
}

function judged(found: CanaryEvidence, context: Partial<CanaryContext> = {}) {
  const { verdict, advance, reasons, pending, taken, points } = judgeCanaryStage(found, config, {
    ...CONTEXT,
    ...context,
  });
  return {
    verdict,
    advance,
    reasons: reasons.map(({ code }) => code),
    pending: pending.map(({ code }) => code),
    taken,
    points,
  };
}
const harm = { stockout: metricOf(clustersAt(0.15), clustersAt(0.1)) };

describe('a canary at an earlier step', () => {
  const first = { step: 0 };

  it('is held for whole closed days, and then goes on', () => {
    expect(judged(evidence(0, {}, { steps: [step({ closedDays: 1 })] }), first)).toMatchObject({
      ...{ verdict: 'CONTINUE', advance: false, reasons: [], pending: expect.arrayContaining(['PASS_LOOK_NOT_DUE']) },
    });
    expect(judged(evidence(0), first)).toMatchObject({ verdict: 'CONTINUE', advance: true });
  });

  it('does not go on without any evidence', () => {
    expect(judged(evidence(0, {}, { steps: [], windows: [] }), first)).toMatchObject({
      ...{ verdict: 'CONTINUE', advance: false },
    });
  });

  it('goes on again where the raised step never went out', () => {
    const raised = { step: 1, exposed: false };
    expect(judged(evidence(0), raised)).toMatchObject({ verdict: 'CONTINUE', advance: true });
    const strayed = evidence(0, {}, { steps: [step({ outside: 1 })] });
    expect(judged(strayed, raised)).toMatchObject({
      verdict: 'FAIL',
      advance: false,
      reasons: ['COHORT_CONTAMINATION'],
    });
  });

  it('does not go on past its bound, nor when operations are not fine', () => {
    expect(judged(evidence(0), { ...first, now: CONTEXT.until })).toMatchObject({
      ...{ verdict: 'FAIL', advance: false, reasons: ['NOT_NON_INFERIOR_AT_HORIZON'] },
    });
    expect(judged(evidence(0, {}, { windows: windowsAt(0, { missing: 6 }) }), first)).toMatchObject({
      ...{ verdict: 'FAIL', advance: false, reasons: ['MISSING_PREDICTIONS'] },
    });
  });

  it('is not widened while something holds that, and is judged all the same', () => {
    const until = '2026-05-09T00:00:00.000Z';
    const held = [{ code: 'FROZEN', message: 'Nothing new begins to serve.', until }];
    const still = { verdict: 'CONTINUE', advance: false, pending: ['FROZEN', ...judged(evidence(0), first).pending] };
    expect(judged(evidence(0), { ...first, held })).toMatchObject(still);
    // Nor does a step go out that was raised before.
    expect(judged(evidence(0), { step: 1, exposed: false, held }).advance).toBe(false);
    // While the step is held anyway, nothing else holds it.
    const early = evidence(0, {}, { steps: [step({ closedDays: 1 })] });
    expect(judged(early, { ...first, held }).pending).not.toContain('FROZEN');
    for (const [found, over, code] of [
      [evidence(0, {}, { windows: windowsAt(0, { missing: 6 }) }), first, 'MISSING_PREDICTIONS'],
      [evidence(0), { ...first, now: CONTEXT.until }, 'NOT_NON_INFERIOR_AT_HORIZON'],
    ] as const) {
      expect(judged(found, { ...over, held })).toMatchObject({ verdict: 'FAIL', advance: false, reasons: [code] });
    }
    expect(judged(evidence(7), { held })).toMatchObject({ verdict: 'PASS' });
  });

  it('takes no look: business numbers say nothing yet', () => {
    expect(judged(evidence(3, { 1: harm }), first)).toMatchObject({ verdict: 'CONTINUE', taken: undefined });
  });
});

describe('operations of a canary of several steps', () => {
  it('fail on whichever step they went wrong, however well the others did', () => {
    const windows = [...windowsAt(0, { missing: 6 }), ...windowsAt(1, { expected: 1_000_000 })];
    const found = judgeCanaryStage(evidence(0, {}, { windows }), config, CONTEXT);
    expect(found).toMatchObject({ verdict: 'FAIL', reasons: [{ code: 'MISSING_PREDICTIONS' }] });
    expect(found.reasons[0]?.got).toContain('at step 1');
  });

  it('tell a unit in the wrong arm once, with every step', () => {
    const steps = [step({ outside: 1 }), step({ step: 1, outside: 2 })];
    const found = judgeCanaryStage(evidence(7, {}, { steps }), config, CONTEXT);
    expect(found).toMatchObject({ verdict: 'FAIL', reasons: [{ code: 'COHORT_CONTAMINATION' }] });
    expect(found.reasons[0]?.got).toMatch(/1 series.*step 1; 2 series.*step 2/);
  });
});

describe('a canary at its last step', () => {
  it('takes one look for each closed day, and passes at a planned one', () => {
    expect(judged(evidence(6))).toMatchObject({
      ...{ verdict: 'CONTINUE', pending: ['PASS_LOOK_NOT_DUE'] },
      taken: { look: 6, pass_looks_used: 0, day: 6, failed: false },
    });
    expect(judged(evidence(7))).toMatchObject({ verdict: 'PASS', advance: false, taken: { look: 7, day: 7 } });
  });

  it('comes to the same verdict however often somebody asked in between', () => {
    const special = { 3: harm };
    for (const found of [evidence(20), evidence(20, special)]) {
      const atOnce = judged(found);
      let taken: CanaryContext['taken'];
      let verdict = 'CONTINUE';
      for (let day = 1; day <= 20 && verdict === 'CONTINUE'; day += 1) {
        for (let times = 0; times < 3 && verdict === 'CONTINUE'; times += 1) {
          const asked = judged({ ...found, looks: found.looks.slice(0, day) }, { taken });
          verdict = asked.verdict;
          if (verdict !== 'CONTINUE') expect(asked).toEqual(atOnce);
          taken = asked.taken ?? taken;
        }
      }
      expect(verdict).toBe(atOnce.verdict);
    }
  });

  it('is judged by the first day that decides, whatever came later', () => {
    expect(judged(evidence(9, { 8: harm })).verdict).toBe('PASS');
    expect(judged(evidence(9, { 2: harm }))).toMatchObject({ verdict: 'FAIL', taken: { day: 2, failed: true } });
  });

  it('spends no second look on days that were looked at, also when they were restated', () => {
    const taken = { look: 3, pass_looks_used: 0, p_run: { stockout: 1 }, failed: false, day: 3 };
    expect(judged(evidence(3, { 1: harm, 2: harm, 3: harm }), { taken })).toMatchObject({
      ...{ verdict: 'CONTINUE', reasons: [], taken: undefined },
    });
    expect(judged(evidence(4, { 1: harm }), { taken })).toMatchObject({
      verdict: 'CONTINUE',
      taken: { look: 4, day: 4 },
    });
  });

  it('passes no earlier than its hold, which uses up the planned looks within it', () => {
    const steps = [{ percentage: 50, hold: 'P14D' }];
    const at = (days: number) => judged(evidence(days), { steps, step: 0 });
    expect(at(7)).toMatchObject({ verdict: 'CONTINUE', taken: { pass_looks_used: 1 } });
    expect(at(13)).toMatchObject({ verdict: 'CONTINUE', pending: ['PASS_LOOK_NOT_DUE'] });
    expect(at(14)).toMatchObject({ verdict: 'PASS', taken: { pass_looks_used: 2 } });
  });

  it('fails at its wall-clock bound without proof, but not before what was seen in time is judged', () => {
    const late = { now: CONTEXT.until };
    expect(judged(evidence(3), late).reasons).toEqual(['NOT_NON_INFERIOR_AT_HORIZON']);
    expect(judged(evidence(7), late).verdict).toBe('PASS');
  });

  it('shows each look with its bounds and its margin, up to the one that decided', () => {
    const { points } = judged(evidence(9));
    expect(points.map(({ day }) => day)).toHaveLength(7);
    const { lcb, tau, ucb, margin } = points[6]?.metrics.stockout ?? {};
    expect([lcb, tau, ucb, margin].toSorted((a, b) => Number(a) - Number(b))).toEqual([lcb, tau, ucb, margin]);
  });
});

describe('the thresholds of a promotion', () => {
  it('take cohort and units from the plan', () => {
    const { canary } = policySchema.parse({});
    expect(canaryConfigOf(canary, { unit: 'store', steps: STEPS })).toMatchObject({
      ...{ cluster: 'store', expected_canary_share: 0.5, pass_rule: 'planned' },
    });
    expect(canaryConfigOf(canary, { unit: 'sku-store', steps: STEPS.slice(0, 1) }).expected_canary_share).toBe(0.05);
  });
});
