import { oneWayRelative, pHarm, pNonInferior } from '../statistics/clustered-ratio.ts';
import { type DieboldMariano, dieboldMariano } from '../statistics/diebold-mariano.ts';
import { drift } from '../statistics/drift.ts';
import type { ShadowConfig } from './shadow-config.ts';
import { change, exceeds, over, share, written } from './shadow-ratio.ts';
import type { ShadowResult } from './shadow-result.ts';
import { addDays, type DaySums, type DayTotals, type ShadowSums } from './shadow-sums.ts';

/** What a look measured, before anything is decided. */
export type ShadowMeasures = Omit<ShadowResult, 'gate' | 'decision' | 'reasons' | 'pending' | 'warnings'>;

/**
 * Everything that a look measures, by its sums. Accuracy and bias are of complete cycles alone, since in others the known
 * actuals are a selection; revisions, spikes and drift need no actuals and are of all cycles.
 */
export function measureShadow(sums: ShadowSums, config: ShadowConfig): ShadowMeasures {
  const seen = addDays(sums.days);
  const complete = sums.cycles.filter((cycle) => cycle.complete);
  const groups = complete.map(({ cycle, from, to }) => ({
    cycle,
    days: sums.days.filter(({ day }) => day >= from && day <= to),
  }));
  const judged = groups.flatMap(({ days }) => days);
  const cycles = groups.map(({ cycle, days }) => ({ cycle, ...accuracyOf(addDays(days)) }));
  const overall = biasOf(addDays(judged));
  return {
    quality: qualityOf(seen, sums.unreadable),
    complete_cycles: complete.length,
    cycles,
    bias: {
      candidate: overall.bias_candidate,
      production: overall.bias_production,
      systematic: isSystematic(cycles, overall, config),
    },
    accuracy: testsOf(judged, { sums, longest: seen.longest }, config),
    instability: instabilityOf(seen),
    drift: driftOf(seen, sums, config),
  };
}

function qualityOf(seen: DayTotals, unreadable: number): ShadowResult['quality'] {
  const invalid = seen.candidateMissing + seen.candidateNonfinite + seen.candidateNegative;
  return {
    rows: unreadable + seen.keys + seen.conflicting + seen.repeated,
    bad_date: unreadable,
    duplicate_rows: seen.repeated,
    conflicting_keys: seen.conflicts,
    candidate_missing: seen.candidateMissing,
    candidate_nonfinite: seen.candidateNonfinite,
    candidate_negative: seen.candidateNegative,
    production_missing: seen.productionMissing,
    production_nonfinite: seen.productionNonfinite,
    production_negative: seen.productionNegative,
    missing_actual: seen.actualMissing,
    invalid_actual: seen.actualInvalid,
    candidate_invalid_rate: seen.keys === 0 ? null : invalid / seen.keys,
  };
}

type Errors = Pick<DayTotals, 'paired' | 'actual' | 'candidate' | 'production' | 'candidateError' | 'productionError'>;

function biasOf({ actual, candidate, production }: Pick<DayTotals, 'actual' | 'candidate' | 'production'>) {
  return {
    bias_candidate: share(candidate - actual, actual),
    bias_production: share(production - actual, actual),
  };
}

/** Of summed rows: relative WAPE is sum|c - y| / sum|p - y| - 1, so that the demand total cancels. */
export function accuracyOf(sums: Errors) {
  return {
    n: sums.paired,
    ...biasOf(sums),
    rel_wape: sums.paired === 0 ? null : change(sums.candidateError, sums.productionError),
  };
}

/** To one side in every complete cycle, and further than production: what both share is not the candidate's. */
function isSystematic(
  cycles: ShadowResult['cycles'],
  overall: ReturnType<typeof biasOf>,
  config: ShadowConfig,
): boolean {
  const { bias_candidate: bias } = overall;
  if (bias === null || cycles.length < config.min_cycles) return false;
  const side = Math.sign(bias);
  const always = cycles.every(({ bias_candidate: one }) => one !== null && exceeds(one * side, config.bias_cycle_min));
  return always && exceeds(Math.abs(bias), biasLimit(overall.bias_production, config));
}

/** How far the candidate may be off to either side: what is fine in any case, or a little more than production. */
export function biasLimit(
  production: number | null,
  config: Pick<ShadowConfig, 'bias_overall_max' | 'bias_worse_by'>,
): number {
  return Math.max(config.bias_overall_max, Math.abs(production ?? 0) + config.bias_worse_by);
}

/**
 * Both tests of "not worse by the margin": Diebold-Mariano over days, into which the dependence between series is summed,
 * and clusters of series, whose errors persist. The larger p value is that of the intersection (Berger 1982).
 */
function testsOf(
  judged: readonly DaySums[],
  of: { readonly sums: ShadowSums; readonly longest: number },
  config: ShadowConfig,
): ShadowResult['accuracy'] {
  const total = addDays(judged);
  const [a, b] = [total.candidateError, total.productionError];
  const { se, df, rel } = oneWayRelative({ a, b, clusters: of.sums.bySeries.series });
  const bySeries = pNonInferior(rel, config.margin, se, df);
  const dm = dailyTest(judged, Math.max(1, of.longest), config.margin);
  return {
    n: total.paired,
    alpha_look: alphaOf(config),
    wape_candidate: share(a, total.actual),
    wape_production: share(b, total.actual),
    rel_wape: accuracyOf(total).rel_wape,
    dm: { ...dm, mean: written(dm.mean) },
    series_se: se,
    p_series: bySeries,
    p_harm_series: pHarm(rel, se, df),
    p_noninf: dm.p_noninf === null || bySeries === null ? null : Math.max(dm.p_noninf, bySeries),
  };
}

/** Level of one decision: an equal part of the whole for each that may pass (Bonferroni). */
export function alphaOf({ alpha, min_cycles, max_cycles }: ShadowConfig): number {
  return alpha / (max_cycles - min_cycles + 1);
}

/** Of d_t = (sum|c - y| - sum|p - y|)_t / mean over t of sum|p - y|. */
function dailyTest(judged: readonly DaySums[], h: number, margin: number): DieboldMariano {
  const days = judged.filter(({ paired }) => paired > 0);
  const total = days.reduce((sum, { productionError }) => sum + productionError, 0n);
  const mean = Number(total) / days.length;
  const lost = days.map(({ candidateError, productionError }) => Number(candidateError - productionError));
  if (total > 0n || lost.every((one) => one === 0)) {
    return dieboldMariano(
      lost.map((one) => (one === 0 ? 0 : one / mean)),
      h,
      margin,
    );
  }
  return { n: days.length, h, mean: Number.POSITIVE_INFINITY, se: null, stat: null, p_noninf: null };
}

function instabilityOf(seen: DayTotals): ShadowResult['instability'] {
  const [candidate, production] = [
    churn(seen.candidateMoved, seen.candidateBoth),
    churn(seen.productionMoved, seen.productionBoth),
  ];
  return {
    pairs: seen.revisions,
    churn_candidate: candidate,
    churn_production: production,
    churn_ratio: over(candidate, production),
    spike_rate: seen.usable === 0 ? null : seen.spikes / seen.usable,
  };
}

/** Sum of |later - earlier| over the sum of their means. */
function churn(moved: bigint, both: bigint): number | null {
  return share(2n * moved, both);
}

function driftOf(seen: DayTotals, { bySeries }: ShadowSums, config: ShadowConfig): ShadowResult['drift'] {
  const { production, candidate, blocks } = bySeries;
  return {
    ...drift(production, candidate, { effective: { ref: blocks, cur: blocks }, alpha: config.psi_alpha }),
    level_shift: change(seen.candidateUnits, seen.productionUnits),
  };
}
