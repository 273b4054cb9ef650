import { byCode, change, type Finding, finding, percent, signed } from '../finding.ts';
import { pHarm } from '../statistics/clustered-ratio.ts';
import type { ShadowConfig } from './shadow-config.ts';
import { alphaOf, biasLimit, measureShadow, type ShadowMeasures } from './shadow-measure.ts';
import { comparable, exceeds } from './shadow-ratio.ts';
import type { ShadowResult } from './shadow-result.ts';
import type { ShadowSums } from './shadow-sums.ts';

/** Name and version of this judge; the version rises when the same sums may judge differently. */
export const SHADOW_JUDGE = 'shadow/2';

/** How a shadow is judged where the contract's rule would fail candidates for being better than what they replace. */
export interface ShadowContext {
  /**
   * What revisions from origin to origin are held against. `ratio`: production's. `error`: half of the comparator's WAPE,
   * beside one that hardly learns from day to day, so that a ratio to it says nothing. `ratio-or-error`: production's, or,
   * where it is never revised, half of its WAPE.
   */
  readonly revisions: 'ratio' | 'ratio-or-error' | 'error';
  /**
   * Whether forecasts that are distributed unlike production's fail. `alone`: always. `with-harm`: where they are shown to
   * be worse as well. On daily sales of slow movers a model that follows noise less moves both measures of drift as far as
   * one that is wrong: PSI was 2.3 to 3.4 and the distance 0.8 to 0.9 where exponential smoothing took the place of the
   * safe forecast, and 0.4 to 0.7 and 0.3 to 0.4 where only its constant was 0.1 instead of 0.3, with less error each time.
   */
  readonly drift: 'alone' | 'with-harm';
}

/** As the evidence contract has it. */
export const CONTRACT: ShadowContext = { revisions: 'ratio', drift: 'alone' };

export interface ShadowJudgement {
  readonly result: ShadowResult;
  readonly reasons: readonly Finding[];
  readonly pending: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** Judges a shadow by the sums of one look. Too little is never a pass, and at the last cycle production wins. */
export function judgeShadow(
  sums: ShadowSums,
  config: ShadowConfig,
  context: ShadowContext = CONTRACT,
): ShadowJudgement {
  const measures = measureShadow(sums, config);
  const pending = pendingOf(measures, sums.bySeries.series.groups, config);
  const last = pending.length > 0 && measures.complete_cycles >= config.max_cycles;
  const reasons = [
    ...unusable(measures, config),
    ...behaviour(measures, config, context),
    ...(last ? [horizon(measures, `nothing shown in ${measures.complete_cycles} complete cycles`)] : []),
  ];
  const decision = reasons.length > 0 ? 'FAIL' : pending.length > 0 ? 'CONTINUE' : 'PASS';
  return judgementOf(measures, { decision, reasons, pending, warnings: warningsOf(measures, config) });
}

/** What was decided, with the result in the shape of the contract. */
export function judgementOf(
  measures: ShadowMeasures,
  found: { readonly decision: ShadowResult['decision'] } & Omit<ShadowJudgement, 'result'>,
): ShadowJudgement {
  const [reasons, pending, warnings] = [byCode(found.reasons), byCode(found.pending), byCode(found.warnings)];
  const codes = (findings: readonly Finding[]) => findings.map(({ code }) => code);
  const listed = { reasons: codes(reasons), pending: codes(pending), warnings: codes(warnings) };
  return {
    ...{ result: { gate: 'shadow', decision: found.decision, ...listed, ...measures } },
    ...{ reasons, pending, warnings },
  };
}

/** What fails whatever the accuracy. */
function unusable({ quality }: ShadowMeasures, config: ShadowConfig): readonly Finding[] {
  const { candidate_missing, candidate_nonfinite, candidate_negative, candidate_invalid_rate: rate } = quality;
  return [
    ...finding(rate !== null && exceeds(rate, config.max_invalid_rate), 'CANDIDATE_INVALID_RATE', {
      got: `${percent(rate, 3)} of the forecasts (${candidate_missing} missing, ${candidate_nonfinite} not finite, ${candidate_negative} negative)`,
      allowed: `at most ${percent(config.max_invalid_rate, 3)}`,
    }),
    ...finding(quality.conflicting_keys > 0, 'CONFLICTING_DUPLICATES', {
      got: `${quality.conflicting_keys} keys with different values`,
      allowed: '0 keys',
    }),
  ];
}

function behaviour(measures: ShadowMeasures, config: ShadowConfig, context: ShadowContext): readonly Finding[] {
  const { bias, instability, drift } = measures;
  const { drift: drifts } = context;
  const spikes = instability.spike_rate;
  return [
    ...finding(bias.systematic, 'SYSTEMATIC_BIAS', {
      got: `${signed(bias.candidate)} (comparator ${signed(bias.production)}), to the same side in all ${measures.complete_cycles} complete cycles`,
      allowed: `at most ${percent(biasLimit(bias.production, config))} to either side`,
    }),
    ...revisions(measures, config, context),
    ...finding(spikes !== null && exceeds(spikes, config.spike_rate_max), 'SPIKES', {
      got: `${percent(spikes, 2)} of the forecasts more than ${config.spike_ratio} times the other version's, or less than its ${config.spike_ratio}th`,
      allowed: `at most ${percent(config.spike_rate_max, 2)}`,
    }),
    ...finding(isDrift(measures, config) && (drifts === 'alone' || isHarm(measures, config)), 'PREDICTION_DRIFT', {
      got: `${moved(drift)}, critical value ${drift.psi_critical?.toFixed(3)}`,
      allowed: `PSI below ${config.psi_fail} or its critical value, or a distance below ${config.w1_fail}`,
    }),
  ];
}

function isDrift({ drift: { psi, psi_critical, w1_norm } }: ShadowMeasures, config: ShadowConfig): boolean {
  if (psi === null || psi_critical === null || w1_norm === null) return false;
  return psi >= config.psi_fail && psi > psi_critical && w1_norm >= config.w1_fail;
}

/** Material, and shown by both tests: in one week all series may be off together. A decision like those that may pass. */
function isHarm({ complete_cycles: cycles, accuracy }: ShadowMeasures, config: ShadowConfig): boolean {
  const { rel_wape, dm, p_harm_series } = accuracy;
  if (cycles < config.min_cycles) return false;
  const [rel, byDay] = [comparable(rel_wape), comparable(dm.mean)];
  const tests = [p_harm_series, byDay === null ? null : pHarm(byDay, dm.se, dm.n - 1)];
  return rel !== null && rel > config.margin && tests.every((p) => p !== null && p <= alphaOf(config));
}

/** Churn as a share that the candidate may reach; null where there is nothing to hold it against. */
export function churnLimit(
  { instability, accuracy }: Pick<ShadowMeasures, 'instability' | 'accuracy'>,
  config: ShadowConfig,
  context: ShadowContext,
): number | null {
  const { churn_production: production } = instability;
  if (production === null) return null;
  const still = context.revisions === 'error' || (context.revisions === 'ratio-or-error' && production === 0);
  if (!still) return production * config.churn_ratio_max;
  return accuracy.wape_production === null ? null : accuracy.wape_production / 2;
}

function revisions(measures: ShadowMeasures, config: ShadowConfig, context: ShadowContext): readonly Finding[] {
  const { pairs, churn_candidate: candidate, churn_production: production } = measures.instability;
  const limit = churnLimit(measures, config, context);
  const unstable = candidate !== null && limit !== null && exceeds(candidate, limit);
  return finding(unstable && pairs >= config.churn_min_pairs, 'UNSTABLE_REVISIONS', {
    got: `forecasts move by ${percent(candidate)} of their level from origin to origin (comparator ${percent(production)})`,
    allowed: `at most ${percent(limit)}`,
  });
}

/** What a pass still needs. */
export function pendingOf(
  { complete_cycles: cycles, accuracy }: ShadowMeasures,
  series: number,
  config: ShadowConfig,
): readonly Finding[] {
  if (cycles < config.min_cycles) return [tooFew(cycles, config)];
  const thin = accuracy.n < config.min_rows || series < config.min_series;
  const shown = accuracy.p_noninf !== null && accuracy.p_noninf <= alphaOf(config);
  return finding(thin || !shown, 'NOT_YET_NON_INFERIOR', {
    got: `${change(accuracy.rel_wape)} on ${accuracy.n} rows of ${series} series, p ${probability(accuracy.p_noninf)} (by day ${byDay(accuracy.dm)}, by series ${probability(accuracy.p_series)})`,
    allowed: `less than ${signed(config.margin)} error, shown with p at most ${alphaOf(config).toFixed(4)} on at least ${config.min_rows} rows of ${config.min_series} series`,
  });
}

function tooFew(cycles: number, config: ShadowConfig): Finding {
  return {
    code: 'INSUFFICIENT_CYCLES',
    got: `${cycles} complete cycles of ${config.cycle_days} days`,
    allowed: `at least ${config.min_cycles}`,
  };
}

/** Production wins where nothing was shown in time. */
export function horizon({ accuracy, complete_cycles: cycles }: ShadowMeasures, what: string): Finding {
  return {
    code: 'NOT_NON_INFERIOR_AT_HORIZON',
    got: cycles === 0 ? what : `${what}: ${change(accuracy.rel_wape)} in ${cycles} complete cycles`,
    allowed: 'proof within the bound',
  };
}

/** What people should look at, whatever the verdict. */
export function warningsOf({ drift }: ShadowMeasures, config: ShadowConfig): readonly Finding[] {
  const { psi, w1_norm } = drift;
  const shift = comparable(drift.level_shift);
  const moving = psi !== null && w1_norm !== null && psi >= config.psi_warn && w1_norm >= config.w1_warn;
  return [
    ...finding(moving, 'PREDICTION_DRIFT', {
      got: moved(drift),
      allowed: `PSI below ${config.psi_warn} or a distance below ${config.w1_warn}`,
    }),
    ...finding(shift !== null && Math.abs(shift) >= config.level_shift_warn, 'LEVEL_SHIFT', {
      got: `${drift.level_shift === 'inf' ? 'units where production has none' : signed(drift.level_shift)} of all forecast units`,
      allowed: `less than ${percent(config.level_shift_warn)} to either side`,
    }),
  ];
}

function moved({ psi, w1_norm }: ShadowResult['drift']): string {
  return `PSI ${psi?.toFixed(3)} and a distance of ${w1_norm?.toFixed(3)} of the mean, in forecasts over the series' own level`;
}

function byDay({ n, h, p_noninf: p }: ShadowResult['accuracy']['dm']): string {
  return n > h ? probability(p) : `undefined: ${n} days for horizons of up to ${h}`;
}

function probability(p: number | null): string {
  return p === null ? 'undefined' : p < 0.0001 ? 'below 0.0001' : p.toFixed(4);
}
