import { byCode, type Finding, finding, percent } from '../finding.ts';
import { holm } from '../statistics/holm.ts';
import { sampleRatio } from '../statistics/sample-ratio.ts';
import { CANARY_METRICS, type CanaryConfig, type CanaryMetric } from './canary-config.ts';
import {
  describeEffect,
  describeMargin,
  insufficient,
  type MeasuredMetric,
  measureMetric,
  metricResult,
} from './canary-metric.ts';
import { judgeOps, mergeByCode } from './canary-ops.ts';
import type { CanaryResult, CanaryState } from './canary-result.ts';
import type { CanarySums, OpsWindow } from './canary-sums.ts';

/** Name and version of this judge; the version rises when the same sums may judge differently. */
export const CANARY_JUDGE = 'canary/2';

export const FIRST_LOOK: CanaryState = { look: 0, pass_looks_used: 0, p_run: {}, failed: false };

export interface JudgedCanary {
  readonly result: CanaryResult;
  readonly reasons: readonly Finding[];
  readonly pending: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** What one look is judged by. */
export interface CanaryLookInput {
  readonly sums: CanarySums;
  readonly ops: readonly OpsWindow[];
  /** What the look before left behind. */
  readonly state: CanaryState;
  /** Further findings that the canary fails by. */
  readonly harm?: readonly Finding[];
  /** Further findings that the canary cannot pass with, such as a hold that is not over. */
  readonly pending?: readonly Finding[];
  /** The same closed days as at the look before: no look is spent, and nothing but operations and arms can decide. */
  readonly repeated?: boolean;
}

/**
 * One look at a canary. Harm fails at any look: by an always-valid p value per metric whose running minimum is adjusted
 * over the metrics (Holm 1979) while today's estimate is at its margin, by operations, by the sample ratio, or by a unit in
 * the wrong arm; once failed it stays failed. Proof passes at planned looks alone: every metric's upper bound below its
 * margin. Silence never passes, and after `max_days` without proof the control wins.
 */
export function judgeCanary(input: CanaryLookInput, config: CanaryConfig): JudgedCanary {
  const { sums, state } = input;
  const repeated = input.repeated ?? false;
  const days = sums.days.length;
  const due = !repeated && Math.floor(days / config.pass_every_days) > state.pass_looks_used;
  const look = repeated ? state.look : state.look + 1;
  const metrics = measureAll(sums, config, state);
  const adjusted = adjust(metrics);
  const { canary, control } = sums.clusters;
  const srm = { ...sampleRatio(canary, control, config.expected_canary_share), alpha_look: alphaOf(look, config) };
  const operations = judgeOps(input.ops, config);
  const atOnce = [...failedBefore(state), ...contamination(sums), ...operations.findings, ...(input.harm ?? [])];
  const byLook = [...mismatch(srm, config), ...metrics.flatMap((one) => regression(one, adjusted, config))];
  const harm = byCode(mergeByCode(repeated ? atOnce : [...atOnce, ...byLook]));
  const open = [...metrics.flatMap((one) => shortfall(one, config)), ...(input.pending ?? [])];
  const pending = byCode(mergeByCode([...open, ...(due ? [] : [notDue(days, state, config)])]));
  const { decision, reasons } = decide({ harm, pending, days: repeated ? 0 : days }, config);
  const result: CanaryResult = {
    ...{ gate: 'canary', decision, reasons: codes(reasons), pending: codes(pending), warnings: [], look, days },
    quality: { ...sums.quality },
    srm,
    metrics: Object.fromEntries(metrics.map((one) => [one.metric, metricResult(one, adjusted.get(one.metric))])),
    ops: operations.result,
    state: {
      look,
      pass_looks_used: state.pass_looks_used + (due ? 1 : 0),
      p_run: repeated ? { ...state.p_run } : { ...state.p_run, ...running(metrics) },
      failed: decision === 'FAIL',
    },
  };
  return { reasons, pending, warnings: [], result };
}

function measureAll(sums: CanarySums, config: CanaryConfig, { p_run }: CanaryState): readonly MeasuredMetric[] {
  const names = CANARY_METRICS.filter((metric) => config.metrics[metric] !== undefined);
  return names.map((metric) => measureMetric(metric, sums.metrics[metric], config, p_run[metric] ?? 1));
}

/** Sums to alpha over all looks. */
function alphaOf(look: number, { alpha_srm }: CanaryConfig): number {
  return look === 0 ? alpha_srm : alpha_srm / (look * (look + 1));
}

function notDue(days: number, state: CanaryState, { pass_every_days }: CanaryConfig): Finding {
  return {
    code: 'PASS_LOOK_NOT_DUE',
    got: `${days} closed days, ${state.pass_looks_used} planned looks used`,
    allowed: `every ${pass_every_days} closed days`,
  };
}

function decide(
  found: { readonly harm: readonly Finding[]; readonly pending: readonly Finding[]; readonly days: number },
  { max_days }: CanaryConfig,
): { readonly decision: CanaryResult['decision']; readonly reasons: readonly Finding[] } {
  const { harm, pending, days } = found;
  if (harm.length > 0) return { decision: 'FAIL', reasons: harm };
  if (pending.length === 0) return { decision: 'PASS', reasons: [] };
  if (days < max_days) return { decision: 'CONTINUE', reasons: [] };
  return { decision: 'FAIL', reasons: [notShown(`nothing shown in ${days} closed days`)] };
}

/** Production wins: nothing was shown in time. */
export function notShown(got: string): Finding {
  return { code: 'NOT_NON_INFERIOR_AT_HORIZON', got, allowed: 'proof within the bound' };
}

/** Running p values of what can be judged, adjusted as one family. */
function adjust(metrics: readonly MeasuredMetric[]): ReadonlyMap<CanaryMetric, number> {
  const judged = metrics.flatMap(({ metric, bounds }) => (bounds === null ? [] : [{ metric, p: bounds.pRunning }]));
  const adjusted = holm(judged.map(({ p }) => p));
  return new Map(judged.map(({ metric }, index) => [metric, adjusted[index] ?? 1]));
}

function running(metrics: readonly MeasuredMetric[]): CanaryState['p_run'] {
  return Object.fromEntries(
    metrics.flatMap(({ metric, bounds }) => (bounds === null ? [] : [[metric, bounds.pRunning]])),
  );
}

function failedBefore({ failed, look }: CanaryState): readonly Finding[] {
  return finding(failed, 'FAILED_AT_EARLIER_LOOK', { got: `failed by look ${look}`, allowed: 'no look that failed' });
}

function contamination({ quality }: CanarySums): readonly Finding[] {
  return finding(quality.arm_conflicts > 0, 'COHORT_CONTAMINATION', {
    got: `${quality.arm_conflicts} clusters in both arms or outside their frozen one`,
    allowed: '0 clusters',
  });
}

function mismatch(
  { canary, control, p, alpha_look: alpha }: CanaryResult['srm'],
  { expected_canary_share: share }: CanaryConfig,
): readonly Finding[] {
  return finding(p !== null && p <= alpha, 'SAMPLE_RATIO_MISMATCH', {
    got: `${canary} canary and ${control} control clusters with data (p ${p?.toExponential(1)})`,
    allowed: `${percent(share)} in the canary, or p above ${alpha.toExponential(1)}`,
  });
}

function regression(
  found: MeasuredMetric,
  adjusted: ReadonlyMap<CanaryMetric, number>,
  { alpha_kpi }: CanaryConfig,
): readonly Finding[] {
  const { metric, effect, margin } = found;
  const p = adjusted.get(metric);
  const harmed = p !== undefined && p <= alpha_kpi && effect !== null && margin !== null && effect.tau >= margin;
  return finding(harmed, `KPI_REGRESSED:${metric}`, {
    got: `${describeEffect(found)} (adjusted p ${p?.toExponential(1)})`,
    allowed: `${describeMargin(found)}, or p above ${alpha_kpi}`,
  });
}

function shortfall(found: MeasuredMetric, config: CanaryConfig): readonly Finding[] {
  const { metric, bounds } = found;
  if (bounds === null) return [insufficient(found, config)];
  return finding(!bounds.nonInferior, `NOT_YET_NON_INFERIOR:${metric}`, {
    got: describeEffect(found),
    allowed: describeMargin(found),
  });
}

function codes(findings: readonly Finding[]): string[] {
  return findings.map(({ code }) => code);
}
