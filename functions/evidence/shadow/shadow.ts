import type { ShadowPolicy } from '../../registry/policy.ts';
import { byCode, change, type Finding, finding, percent, signed } from '../finding.ts';
import { perUnit } from '../offline/offline-sums.ts';
import type { StageVerdict } from '../stages/stage-evidence.ts';
import { addSums, type ShadowEvidence, type ShadowSums } from './shadow-sums.ts';

/** Name and version of this judge; the version rises when the same sums may judge differently. */
export const SHADOW_JUDGE = 'shadow/1';

/** What one look has at hand: everything up to the end of a completed cycle. */
export interface ShadowLook {
  /** Completed cycles, and the index of the newest. */
  readonly cycles: number;
  readonly upTo: number;
  readonly from: string;
  readonly to: string;
  /** Errors and bias: complete cycles only, since in others the known actuals are a selection. */
  readonly judged: ShadowSums;
  /** What needs no actuals: every cycle up to the newest completed one. */
  readonly seen: ShadowSums;
  readonly relWape: number | null;
  readonly biasCandidate: number | null;
  readonly biasComparator: number | null;
  readonly cycleBiases: readonly (number | null)[];
  readonly invalidRate: number | null;
  readonly spikeRate: number | null;
  /** Mean move of a forecast from origin to origin, relative to its level. */
  readonly churnCandidate: number | null;
  readonly churnComparator: number | null;
}

export interface ShadowDecision {
  readonly verdict: StageVerdict;
  readonly reasons: readonly Finding[];
  readonly pending: readonly Finding[];
  /** The look that the verdict rests on; null: no cycle is complete. */
  readonly look: ShadowLook | null;
}

export interface ShadowContext {
  /** UTC. */
  readonly now: string;
  /** UTC bound of the exposure; past it without proof production wins. */
  readonly until: string;
  /** Whether the comparator is the safe forecast, which repeats a week and so is hardly revised from origin to origin. */
  readonly safeForecast: boolean;
}

/** Far below any threshold and far above the rounding of a division. */
const EQUAL = 1e-12;
const exceeds = (value: number | null, limit: number): boolean => value !== null && value - limit > EQUAL;

/**
 * Judges a shadow by its sums. Each completed cycle is one look, in order, and the first look that decides does: so the
 * verdict depends on the data and not on when somebody asked. Too little is never a pass.
 */
export function judgeShadow(evidence: ShadowEvidence, t: ShadowPolicy, context: ShadowContext): ShadowDecision {
  const complete = evidence.cycles.filter((cycle) => cycle.complete);
  const looks = complete.map((_, index) => lookAt(evidence, index + 1));
  for (const look of looks) {
    const decision = decide(look, t, context);
    if (decision.verdict !== 'CONTINUE') return decision;
  }
  const newest = looks.at(-1) ?? null;
  const pending = newest === null ? [tooFew(0, t)] : missing(newest, t);
  if (Date.parse(context.now) < Date.parse(context.until))
    return { verdict: 'CONTINUE', reasons: [], pending, look: newest };
  return { verdict: 'FAIL', reasons: [horizon(newest, `nothing shown by ${context.until}`)], pending, look: newest };
}

function decide(look: ShadowLook, t: ShadowPolicy, context: ShadowContext): ShadowDecision {
  const reasons = byCode([...unusable(look, t), ...(look.cycles >= t.min_cycles ? behaviour(look, t, context) : [])]);
  const pending = missing(look, t);
  if (reasons.length > 0) return { verdict: 'FAIL', reasons, pending, look };
  if (pending.length === 0) return { verdict: 'PASS', reasons, pending, look };
  if (look.cycles < t.max_cycles) return { verdict: 'CONTINUE', reasons, pending, look };
  return { verdict: 'FAIL', reasons: [horizon(look, `nothing shown in ${look.cycles} cycles`)], pending, look };
}

function lookAt({ cycles, groups }: ShadowEvidence, count: number): ShadowLook {
  const complete = cycles.filter((cycle) => cycle.complete).slice(0, count);
  const newest = complete.at(-1);
  const upTo = newest?.cycle ?? -1;
  const overall = groups.filter(({ segment, cycle }) => segment === 'overall' && cycle <= upTo);
  const finished = overall.filter(({ cycle }) => complete.some((one) => one.cycle === cycle));
  const judged = addSums(finished);
  const seen = addSums(overall);
  return {
    ...{ cycles: complete.length, upTo, from: complete[0]?.from ?? '', to: newest?.to ?? '', judged, seen },
    ...measure(judged),
    cycleBiases: finished.map((sums) => measure(sums).biasCandidate),
    invalidRate: share(
      seen.candidateMissing + seen.candidateNonfinite + seen.candidateNegative,
      seen.keys - seen.conflicting,
    ),
    spikeRate: share(seen.spikes, seen.compared),
    churnCandidate: share(seen.candidateMoved, seen.candidateLevel),
    churnComparator: share(seen.comparatorMoved, seen.comparatorLevel),
  };
}

/** Accuracy of summed rows: relative WAPE (Infinity when only the comparator is perfect) and the two biases. */
export function measure(sums: ShadowSums): Pick<ShadowLook, 'relWape' | 'biasCandidate' | 'biasComparator'> {
  const { paired, actual, candidateError: error, comparatorError: base } = sums;
  const perfect = error === 0 ? 0 : Number.POSITIVE_INFINITY;
  return {
    relWape: paired === 0 ? null : base === 0 ? perfect : error / base - 1,
    biasCandidate: perUnit(sums.candidate - actual, actual),
    biasComparator: perUnit(sums.comparator - actual, actual),
  };
}

function share(part: number, whole: number): number | null {
  return whole <= 0 ? null : part / whole;
}

/** What one complete cycle is enough for. */
function unusable({ seen, invalidRate }: ShadowLook, t: ShadowPolicy): readonly Finding[] {
  const { candidateMissing, candidateNonfinite, candidateNegative } = seen;
  return [
    ...finding(exceeds(invalidRate, t.max_invalid_rate), 'CANDIDATE_INVALID_RATE', {
      got: `${percent(invalidRate, 3)} of the forecasts (${candidateMissing} missing, ${candidateNonfinite} not finite, ${candidateNegative} negative)`,
      allowed: `at most ${percent(t.max_invalid_rate, 3)}`,
    }),
    ...finding(seen.conflicting > 0, 'CONFLICTING_DUPLICATES', {
      got: `${seen.conflicting} of ${seen.keys} keys with different values`,
      allowed: '0 keys',
    }),
  ];
}

/** What takes several cycles to tell. */
function behaviour(look: ShadowLook, t: ShadowPolicy, context: ShadowContext): readonly Finding[] {
  return [
    ...finding(isBiased(look, t), 'SYSTEMATIC_BIAS', {
      got: `${signed(look.biasCandidate)} (comparator ${signed(look.biasComparator)}), to the same side in all ${look.cycles} cycles`,
      allowed: `at most ${percent(t.bias_overall_max)} to either side, or ${percent(t.bias_worse_by)} more than the comparator`,
    }),
    ...instability(look, t, context),
    ...finding(exceeds(look.spikeRate, t.spike_rate_max), 'SPIKES', {
      got: `${percent(look.spikeRate, 2)} of ${look.seen.compared} forecasts more than ${t.spike_ratio} times the other version's, or less than its ${t.spike_ratio}th`,
      allowed: `at most ${percent(t.spike_rate_max, 2)}`,
    }),
  ];
}

function isBiased({ cycleBiases, biasCandidate, biasComparator }: ShadowLook, t: ShadowPolicy): boolean {
  if (biasCandidate === null) return false;
  const side = Math.sign(biasCandidate);
  const always = cycleBiases.every((bias) => bias !== null && exceeds(bias * side, t.bias_cycle_min));
  return always && exceeds(Math.abs(biasCandidate), biasLimit({ biasComparator }, t));
}

/**
 * How far the candidate may be off to either side: what is fine in any case, or a little more than production. What both
 * have in common, such as sales cut by empty shelves, is not the candidate's.
 */
export function biasLimit({ biasComparator }: Pick<ShadowLook, 'biasComparator'>, t: ShadowPolicy): number {
  return Math.max(t.bias_overall_max, Math.abs(biasComparator ?? 0) + t.bias_worse_by);
}

/**
 * How much the candidate's forecasts may move from origin to origin, as a share of their level. Much more than
 * production's cannot be planned with. The safe forecast does not learn from day to day, so that a ratio to it says
 * nothing: beside it, a move by half the comparator's error is too much.
 */
export function churnLimit(
  { churnComparator, judged }: ShadowLook,
  t: ShadowPolicy,
  safeForecast: boolean,
): number | null {
  if (churnComparator === null) return null;
  if (!safeForecast && churnComparator > 0) return churnComparator * t.churn_ratio_max;
  return (perUnit(judged.comparatorError, judged.actual) ?? 0) / 2;
}

function instability(look: ShadowLook, t: ShadowPolicy, { safeForecast }: ShadowContext): readonly Finding[] {
  const limit = churnLimit(look, t, safeForecast);
  if (limit === null || look.seen.revisions < t.churn_min_pairs) return [];
  return finding(exceeds(look.churnCandidate, limit), 'UNSTABLE_REVISIONS', {
    got: `forecasts move by ${percent(look.churnCandidate)} of their level from origin to origin (comparator ${percent(look.churnComparator)})`,
    allowed: `at most ${percent(limit)}`,
  });
}

/** What a pass still needs. */
function missing(look: ShadowLook, t: ShadowPolicy): readonly Finding[] {
  const { paired, newSeries } = look.judged;
  const thin = paired < t.min_rows || newSeries < t.min_series;
  const notShown = look.relWape === null || exceeds(look.relWape, t.margin);
  return [
    ...(look.cycles < t.min_cycles ? [tooFew(look.cycles, t)] : []),
    ...finding(thin || notShown, 'NOT_YET_NON_INFERIOR', {
      got: `${change(look.relWape)} on ${paired} rows of ${newSeries} series`,
      allowed: `at most ${signed(t.margin)} error on at least ${t.min_rows} rows of ${t.min_series} series`,
    }),
  ];
}

function tooFew(cycles: number, t: ShadowPolicy): Finding {
  return {
    code: 'INSUFFICIENT_CYCLES',
    got: `${cycles} complete cycles of ${t.cycle_days} days`,
    allowed: `at least ${t.min_cycles}`,
  };
}

function horizon(look: ShadowLook | null, what: string): Finding {
  return {
    code: 'NOT_NON_INFERIOR_AT_HORIZON',
    got: look === null ? what : `${what}: ${change(look.relWape)} in ${look.cycles} complete cycles`,
    allowed: 'proof within the bound',
  };
}
