import type { OfflinePolicy } from '../../registry/policy.ts';
import { byCode, change, type Finding, finding, percent, signed } from '../finding.ts';
import { type GroupSums, type OfflineSums, perUnit, relativeWape, valueAdded } from './offline-sums.ts';

/** Name and version of this judge, stored with each verdict. The version rises when the same sums may judge differently. */
export const OFFLINE_JUDGE = 'offline/1';

/** What the offline gate judges by: the policy's thresholds, and those that no policy changes. */
export interface OfflineThresholds extends OfflinePolicy {
  /** Above this share of exact forecasts, on rows of at least so many units, the candidate has seen the actuals. */
  readonly leak_exact_max_share: number;
  readonly leak_exact_min_units: number;
  readonly leak_exact_min_rows: number;
  /** Forecast value added over the seasonal naive forecast that must be exceeded, and the rows from which it counts. */
  readonly min_fva: number;
  readonly min_fva_rows: number;
}

export const FIXED_THRESHOLDS = {
  leak_exact_max_share: 0.2,
  leak_exact_min_units: 5,
  leak_exact_min_rows: 50,
  min_fva: 0,
  min_fva_rows: 100,
} as const;

export type SegmentVerdict = 'INSUFFICIENT' | 'REGRESSED' | 'WITHIN_MARGIN';

/** A group with its metrics; undefined metrics are null, a comparison with a perfect baseline is Infinity. */
export interface JudgedGroup {
  readonly name: string;
  readonly sums: GroupSums;
  readonly sufficient: boolean;
  readonly relWape: number | null;
  readonly biasCandidate: number | null;
  readonly biasBaseline: number | null;
  readonly verdict: SegmentVerdict;
}

export interface OfflineDecision {
  readonly verdict: 'PASS' | 'FAIL' | 'INCONCLUSIVE';
  /** Why it fails, sorted by code. */
  readonly reasons: readonly Finding[];
  /** What is not shown yet, sorted by code. */
  readonly pending: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly overall: JudgedGroup;
  readonly folds: readonly JudgedGroup[];
  readonly segments: readonly JudgedGroup[];
}

/** Far below any threshold and far above the rounding of a division: values this close are equal. */
const EQUAL = 1e-12;
const exceeds = (value: number | null, limit: number): boolean => value !== null && value - limit > EQUAL;
const reaches = (value: number | null, limit: number): boolean => value !== null && value - limit >= -EQUAL;

/** Judges a backtest by its sums. Any failure fails; too little data is inconclusive, never a pass. */
export function judgeOffline(sums: OfflineSums, t: OfflineThresholds): OfflineDecision {
  const groups = judgeGroups(sums, t);
  const reasons = [
    ...leakage(sums, t),
    ...quality(sums, t),
    ...(groups.overall.sufficient ? overallRules(groups.overall, t) : []),
    ...addedValue(sums, t),
    ...groups.folds.filter((fold) => fold.verdict === 'REGRESSED').map((fold) => foldRegressed(fold, t)),
    ...groups.segments.filter((segment) => segment.sufficient).flatMap((segment) => segmentRules(segment, t)),
  ];
  const pending = insufficient(groups, t);
  return {
    verdict: reasons.length > 0 ? 'FAIL' : pending.length > 0 ? 'INCONCLUSIVE' : 'PASS',
    reasons: byCode(reasons),
    pending: byCode(pending),
    warnings: byCode(warnings(sums, t)),
    ...groups,
  };
}

type Groups = Pick<OfflineDecision, 'overall' | 'folds' | 'segments'>;

function judgeGroups(sums: OfflineSums, t: OfflineThresholds): Groups {
  const whole: Rule = {
    ...{ rows: t.min_rows, series: t.min_series, origins: t.min_folds },
    regressed: (relWape) => exceeds(relWape, t.margin_overall),
  };
  const part: Rule = {
    ...{ rows: t.segment_min_rows, series: t.segment_min_series, origins: 1 },
    regressed: (relWape) => reaches(relWape, t.margin_segment),
  };
  return {
    overall: judgeGroup('overall', sums.overall, whole),
    folds: sums.folds.map((fold) => judgeGroup(fold.origin, fold, part)),
    segments: sums.segments.map((segment) => judgeGroup(segment.segment, segment, part)),
  };
}

/** The data that a group needs before it is judged, and when it is worse. */
interface Rule {
  readonly rows: number;
  readonly series: number;
  readonly origins: number;
  readonly regressed: (relWape: number | null) => boolean;
}

function judgeGroup(name: string, sums: GroupSums, rule: Rule): JudgedGroup {
  const sufficient = sums.rows >= rule.rows && sums.series >= rule.series && sums.origins >= rule.origins;
  const relWape = relativeWape(sums);
  return {
    name,
    sums,
    sufficient,
    relWape,
    biasCandidate: perUnit(sums.candidate - sums.actual, sums.actual),
    biasBaseline: perUnit(sums.baseline - sums.actual, sums.actual),
    verdict: !sufficient ? 'INSUFFICIENT' : rule.regressed(relWape) ? 'REGRESSED' : 'WITHIN_MARGIN',
  };
}

function leakage({ leakage: counts }: OfflineSums, t: OfflineThresholds): readonly Finding[] {
  const rows = (code: string, count: number) =>
    finding(count > 0, `LEAKAGE_${code}`, { got: `${count} rows`, allowed: '0 rows' });
  const exact = counts.exact_rows < t.leak_exact_min_rows ? null : counts.exact_matches / counts.exact_rows;
  return [
    ...rows('TARGET_NOT_AFTER_ORIGIN', counts.target_not_after_origin),
    ...rows('HORIZON_MISMATCH', counts.horizon_mismatch),
    ...rows('TRAINED_PAST_ORIGIN', counts.trained_past_origin + counts.features_past_origin),
    ...rows('TRAINING_CUTOFF_MISSING', t.require_training_cutoff ? counts.without_training_cutoff : 0),
    ...finding(counts.folds_with_many_origins > 0, 'LEAKAGE_FOLDS_WITH_MANY_ORIGINS', {
      got: `${counts.folds_with_many_origins} folds with several origins`,
      allowed: 'one origin per fold',
    }),
    ...finding(counts.n_origins < t.min_folds, 'LEAKAGE_TOO_FEW_ORIGINS', {
      got: `${counts.n_origins} origins`,
      allowed: `at least ${t.min_folds} origins`,
    }),
    // Fewer origins than that are told by the rule above; their span says nothing more.
    ...finding(counts.n_origins >= t.min_folds && counts.span_days < t.min_span_days, 'LEAKAGE_ORIGIN_SPAN_TOO_SHORT', {
      got: `${counts.span_days} days from first to last origin`,
      allowed: `at least ${t.min_span_days} days`,
    }),
    ...finding(exceeds(exact, t.leak_exact_max_share), 'LEAKAGE_EXACT_MATCHES', {
      got: `${percent(exact)} of ${counts.exact_rows} rows forecast exactly`,
      allowed: `at most ${percent(t.leak_exact_max_share)}`,
    }),
  ];
}

function quality({ quality: q }: OfflineSums, t: OfflineThresholds): readonly Finding[] {
  const settled = q.keys - q.conflicting_keys;
  const invalid = q.candidate_missing + q.candidate_nonfinite + q.candidate_negative;
  const invalidRate = settled === 0 ? null : invalid / settled;
  const conflictRate = q.keys === 0 ? null : q.conflicting_keys / q.keys;
  return [
    ...finding(q.bad_date > 0, 'BACKTEST_INVALID_ROWS', { got: `${q.bad_date} rows`, allowed: '0 rows' }),
    ...finding(exceeds(invalidRate, t.max_invalid_rate), 'CANDIDATE_INVALID_RATE', {
      got: `${percent(invalidRate, 3)} of the rows (${q.candidate_missing} missing, ${q.candidate_nonfinite} not finite, ${q.candidate_negative} negative)`,
      allowed: `at most ${percent(t.max_invalid_rate, 3)}`,
    }),
    ...finding(exceeds(conflictRate, t.max_conflict_rate), 'CONFLICTING_DUPLICATES', {
      got: `${q.conflicting_keys} of ${q.keys} keys with different values`,
      allowed: `at most ${percent(t.max_conflict_rate, 3)} of the keys`,
    }),
  ];
}

function overallRules(overall: JudgedGroup, t: OfflineThresholds): readonly Finding[] {
  const regressed = overall.verdict === 'REGRESSED';
  // Exactly min_improvement is enough, and with 0 the candidate must not be worse.
  const short = !regressed && exceeds(overall.relWape, -t.min_improvement);
  return [
    ...finding(regressed, 'OVERALL_REGRESSED', {
      got: change(overall.relWape),
      allowed: `at most ${signed(t.margin_overall)} error`,
    }),
    ...finding(short, 'BELOW_MIN_IMPROVEMENT', {
      got: change(overall.relWape),
      allowed: `at most ${signed(-t.min_improvement)} error`,
    }),
    ...bias('BIAS', overall, { absMax: t.bias_abs_max, worseBy: t.bias_worse_by }),
  ];
}

function segmentRules(segment: JudgedGroup, t: OfflineThresholds): readonly Finding[] {
  const regressed = segment.verdict === 'REGRESSED';
  const allowed = `less than ${signed(t.margin_segment)} error`;
  return [
    ...finding(regressed, `SEGMENT_REGRESSED:${segment.name}`, { got: change(segment.relWape), allowed }),
    ...bias(`SEGMENT_BIAS:${segment.name}`, segment, {
      absMax: t.segment_bias_abs_max,
      worseBy: t.segment_bias_worse_by,
    }),
  ];
}

function foldRegressed(fold: JudgedGroup, t: OfflineThresholds): Finding {
  const allowed = `less than ${signed(t.margin_segment)} error`;
  return { code: `FOLD_REGRESSED:${fold.name}`, got: change(fold.relWape), allowed };
}

function bias(
  code: string,
  group: JudgedGroup,
  limits: { readonly absMax: number; readonly worseBy: number },
): readonly Finding[] {
  if (group.biasCandidate === null || group.biasBaseline === null) return [];
  const size = Math.abs(group.biasCandidate);
  const hit = exceeds(size, limits.absMax) && exceeds(size, Math.abs(group.biasBaseline) + limits.worseBy);
  return finding(hit, code, {
    got: `${signed(group.biasCandidate)} (baseline ${signed(group.biasBaseline)})`,
    allowed: `at most ${percent(limits.absMax)} to either side, or ${percent(limits.worseBy)} more than the baseline`,
  });
}

function addedValue({ valueAdded: sums }: OfflineSums, t: OfflineThresholds): readonly Finding[] {
  if (sums.rows < t.min_fva_rows) return [];
  const gain = valueAdded(sums.candidateError, sums.naiveError);
  const hit = gain !== null && !exceeds(gain, t.min_fva);
  return finding(hit, 'NO_VALUE_OVER_SEASONAL_NAIVE', {
    got: `${signed(gain)} value added`,
    allowed: `more than ${percent(t.min_fva)}`,
  });
}

function insufficient(groups: Groups, t: OfflineThresholds): readonly Finding[] {
  const found = new Map(groups.segments.map((segment) => [segment.name, segment]));
  const missing = t.critical_segments.filter((name) => found.get(name)?.sufficient !== true);
  return [
    ...finding(!groups.overall.sufficient, 'OVERALL_INSUFFICIENT', {
      got: extent(groups.overall.sums),
      allowed: `at least ${t.min_rows} rows, ${t.min_series} series and ${t.min_folds} origins`,
    }),
    ...missing.map((name) => ({
      code: `CRITICAL_SEGMENT_INSUFFICIENT:${name}`,
      got: extent(found.get(name)?.sums),
      allowed: `at least ${t.segment_min_rows} rows and ${t.segment_min_series} series`,
    })),
  ];
}

function warnings({ history, leakage: counts }: OfflineSums, t: OfflineThresholds): readonly Finding[] {
  const some = (code: string, count: number, what: string) =>
    finding(count > 0, code, { got: `${count} ${what}`, allowed: `0 ${what}` });
  return [
    ...some('NO_TRAINING_CUTOFF', t.require_training_cutoff ? 0 : counts.without_training_cutoff, 'rows'),
    ...some('HISTORY_INVALID_ROWS', history.bad_date, 'rows'),
    ...some('HISTORY_CONFLICTS', history.conflicting_keys, 'days'),
    ...some('SERIES_WITHOUT_HISTORY', history.series_without_history, 'series'),
    ...finding(history.differing_rows > 0, 'ACTUALS_DIFFER_FROM_HISTORY', {
      got: `${history.differing_rows} of ${history.compared_rows} rows`,
      allowed: '0 rows',
    }),
  ];
}

function extent(sums: GroupSums | undefined): string {
  return sums === undefined ? '0 rows' : `${sums.rows} rows, ${sums.series} series, ${sums.origins} origins`;
}
