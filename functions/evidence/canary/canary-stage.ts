import type { HoldReason } from '../../change/advance-notice/notice-checks.ts';
import { durationSeconds } from '../../platform/duration.ts';
import type { ExposurePlan } from '../../promotion/exposure.ts';
import type { Looks } from '../../registry/items.ts';
import type { CanaryPolicy } from '../../registry/policy.ts';
import type { Finding } from '../finding.ts';
import { byCode, finding } from '../finding.ts';
import type { SegmentSums } from '../stages/segment-accuracy.ts';
import type { MeasuredQuality, StageVerdict } from '../stages/stage-evidence.ts';
import { type CanaryLookInput, FIRST_LOOK, type JudgedCanary, judgeCanary, notShown } from './canary.ts';
import type { CanaryConfig, CanaryMetric } from './canary-config.ts';
import { CANARY_METRICS } from './canary-config.ts';
import { measureMetric } from './canary-metric.ts';
import { limits } from './canary-ops.ts';
import { type CanarySums, NO_SUMS, type OpsWindow } from './canary-sums.ts';

/** Operations of one as-of date at one step. */
export interface StepWindow extends OpsWindow {
  readonly step: number;
}

export interface CanaryStep {
  readonly step: number;
  /** Series that the canary served although the step did not assign them to it. */
  readonly outside: number;
  /** Closed business days of this step. */
  readonly closedDays: number;
}

/** What was found of a canary in the prediction log and the outcomes. */
export interface CanaryEvidence {
  readonly steps: readonly CanaryStep[];
  readonly windows: readonly StepWindow[];
  /** One per closed day of the last step, in order. */
  readonly looks: readonly CanarySums[];
  /** Closed days of any step, in order. */
  readonly days: readonly string[];
  /** Series by arm at the last step seen; `mixed`: their own requests disagree on whether they may be in the canary. */
  readonly units: { readonly canary: number; readonly control: number; readonly mixed: number };
  /** Of the newest look, for people only. */
  readonly segments: readonly SegmentSums[];
  readonly quality: MeasuredQuality;
}

export interface CanaryContext {
  /** UTC. */
  readonly now: string;
  /** UTC bound of the exposure; past it without proof production wins. */
  readonly until: string;
  readonly steps: ExposurePlan['canary']['steps'];
  /** Index of the step that the promotion is at, or is about to be at. */
  readonly step: number;
  /** Whether a document of that step went out already. */
  readonly exposed: boolean;
  /** What keeps it from serving more units, such as a freeze; it is judged all the same. */
  readonly held: readonly HoldReason[];
  /** What earlier looks left behind; absent: there was none. */
  readonly taken: Looks['canary'];
}

/** One look as the chart shows it; numbers null where they are undefined. */
export interface CanaryLookPoint {
  readonly day: string;
  readonly metrics: Readonly<Partial<Record<CanaryMetric, LookBounds>>>;
}

export interface LookBounds {
  readonly tau: number | null;
  readonly lcb: number | null;
  readonly ucb: number | null;
  readonly margin: number | null;
}

export interface CanaryDecision extends JudgedCanary {
  readonly verdict: StageVerdict;
  /** The step was held without harm: the next one may go out. Only ever true with CONTINUE. */
  readonly advance: boolean;
  /** The next step could go out, and this holds it; only with CONTINUE. */
  readonly held: readonly HoldReason[];
  /** All closed days of the last step up to the newest that was looked at, with what the data says of them now. */
  readonly points: readonly CanaryLookPoint[];
  /** What the looks leave behind; absent when none was spent. */
  readonly taken: Looks['canary'];
}

/** The judge's thresholds in a promotion: those of its policy, with what its plan says of the cohort. */
export function canaryConfigOf(
  { cover_days: _, ...policy }: CanaryPolicy,
  { unit, steps }: Pick<ExposurePlan['canary'], 'unit' | 'steps'>,
): CanaryConfig {
  return {
    ...policy,
    pass_rule: 'planned',
    cluster: unit === 'sku-store' ? 'sku_store' : unit,
    expected_canary_share: (steps.at(-1)?.percentage ?? 50) / 100,
  };
}

/**
 * Judges a running canary: operations on every step and at any time, KPIs on the last step alone. Each newly closed day
 * of it is one look, in order, and the first that is not CONTINUE counts: so the verdict depends on the data and not on
 * when, or how often, somebody asked. A look that was spent is not spent again, whatever was restated since.
 */
export function judgeCanaryStage(
  evidence: CanaryEvidence,
  config: CanaryConfig,
  context: CanaryContext,
): CanaryDecision {
  const { judged, look, taken } = byLooks(evidence, config, context);
  const found = { ...judged, points: pointsOf(evidence.looks.slice(0, look), config), taken, advance: false, held: [] };
  const { decision } = judged.result;
  if (decision !== 'CONTINUE') return { ...found, verdict: decision };
  if (Date.parse(context.now) >= Date.parse(context.until)) {
    const reasons = [notShown(`nothing shown by ${context.until}`)];
    const result = { ...judged.result, decision: 'FAIL' as const, reasons: reasons.map(({ code }) => code) };
    return { ...found, result, reasons, verdict: 'FAIL' };
  }
  const isDue = mayAdvance(evidence, context);
  if (!isDue || context.held.length === 0) return { ...found, verdict: 'CONTINUE', advance: isDue };
  return { ...found, ...standing(judged, context.held), verdict: 'CONTINUE' };
}

/** It stays at its step, says why, and ends at its bound as any other. */
function standing(
  judged: JudgedCanary,
  held: readonly HoldReason[],
): Pick<CanaryDecision, 'result' | 'pending' | 'held'> {
  const why = held.map(({ code, message, until }) => ({
    ...{ code, got: message, allowed: until === undefined ? 'nothing that holds it' : `from ${until} on` },
  }));
  const pending = byCode([...judged.pending, ...why]);
  return { pending, held, result: { ...judged.result, pending: pending.map(({ code }) => code) } };
}

function byLooks(evidence: CanaryEvidence, config: CanaryConfig, context: CanaryContext) {
  const { looks, windows: ops } = evidence;
  const harm = stepHarm(evidence, config);
  const before = context.taken?.day ?? 0;
  let { taken } = context;
  for (let look = before + 1; isAtLastStep(context) && look <= looks.length; look += 1) {
    const state = stateOf(taken);
    const pending = heldFor(look, context);
    const judged = judgeCanary({ sums: looks[look - 1] ?? NO_SUMS, ops, state, harm, pending }, config);
    taken = { ...judged.result.state, day: look };
    if (judged.result.decision !== 'CONTINUE' || look === looks.length) return { judged, look, taken };
  }
  const look = isAtLastStep(context) ? Math.min(before, looks.length) : 0;
  const input: CanaryLookInput = {
    ...{ sums: looks[look - 1] ?? NO_SUMS, ops, state: stateOf(context.taken), harm, repeated: true },
    pending: isAtLastStep(context) ? [] : notAtLastStep(evidence, context),
  };
  return { judged: judgeCanary(input, config), look, taken: undefined };
}

function stateOf(taken: Looks['canary']): CanaryLookInput['state'] {
  if (taken === undefined) return FIRST_LOOK;
  const { day: _, ...state } = taken;
  return state;
}

/** What each step does to its own units, whatever it does to the business. */
function stepHarm({ steps, windows }: CanaryEvidence, config: CanaryConfig): readonly Finding[] {
  const atStep = (step: number) => ` at step ${step + 1}`;
  return [
    ...steps.flatMap(({ step, outside }) =>
      finding(outside > 0, 'COHORT_CONTAMINATION', {
        got: `${outside} series served by the candidate outside the cohort of step ${step + 1}`,
        allowed: '0 series',
      }),
    ),
    ...[...Map.groupBy(windows, ({ step }) => step)].flatMap(
      ([step, ofStep]) => limits(ofStep, config, atStep(step)).findings,
    ),
  ];
}

function pointsOf(looks: readonly CanarySums[], config: CanaryConfig): readonly CanaryLookPoint[] {
  return looks.map(({ days, metrics }) => ({
    day: days.at(-1) ?? '',
    metrics: Object.fromEntries(
      CANARY_METRICS.filter((metric) => config.metrics[metric] !== undefined).map((metric) => {
        const { effect, bounds, margin } = measureMetric(metric, metrics[metric], config, 1);
        return [metric, { tau: effect?.tau ?? null, lcb: bounds?.lower ?? null, ucb: bounds?.upper ?? null, margin }];
      }),
    ),
  }));
}

function isAtLastStep({ steps, step, exposed }: CanaryContext): boolean {
  return exposed && step >= steps.length - 1;
}

/** True as well when the step was raised before and its document is not out: the call that should have led to it was lost. */
function mayAdvance({ steps }: CanaryEvidence, context: CanaryContext): boolean {
  if (!context.exposed) return true;
  if (isAtLastStep(context)) return false;
  return closedDaysOf(steps, context.step) >= holdDays(context);
}

function closedDaysOf(steps: readonly CanaryStep[], step: number): number {
  return steps.find((one) => one.step === step)?.closedDays ?? 0;
}

function holdDays({ steps, step }: CanaryContext): number {
  return durationSeconds(steps[step]?.hold ?? 'P1D') / 86_400;
}

/** A planned look within the hold is used like any other, but cannot pass. */
function heldFor(closedDays: number, context: CanaryContext): readonly Finding[] {
  return finding(closedDays < holdDays(context), 'PASS_LOOK_NOT_DUE', {
    got: `${closedDays} closed days at the last step`,
    allowed: `from ${holdDays(context)} closed days on`,
  });
}

function notAtLastStep({ steps: found }: CanaryEvidence, context: CanaryContext): readonly Finding[] {
  const { step, steps } = context;
  return [
    {
      code: 'PASS_LOOK_NOT_DUE',
      got: `${closedDaysOf(found, step)} closed days at step ${step + 1} of ${steps.length} (${steps[step]?.percentage} %)`,
      allowed: `${holdDays(context)} closed days at this step; KPIs are judged on the last one`,
    },
  ];
}
