import { describe, expect, it } from 'vitest';
import { EXPLANATIONS, explainFinding } from '../../../functions/evidence/explain-finding.ts';
import { judgeOffline } from '../../../functions/evidence/offline/offline.ts';
import type { OfflineSums } from '../../../functions/evidence/offline/offline-sums.ts';
import { goodSums, groupSums, thresholds } from '../../fakes/backtest.ts';

const reasons = (sums: OfflineSums, t = thresholds()) => judgeOffline(sums, t).reasons.map(({ code }) => code);
const segment = (name: string, members = {}) => ({ segment: name, ...groupSums(members) });
const fold = (origin: string, members = {}) => ({ origin, ...groupSums(members) });

describe('the offline decision', () => {
  it('passes a candidate that is better everywhere', () => {
    const sums = goodSums({ folds: [fold('2026-01-05')], segments: [segment('region:north')] });
    const decision = judgeOffline(sums, thresholds());
    expect(decision).toMatchObject({ verdict: 'PASS', reasons: [], pending: [], warnings: [] });
    expect(decision.overall).toMatchObject({
      relWape: -0.09999999999999998,
      biasCandidate: 0,
      verdict: 'WITHIN_MARGIN',
    });
  });

  it.each([
    ['LEAKAGE_TARGET_NOT_AFTER_ORIGIN', { target_not_after_origin: 1 }],
    ['LEAKAGE_HORIZON_MISMATCH', { horizon_mismatch: 1 }],
    ['LEAKAGE_TRAINED_PAST_ORIGIN', { trained_past_origin: 1 }],
    ['LEAKAGE_TRAINED_PAST_ORIGIN', { features_past_origin: 1 }],
    ['LEAKAGE_TRAINING_CUTOFF_MISSING', { without_training_cutoff: 1 }],
    ['LEAKAGE_FOLDS_WITH_MANY_ORIGINS', { folds_with_many_origins: 1 }],
    ['LEAKAGE_TOO_FEW_ORIGINS', { n_origins: 2, span_days: 7 }],
    ['LEAKAGE_ORIGIN_SPAN_TOO_SHORT', { n_origins: 3, span_days: 13 }],
    ['LEAKAGE_EXACT_MATCHES', { exact_rows: 50, exact_matches: 11 }],
  ])('fails with %s alone on a single sign of it', (code, leakage) => {
    expect(judgeOffline(goodSums({ leakage }), thresholds())).toMatchObject({ verdict: 'FAIL', reasons: [{ code }] });
  });

  it.each([
    ['exactly the span', { n_origins: 3, span_days: 14 }],
    ['exactly the allowed share of exact forecasts', { exact_rows: 50, exact_matches: 10 }],
    ['exact forecasts on too few rows to mean anything', { exact_rows: 49, exact_matches: 49 }],
  ])('accepts %s', (_, leakage) => {
    expect(reasons(goodSums({ leakage }))).toEqual([]);
  });

  it('only warns about a missing training cutoff when the policy does not demand it', () => {
    const sums = goodSums({ leakage: { without_training_cutoff: 7 } });
    const decision = judgeOffline(sums, thresholds({ require_training_cutoff: false }));
    expect(decision).toMatchObject({ verdict: 'PASS', warnings: [{ code: 'NO_TRAINING_CUTOFF', got: '7 rows' }] });
  });

  it.each([
    ['BACKTEST_INVALID_ROWS', { bad_date: 1 }],
    ['CANDIDATE_INVALID_RATE', { candidate_missing: 1, candidate_nonfinite: 1 }],
    ['CANDIDATE_INVALID_RATE', { candidate_negative: 2 }],
    ['CONFLICTING_DUPLICATES', { conflicting_keys: 1 }],
  ])('fails with %s', (code, quality) => {
    expect(reasons(goodSums({ quality }))).toEqual([code]);
  });

  it('accepts exactly the allowed rate of invalid forecasts and of conflicts, and unusable baseline rows', () => {
    expect(reasons(goodSums({ quality: { candidate_missing: 1, baseline_missing: 40 } }))).toEqual([]);
    expect(reasons(goodSums({ quality: { conflicting_keys: 10 } }), thresholds({ max_conflict_rate: 0.01 }))).toEqual(
      [],
    );
  });

  it.each([
    [1010.001, ['OVERALL_REGRESSED']],
    [1010, ['BELOW_MIN_IMPROVEMENT']],
    [990.001, ['BELOW_MIN_IMPROVEMENT']],
    [990, []],
  ])('judges an error of %s against 1000 at the overall margins', (candidateError, codes) => {
    expect(reasons(goodSums({ overall: { candidateError } }))).toEqual(codes);
  });

  it('accepts an equal error when no improvement is demanded', () => {
    const sums = goodSums({ overall: { candidateError: 1000 } });
    expect(reasons(sums, thresholds({ min_improvement: 0 }))).toEqual([]);
  });

  it.each([
    ['too little', { candidate: 8999 }, ['BIAS']],
    ['too much', { candidate: 11_001 }, ['BIAS']],
    ['exactly the limit', { candidate: 9000 }, []],
    ['no worse than the baseline by the allowed difference', { candidate: 8000, baseline: 8200 }, []],
    ['worse than the baseline by more', { candidate: 7999, baseline: 8200 }, ['BIAS']],
    ['large where the baseline errs to the other side by as much', { candidate: 8000, baseline: 12_000 }, []],
    ['undefined without demand', { actual: 0, candidate: 50, baseline: 0 }, []],
  ])('judges a forecast that is %s', (_, overall, codes) => {
    expect(reasons(goodSums({ overall }))).toEqual(codes);
  });

  it('demands value over the seasonal naive forecast once there are enough rows', () => {
    const equal = { candidateError: 1100, naiveError: 1100 };
    expect(reasons(goodSums({ valueAdded: equal }))).toEqual(['NO_VALUE_OVER_SEASONAL_NAIVE']);
    expect(reasons(goodSums({ valueAdded: { ...equal, rows: 99 } }))).toEqual([]);
    expect(reasons(goodSums({ valueAdded: { ...equal, candidateError: 1099 } }))).toEqual([]);
    expect(reasons(goodSums({ valueAdded: { candidateError: 0, naiveError: 0 } }))).toEqual([]);
  });

  it('vetoes by the worst segment and the worst origin, from exactly the margin on', () => {
    const worse = { candidateError: 1050 };
    const sums = goodSums({
      folds: [fold('2026-01-05'), fold('2026-02-02', worse)],
      segments: [segment('region:north', worse), segment('region:south', { candidateError: 1049.9 })],
    });
    expect(judgeOffline(sums, thresholds())).toMatchObject({
      verdict: 'FAIL',
      reasons: [{ code: 'FOLD_REGRESSED:2026-02-02' }, { code: 'SEGMENT_REGRESSED:region:north' }],
    });
  });

  it('vetoes by the bias of a segment, which has wider limits than the whole', () => {
    const biased = segment('regime:lumpy', { candidate: 7999 });
    expect(reasons(goodSums({ segments: [biased] }))).toEqual(['SEGMENT_BIAS:regime:lumpy']);
    expect(reasons(goodSums({ segments: [segment('regime:lumpy', { candidate: 8000 })] }))).toEqual([]);
  });

  it('does not judge a segment with too little data, and is inconclusive when it is a critical one', () => {
    const small = segment('region:west', { rows: 499, candidateError: 5000, candidate: 0 });
    const few = segment('region:east', { series: 29, candidateError: 5000 });
    const sums = goodSums({ segments: [small, few] });
    expect(judgeOffline(sums, thresholds())).toMatchObject({
      verdict: 'PASS',
      segments: [{ verdict: 'INSUFFICIENT' }, { verdict: 'INSUFFICIENT' }],
    });
    expect(judgeOffline(sums, thresholds({ critical_segments: ['region:west', 'region:gone'] }))).toMatchObject({
      verdict: 'INCONCLUSIVE',
      pending: [
        { code: 'CRITICAL_SEGMENT_INSUFFICIENT:region:gone', got: '0 rows' },
        { code: 'CRITICAL_SEGMENT_INSUFFICIENT:region:west', got: '499 rows, 50 series, 4 origins' },
      ],
    });
  });

  it.each([
    ['rows', { rows: 499 }],
    ['series', { series: 29 }],
    ['origins with usable rows', { origins: 2 }],
  ])('is inconclusive, never a pass, with too few %s, however good or bad they look', (_, few) => {
    expect(judgeOffline(goodSums({ overall: few }), thresholds())).toMatchObject({
      verdict: 'INCONCLUSIVE',
      reasons: [],
      pending: [{ code: 'OVERALL_INSUFFICIENT' }],
    });
    const bad = goodSums({ overall: { ...few, candidateError: 9000, candidate: 0 } });
    expect(judgeOffline(bad, thresholds()).verdict).toBe('INCONCLUSIVE');
  });

  it('fails rather than being inconclusive when both apply', () => {
    const sums = goodSums({ overall: { rows: 1, series: 1 }, leakage: { horizon_mismatch: 1 } });
    expect(judgeOffline(sums, thresholds())).toMatchObject({
      verdict: 'FAIL',
      pending: [{ code: 'OVERALL_INSUFFICIENT' }],
    });
  });

  it('leaves undefined what is undefined and calls an error against a perfect baseline unbounded', () => {
    const nothing = {
      rows: 0,
      series: 0,
      origins: 0,
      actual: 0,
      candidate: 0,
      baseline: 0,
      candidateError: 0,
      baselineError: 0,
    };
    const empty = judgeOffline(goodSums({ overall: nothing }), thresholds());
    expect(empty.overall).toMatchObject({ relWape: null, biasCandidate: null, verdict: 'INSUFFICIENT' });
    const perfect = judgeOffline(goodSums({ overall: { baselineError: 0 } }), thresholds());
    expect(perfect.overall.relWape).toBe(Number.POSITIVE_INFINITY);
    expect(perfect.reasons).toMatchObject([{ code: 'OVERALL_REGRESSED', got: 'error where the baseline has none' }]);
    const both = goodSums({ overall: { baselineError: 0, candidateError: 0 } });
    expect(judgeOffline(both, thresholds({ min_improvement: 0 }))).toMatchObject({
      verdict: 'PASS',
      overall: { relWape: 0 },
    });
  });

  it('warns about a history that is damaged, incomplete or at odds with the actuals', () => {
    const history = {
      bad_date: 1,
      conflicting_keys: 2,
      series_without_history: 3,
      compared_rows: 9,
      differing_rows: 4,
    };
    expect(judgeOffline(goodSums({ history }), thresholds())).toMatchObject({
      verdict: 'PASS',
      warnings: [
        { code: 'ACTUALS_DIFFER_FROM_HISTORY', got: '4 of 9 rows' },
        { code: 'HISTORY_CONFLICTS' },
        { code: 'HISTORY_INVALID_ROWS' },
        { code: 'SERIES_WITHOUT_HISTORY' },
      ],
    });
  });
});

describe('reasons for people', () => {
  it('say what was got, what is allowed and what to do, with the segment named', () => {
    expect(explainFinding({ code: 'SEGMENT_BIAS:region:north', got: 'a', allowed: 'b' })).toEqual({
      code: 'SEGMENT_BIAS:region:north',
      message: 'The candidate is biased in the segment region:north.',
      got: 'a',
      allowed: 'b',
      next: EXPLANATIONS['SEGMENT_BIAS']?.next,
    });
  });

  it('exist for every code that the decision can give', () => {
    const everything = goodSums({
      quality: { bad_date: 1, candidate_missing: 9, conflicting_keys: 9 },
      leakage: {
        ...{ target_not_after_origin: 1, horizon_mismatch: 1, trained_past_origin: 1, folds_with_many_origins: 1 },
        ...{ without_training_cutoff: 1, n_origins: 1, exact_matches: 500 },
      },
      overall: { candidateError: 2000, candidate: 0 },
      valueAdded: { candidateError: 2000 },
      folds: [fold('2026-01-05', { candidateError: 2000 })],
      segments: [segment('region:north', { candidateError: 2000, candidate: 0 })],
      history: { bad_date: 1, conflicting_keys: 1, series_without_history: 1, differing_rows: 1 },
    });
    const { reasons: found, warnings } = judgeOffline(everything, thresholds());
    expect(found).toHaveLength(16);
    for (const reason of [...found, ...warnings].map(explainFinding)) {
      expect(reason.next, reason.code).toBeTypeOf('string');
      expect(reason.message).not.toContain('%');
    }
  });
});
