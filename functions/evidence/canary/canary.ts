import { durationSeconds } from '../../platform/duration.ts';
import type { ExposurePlan } from '../../promotion/exposure.ts';
import type { CanaryPolicy } from '../../registry/policy.ts';
import { byCode, change, type Finding, finding, percent } from '../finding.ts';
import type { StageVerdict, StockColumns } from '../stages/stage-evidence.ts';
import { pairedEffect, pooledBefore, type RatioEffect, ratioEffect } from '../statistics/ratio-effect.ts';
import {
  CANARY_METRICS,
  type CanaryEvidence,
  type CanaryLook,
  type CanaryMetric,
  type CanaryStepSums,
} from './canary-sums.ts';

/** Name and version of this judge; the version rises when the same sums may judge differently. */
export const CANARY_JUDGE = 'canary/1';

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
  readonly stock: StockColumns;
}

/** One metric at one look. `effect` null: too little to compute it. */
export interface MeasuredEffect {
  readonly metric: CanaryMetric;
  readonly effect: RatioEffect | null;
  /** The estimate must stay below it. */
  readonly margin: number;
  readonly clusters: { readonly canary: number; readonly control: number | null };
  readonly verdict: 'OK' | 'REGRESSED' | 'NOT_YET' | 'INSUFFICIENT';
}

export interface CanaryDecision {
  readonly verdict: StageVerdict;
  /** The step was held without harm: the next one may go out. Only ever true with CONTINUE. */
  readonly advance: boolean;
  readonly reasons: readonly Finding[];
  readonly pending: readonly Finding[];
  /** Closed days of the last step that the verdict rests on, the newest of them, and the metrics then. */
  readonly look: {
    readonly day: string;
    readonly closedDays: number;
    readonly metrics: readonly MeasuredEffect[];
  } | null;
}

/** One-sided 1 % of the normal distribution. */
const Z_HARM = 2.3263478740408408;
/** A rate before the canary counts as at least this, else where nothing ever ran out the smallest accident were a regression. */
const LEAST_RATE = 0.01;
/** Estimates this close to a margin are on it. */
const EQUAL = 1e-12;

/**
 * Judges a canary by its sums: operations on every step, business KPIs on the last one. Each closed day of it is one look,
 * in order; harm fails on any, proof passes on planned ones only, and the first look that decides does, whenever it is
 * asked about. Silence never passes.
 */
export function judgeCanary(evidence: CanaryEvidence, t: CanaryPolicy, context: CanaryContext): CanaryDecision {
  const found = byLooks(evidence, t, context);
  const harm = evidence.steps.flatMap((step) => operations(step, t));
  if (harm.length > 0) return { ...found, verdict: 'FAIL', reasons: byCode([...merged(harm), ...found.reasons]) };
  if (found.verdict !== 'CONTINUE') return found;
  if (Date.parse(context.now) >= Date.parse(context.until)) {
    return { ...found, verdict: 'FAIL', reasons: [horizon(`nothing shown by ${context.until}`)] };
  }
  return { ...found, advance: mayAdvance(evidence, context) };
}

/** The verdict of the KPIs alone. Before the last step they say nothing yet. */
function byLooks(evidence: CanaryEvidence, t: CanaryPolicy, context: CanaryContext): CanaryDecision {
  const looks = isAtLastStep(context) ? evidence.looks : [];
  let decision: CanaryDecision = { ...UNDECIDED, pending: [notDue(evidence, t, context)] };
  for (const [index, look] of looks.entries()) {
    decision = decide(look, index + 1, t, context);
    if (decision.verdict !== 'CONTINUE') break;
  }
  return decision;
}

const UNDECIDED: CanaryDecision = { verdict: 'CONTINUE', advance: false, reasons: [], pending: [], look: null };

function decide(look: CanaryLook, closedDays: number, t: CanaryPolicy, context: CanaryContext): CanaryDecision {
  const metrics = CANARY_METRICS.map((metric) => effectOf(metric, look, t));
  const regressed = metrics.filter(({ verdict }) => verdict === 'REGRESSED').map(regression);
  const open = metrics.flatMap((one) => shortfall(one, t, context.stock));
  const due = closedDays % t.pass_every_days === 0 && closedDays >= holdDays(context);
  const pending = byCode([...open, ...(due ? [] : [lookNotDue(closedDays, t, context)])]);
  const found = { advance: false, pending, look: { day: look.day, closedDays, metrics } };
  if (regressed.length > 0) return { ...found, verdict: 'FAIL', reasons: byCode(regressed) };
  if (pending.length === 0) return { ...found, verdict: 'PASS', reasons: [] };
  if (closedDays < t.max_days) return { ...found, verdict: 'CONTINUE', reasons: [] };
  return { ...found, verdict: 'FAIL', reasons: [horizon(`nothing shown in ${closedDays} closed days`)] };
}

function effectOf(metric: CanaryMetric, look: CanaryLook, t: CanaryPolicy): MeasuredEffect {
  const { canary, control } = look.metrics[metric] ?? {};
  const relMargin = t.metrics[metric].rel_margin;
  const paired = metric === 'paired_wape';
  const clusters = { canary: canary?.clusters ?? 0, control: paired ? null : (control?.clusters ?? 0) };
  const enough = clusters.canary >= t.min_clusters && (clusters.control ?? t.min_clusters) >= t.min_clusters;
  if (canary === undefined || (!paired && control === undefined)) {
    return { metric, effect: null, margin: relMargin, clusters, verdict: 'INSUFFICIENT' };
  }
  const effect = paired || control === undefined ? pairedEffect(canary) : ratioEffect(canary, control);
  const before = paired || control === undefined ? 1 : Math.max(LEAST_RATE, pooledBefore(canary, control) ?? 0);
  const margin = relMargin * before;
  return {
    metric,
    effect,
    margin,
    clusters,
    verdict: enough && effect !== null ? verdictOf(effect, margin) : 'INSUFFICIENT',
  };
}

function verdictOf({ tau, se }: RatioEffect, margin: number): MeasuredEffect['verdict'] {
  if (tau - margin < -EQUAL) return 'OK';
  return tau - Z_HARM * se > EQUAL ? 'REGRESSED' : 'NOT_YET';
}

/** What a step does to its own units, whatever it does to the business. */
function operations(sums: CanaryStepSums, t: CanaryPolicy): readonly Finding[] {
  const { expected, missing, nonfinite, negative, outside } = sums;
  const judged = expected >= t.min_expected;
  const rate = (count: number) => (expected === 0 ? 0 : count / expected);
  const told = (count: number, digits = 2) =>
    `${count} of ${expected} forecasts (${percent(rate(count), digits)}) at step ${sums.step + 1}`;
  return [
    ...finding(outside > 0, 'COHORT_CONTAMINATION', {
      got: `${outside} series served by the candidate outside the cohort of step ${sums.step + 1}`,
      allowed: '0 series',
    }),
    ...finding(nonfinite > t.max_nonfinite, 'NONFINITE_PREDICTIONS', {
      got: told(nonfinite),
      allowed: `at most ${t.max_nonfinite}`,
    }),
    ...finding(judged && rate(missing) > t.max_missing_rate, 'MISSING_PREDICTIONS', {
      got: told(missing),
      allowed: `at most ${percent(t.max_missing_rate, 2)}`,
    }),
    ...finding(judged && rate(negative) > t.max_negative_rate, 'NEGATIVE_PREDICTIONS', {
      got: told(negative, 3),
      allowed: `at most ${percent(t.max_negative_rate, 3)}`,
    }),
  ];
}

/** One finding per code, with what each step measured. */
function merged(findings: readonly Finding[]): readonly Finding[] {
  const byName = Map.groupBy(findings, ({ code }) => code);
  return [...byName].map(([code, same]) => ({
    code,
    got: same.map(({ got }) => got).join('; '),
    allowed: same[0]?.allowed ?? '',
  }));
}

function isAtLastStep({ steps, step, exposed }: CanaryContext): boolean {
  return exposed && step >= steps.length - 1;
}

/** True as well when the step was raised before and its document is not out: the call that should have led to it was lost. */
function mayAdvance({ steps: sums }: CanaryEvidence, context: CanaryContext): boolean {
  if (!context.exposed) return true;
  if (isAtLastStep(context)) return false;
  return closedDaysOf(sums, context.step) >= holdDays(context);
}

function closedDaysOf(sums: readonly CanaryStepSums[], step: number): number {
  return sums.find((one) => one.step === step)?.closedDays ?? 0;
}

function holdDays({ steps, step }: CanaryContext): number {
  return durationSeconds(steps[step]?.hold ?? 'P1D') / 86_400;
}

function notDue({ steps: sums }: CanaryEvidence, t: CanaryPolicy, context: CanaryContext): Finding {
  if (isAtLastStep(context)) return lookNotDue(0, t, context);
  const { step, steps } = context;
  return {
    code: 'PASS_LOOK_NOT_DUE',
    got: `${closedDaysOf(sums, step)} closed days at step ${step + 1} of ${steps.length} (${steps[step]?.percentage} %)`,
    allowed: `${holdDays(context)} closed days at this step; KPIs are judged on the last one`,
  };
}

function lookNotDue(closedDays: number, t: CanaryPolicy, context: CanaryContext): Finding {
  const hold = holdDays(context);
  return {
    code: 'PASS_LOOK_NOT_DUE',
    got: `${closedDays} closed days at the last step`,
    allowed: `every ${t.pass_every_days} closed days${hold > t.pass_every_days ? `, from ${hold} on` : ''}`,
  };
}

function regression(one: MeasuredEffect): Finding {
  return { code: `KPI_REGRESSED:${one.metric}`, got: toldEffect(one), allowed: toldMargin(one) };
}

function shortfall(one: MeasuredEffect, t: CanaryPolicy, stock: StockColumns): readonly Finding[] {
  const { metric, verdict, clusters } = one;
  if (verdict === 'NOT_YET' || verdict === 'REGRESSED') {
    return [{ code: `NOT_YET_NON_INFERIOR:${metric}`, got: toldEffect(one), allowed: toldMargin(one) }];
  }
  if (verdict === 'OK') return [];
  const silent = metric !== 'paired_wape' && !stock[metric];
  const control = clusters.control === null ? '' : ` and ${clusters.control} control`;
  return [
    {
      code: `INSUFFICIENT:${metric}`,
      got: silent ? 'outcomes that say nothing of it' : `${clusters.canary} canary${control} clusters with data`,
      allowed: silent ? 'outcomes with stock columns' : `at least ${t.min_clusters} clusters per arm`,
    },
  ];
}

function toldEffect({ metric, effect }: MeasuredEffect): string {
  if (effect === null) return 'undefined';
  if (metric === 'paired_wape') return change(effect.tau);
  const { ratioCanary, ratioControl, tau } = effect;
  return `${percent(ratioCanary, 2)} in the canary, ${percent(ratioControl, 2)} in the control; ${points(tau)} by the canary`;
}

function toldMargin({ metric, margin }: MeasuredEffect): string {
  return metric === 'paired_wape' ? `less than +${percent(margin)} error` : `less than ${points(margin)}`;
}

function points(share: number): string {
  return `${share > 0 ? '+' : ''}${(share * 100).toFixed(2)} points`;
}

function horizon(got: string): Finding {
  return { code: 'NOT_NON_INFERIOR_AT_HORIZON', got, allowed: 'proof within the bound' };
}
