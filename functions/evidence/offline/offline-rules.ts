import { change, type Finding, finding, percent, signed } from '../finding.ts';
import type { OfflineConfig } from './offline-config.ts';
import { exceeds, ratioOf } from './offline-groups.ts';
import type { OfflineMeasures } from './offline-measures.ts';
import type { OfflineSegment } from './offline-result.ts';
import type { OfflineSums } from './offline-sums.ts';

/** Signs that the backtest is none over time, or that the candidate saw the future. */
export function leakageRules({ leakage, quality }: OfflineMeasures, sums: OfflineSums, t: OfflineConfig) {
  const rows = (code: string, count: number) =>
    finding(count > 0, `LEAKAGE_${code}`, { got: `${count} rows`, allowed: '0 rows' });
  const { exact_rows } = sums.rows;
  const exact = exact_rows < t.leak_exact_min_rows ? null : quality.exact_match_share;
  const enough = leakage.n_origins >= t.min_folds;
  return [
    ...rows('TARGET_NOT_AFTER_ORIGIN', leakage.target_not_after_origin),
    ...rows('HORIZON_MISMATCH', leakage.horizon_mismatch),
    ...rows('TRAINED_PAST_ORIGIN', leakage.trained_past_origin + leakage.features_past_origin),
    ...rows('TRAINING_CUTOFF_MISSING', t.require_training_cutoff ? sums.counts.without_training_cutoff : 0),
    ...finding(leakage.folds_with_many_origins > 0, 'LEAKAGE_FOLDS_WITH_MANY_ORIGINS', {
      got: `${leakage.folds_with_many_origins} folds with several origins`,
      allowed: 'one origin per fold',
    }),
    ...finding(!enough, 'LEAKAGE_TOO_FEW_ORIGINS', {
      got: `${leakage.n_origins} origins`,
      allowed: `at least ${t.min_folds} origins`,
    }),
    // Fewer origins than that are told by the rule above; their span says nothing more.
    ...finding(enough && leakage.span_days < t.min_span_days, 'LEAKAGE_ORIGIN_SPAN_TOO_SHORT', {
      got: `${leakage.span_days} days from first to last origin`,
      allowed: `at least ${t.min_span_days} days`,
    }),
    ...finding(exceeds(exact, t.leak_exact_max_share), 'LEAKAGE_EXACT_MATCHES', {
      got: `${percent(exact)} of ${exact_rows} rows forecast exactly`,
      allowed: `at most ${percent(t.leak_exact_max_share)}`,
    }),
  ];
}

export function qualityRules({ quality: q, recorded }: OfflineMeasures, t: OfflineConfig): readonly Finding[] {
  const keys = q.rows - q.bad_date - q.duplicate_rows;
  const unreadable = share(q.bad_date, q.rows);
  const conflicts = share(q.conflicting_keys, keys);
  return [
    ...finding(exceeds(unreadable, t.max_unreadable_rate), 'BACKTEST_INVALID_ROWS', {
      got: `${q.bad_date} of ${q.rows} rows`,
      allowed: `at most ${percent(t.max_unreadable_rate, 3)} of the rows`,
    }),
    ...finding(exceeds(q.candidate_invalid_rate, t.max_invalid_rate), 'CANDIDATE_INVALID_RATE', {
      got: `${percent(q.candidate_invalid_rate, 3)} of the rows (${q.candidate_missing} missing, ${q.candidate_nonfinite} not finite, ${q.candidate_negative} negative)`,
      allowed: `at most ${percent(t.max_invalid_rate, 3)}`,
    }),
    ...finding(exceeds(conflicts, t.max_conflict_rate), 'CONFLICTING_DUPLICATES', {
      got: `${q.conflicting_keys} keys with different values`,
      allowed: `at most ${percent(t.max_conflict_rate, 3)} of the keys`,
    }),
    ...mismatch('ACTUALS_MISMATCH', recorded?.actuals, t.max_actuals_mismatch),
    ...mismatch('BASELINE_MISMATCH', recorded?.baseline, t.max_baseline_mismatch),
  ];
}

function mismatch(
  code: string,
  found: { readonly compared: number; readonly differing: number } | undefined,
  limit: number,
): readonly Finding[] {
  const rate = found === undefined ? null : share(found.differing, found.compared);
  return finding(exceeds(rate, limit), code, {
    got: `${found?.differing} of ${found?.compared} recorded rows differ`,
    allowed: `at most ${percent(limit)}`,
  });
}

export function overallRules({ overall }: OfflineMeasures, t: OfflineConfig): readonly Finding[] {
  const { candidate, baseline } = overall.metrics;
  // Exactly min_improvement is enough, and with 0 the candidate must not be worse.
  const short = overall.verdict === 'NON_INFERIOR' && exceeds(ratioOf(overall.rel_wape), -t.min_improvement);
  return [
    ...finding(overall.verdict === 'REGRESSED', 'OVERALL_REGRESSED', {
      got: tested(overall),
      allowed: `at most ${signed(t.margin_overall)} error`,
    }),
    ...finding(short, 'BELOW_MIN_IMPROVEMENT', {
      got: tested(overall),
      allowed: `at most ${signed(-t.min_improvement)} error`,
    }),
    ...(overall.sufficient
      ? bias('BIAS', [candidate.bias, baseline.bias], { absMax: t.bias_abs_max, worseBy: t.bias_worse_by })
      : []),
  ];
}

export function segmentRules({ segments }: OfflineMeasures, t: OfflineConfig): readonly Finding[] {
  const limits = { absMax: t.segment_bias_abs_max, worseBy: t.segment_bias_worse_by };
  return Object.entries(segments).flatMap(([name, segment]) => [
    ...finding(segment.verdict === 'REGRESSED', `SEGMENT_REGRESSED:${name}`, {
      got: tested(segment),
      allowed: `less than ${signed(t.margin_segment)} error`,
    }),
    ...(segment.sufficient
      ? bias(`SEGMENT_BIAS:${name}`, [segment.bias_candidate, segment.bias_baseline], limits)
      : []),
  ]);
}

/** An average over origins hides one at which the model broke. */
export function foldRules({ folds = {} }: OfflineMeasures, t: OfflineConfig): readonly Finding[] {
  return Object.entries(folds).flatMap(([origin, fold]) =>
    finding(fold.verdict === 'REGRESSED', `FOLD_REGRESSED:${origin}`, {
      got: tested(fold),
      allowed: `less than ${signed(t.margin_fold)} error`,
    }),
  );
}

function bias(
  code: string,
  [candidate, baseline]: readonly [number | null, number | null],
  limits: { readonly absMax: number; readonly worseBy: number },
): readonly Finding[] {
  if (candidate === null || baseline === null) return [];
  const size = Math.abs(candidate);
  const hit = exceeds(size, limits.absMax) && exceeds(size, Math.abs(baseline) + limits.worseBy);
  return finding(hit, code, {
    got: `${signed(candidate)} (baseline ${signed(baseline)})`,
    allowed: `at most ${percent(limits.absMax)} to either side, or ${percent(limits.worseBy)} more than the baseline`,
  });
}

export function addedValueRule({ overall }: OfflineMeasures, t: OfflineConfig): readonly Finding[] {
  const { rows, candidate } = overall.metrics.fva;
  const hit = rows >= t.min_fva_rows && candidate !== null && !exceeds(candidate, t.min_fva);
  return finding(hit, 'NO_VALUE_OVER_SEASONAL_NAIVE', {
    got: `${signed(candidate)} value added`,
    allowed: `more than ${percent(t.min_fva)}`,
  });
}

/** Quantiles fail for their coverage, or for a weighted loss that is beyond that of the baseline's at the same levels. */
export function quantileRule({ overall }: OfflineMeasures, t: OfflineConfig): readonly Finding[] {
  const { cand, base } = overall.quantiles;
  if (cand === undefined || cand.rows < t.min_quantile_rows) return [];
  const errors = Object.entries(cand.levels).map(([level, { coverage_error }]) => ({
    level,
    error: coverage_error ?? 0,
  }));
  const worst = errors.reduce((a, b) => (b.error > a.error ? b : a), { level: '', error: 0 });
  const same = base !== undefined && Object.keys(base.levels).join() === Object.keys(cand.levels).join();
  const worse = same && cand.wql !== null && base.wql !== null && exceeds(cand.wql, (1 + t.wql_rel_max) * base.wql);
  const uncovered = exceeds(worst.error, t.coverage_error_max);
  const loss = `a weighted loss of ${cand.wql?.toFixed(4)} (baseline ${base?.wql?.toFixed(4)})`;
  const off = `coverage off by ${percent(worst.error)} at ${worst.level}`;
  return finding(uncovered || worse, 'QUANTILE_COVERAGE', {
    got: [...(uncovered ? [off] : []), ...(worse ? [loss] : [])].join(', '),
    allowed: `coverage off by at most ${percent(t.coverage_error_max)}, a loss of at most ${signed(t.wql_rel_max)}`,
  });
}

/** What is not shown: overall, and in each segment that the policy calls critical. */
export function pendingRules({ overall, segments }: OfflineMeasures, t: OfflineConfig): readonly Finding[] {
  const proof = (margin: number) => `shown to be less than ${signed(margin)}, at a level of ${t.alpha}`;
  const open = (verdict: string | undefined) => verdict !== 'NON_INFERIOR' && verdict !== 'REGRESSED';
  return [
    ...finding(!overall.sufficient, 'OVERALL_INSUFFICIENT', {
      got: extent(overall),
      allowed: `at least ${t.min_rows} rows and ${t.min_series} series`,
    }),
    ...finding(overall.verdict === 'INCONCLUSIVE', 'OVERALL_INCONCLUSIVE', {
      got: tested(overall),
      allowed: proof(t.margin_overall),
    }),
    ...t.critical_segments
      .filter((name) => open(segments[name]?.verdict))
      .map((name) => criticalPending(name, segments[name], t, proof)),
  ];
}

function criticalPending(
  name: string,
  segment: OfflineSegment | undefined,
  t: OfflineConfig,
  proof: (margin: number) => string,
): Finding {
  const code = `CRITICAL_SEGMENT_INSUFFICIENT:${name}`;
  if (segment?.sufficient === true) return { code, got: tested(segment), allowed: proof(t.margin_segment) };
  const allowed = `at least ${t.segment_min_rows} rows and ${t.segment_min_series} series`;
  return { code, got: segment === undefined ? '0 rows' : extent(segment), allowed };
}

export function warningRules({ overall }: OfflineMeasures, sums: OfflineSums, t: OfflineConfig): readonly Finding[] {
  const unknown = t.require_training_cutoff ? 0 : sums.counts.without_training_cutoff;
  const crossing = overall.quantiles.cand?.crossing ?? 0;
  return [
    ...finding(unknown > 0, 'NO_TRAINING_CUTOFF', { got: `${unknown} rows`, allowed: '0 rows' }),
    ...finding(crossing > 0, 'QUANTILE_CROSSING', { got: `${crossing} rows`, allowed: '0 rows' }),
  ];
}

/** What is wrong with the history. Nothing of it bears on the decision by itself. */
export function historyNotes({ history }: OfflineSums): readonly Finding[] {
  const some = (code: string, count: number, what: string) =>
    finding(count > 0, code, { got: `${count} ${what}`, allowed: `0 ${what}` });
  return [
    ...some('HISTORY_INVALID_ROWS', history.bad_date, 'rows'),
    ...some('HISTORY_CONFLICTS', history.conflicting_keys, 'days'),
    ...some('SERIES_WITHOUT_HISTORY', history.series_without_sales, 'series'),
    ...finding(history.differing_rows > 0, 'ACTUALS_DIFFER_FROM_HISTORY', {
      got: `${history.differing_rows} of ${history.compared_rows} rows`,
      allowed: '0 rows',
    }),
  ];
}

function tested({ rel_wape, ucb }: Pick<OfflineSegment, 'rel_wape' | 'ucb'>): string {
  return `${change(rel_wape)}${ucb === null ? '' : `, at most ${signed(ucb)}`}`;
}

function extent({ n_rows, n_series, n_folds }: Pick<OfflineSegment, 'n_rows' | 'n_series' | 'n_folds'>): string {
  return `${n_rows} rows, ${n_series} series, ${n_folds} origins`;
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
