import { describe, expect, it } from 'vitest';
import { EXPLANATIONS, explainFinding } from '../../../functions/evidence/explain-finding.ts';
import { judgeOffline } from '../../../functions/evidence/offline/offline.ts';
import type { OfflineConfig } from '../../../functions/evidence/offline/offline-config.ts';
import type { OfflineSums, QuantileSums } from '../../../functions/evidence/offline/offline-sums.ts';
import { type Backtest, goodSums, thresholds } from '../../fakes/backtest.ts';

const judged = (backtest: Backtest = {}, config: Partial<OfflineConfig> = {}) =>
  judgeOffline(goodSums(backtest), thresholds(config)).result;
const reasons = (backtest: Backtest, config: Partial<OfflineConfig> = {}) => judged(backtest, config).reasons;

describe('the offline decision', () => {
  it('passes a candidate that is better everywhere', () => {
    const result = judged({ folds: { '2026-01-05': {} }, segments: { 'region:north': {} } });
    expect(result).toMatchObject({ decision: 'PASS', reasons: [], pending: [], warnings: [] });
    expect(result.overall).toMatchObject({
      ...{ rel_wape: -0.1, se: 0, df: 3, p_harm: 1, p_noninf: 0, ucb: -0.1, verdict: 'NON_INFERIOR' },
      ...{ n_rows: 1000, n_series: 50, n_folds: 4, sufficient: true },
    });
    expect(result.segments['region:north']).toMatchObject({ verdict: 'NON_INFERIOR', p_harm_holm: 1 });
    expect(result.folds?.['2026-01-05']).toMatchObject({ verdict: 'NON_INFERIOR', n_folds: 1, df: 49 });
  });

  it.each([
    ['LEAKAGE_TARGET_NOT_AFTER_ORIGIN', { target_not_after_origin: 1 }],
    ['LEAKAGE_HORIZON_MISMATCH', { horizon_mismatch: 1 }],
    ['LEAKAGE_TRAINED_PAST_ORIGIN', { trained_past_origin: 1 }],
    ['LEAKAGE_TRAINED_PAST_ORIGIN', { features_past_origin: 1 }],
    ['CANDIDATE_INVALID_RATE', { candidate_missing: 1, candidate_nonfinite: 1 }],
    ['CANDIDATE_INVALID_RATE', { candidate_negative: 2 }],
    ['CONFLICTING_DUPLICATES', { conflicting_keys: 1 }],
  ])('fails with %s alone on a single sign of it', (code, counts) => {
    expect(judged({ counts })).toMatchObject({ decision: 'FAIL', reasons: [code] });
  });

  it('fails a backtest that is none over time', () => {
    expect(reasons({ folds_with_many_origins: 1 })).toEqual(['LEAKAGE_FOLDS_WITH_MANY_ORIGINS']);
    expect(reasons({ origins: ['2026-01-05', '2026-01-06'] })).toEqual(['LEAKAGE_TOO_FEW_ORIGINS']);
    expect(reasons({ origins: ['2026-01-05', '2026-01-06', '2026-01-18'] })).toEqual(['LEAKAGE_ORIGIN_SPAN_TOO_SHORT']);
    expect(reasons({ origins: ['2026-01-05', '2026-01-06', '2026-01-19'] })).toEqual([]);
    expect(reasons({ rows: { exact_rows: 50, exact_matches: 11 } })).toEqual(['LEAKAGE_EXACT_MATCHES']);
    expect(reasons({ rows: { exact_rows: 50, exact_matches: 10 } })).toEqual([]);
    expect(reasons({ rows: { exact_rows: 49, exact_matches: 49 } })).toEqual([]);
  });

  it('warns of a missing training cutoff, and fails where one is demanded', () => {
    const backtest = { counts: { without_training_cutoff: 7 } };
    expect(judged(backtest)).toMatchObject({ decision: 'PASS', warnings: ['NO_TRAINING_CUTOFF'] });
    expect(judged(backtest, { require_training_cutoff: true })).toMatchObject({
      ...{ decision: 'FAIL', reasons: ['LEAKAGE_TRAINING_CUTOFF_MISSING'], warnings: [] },
    });
  });

  it('counts unreadable rows, and fails where none is allowed', () => {
    const backtest = { counts: { rows: 1001, keyed_rows: 1000 } };
    expect(judged(backtest)).toMatchObject({ decision: 'PASS', quality: { bad_date: 1 } });
    expect(reasons(backtest, { max_unreadable_rate: 0 })).toEqual(['BACKTEST_INVALID_ROWS']);
  });

  it('accepts exactly the allowed rate of invalid forecasts and of conflicts, and unusable baseline rows', () => {
    expect(reasons({ counts: { candidate_missing: 1, baseline_missing: 40 } })).toEqual([]);
    expect(reasons({ counts: { conflicting_keys: 10 } }, { max_conflict_rate: 0.01 })).toEqual([]);
  });

  it('compares recorded rows where there are any, and accepts exactly the allowed share of differing ones', () => {
    const recorded = { actuals_compared: 1000, actuals_differing: 1, baseline_compared: 1000, baseline_differing: 1 };
    expect(judged({ recorded })).toMatchObject({
      decision: 'PASS',
      recorded: { actuals: { compared: 1000, differing: 1 } },
    });
    expect(reasons({ recorded: { ...recorded, actuals_differing: 2 } })).toEqual(['ACTUALS_MISMATCH']);
    expect(reasons({ recorded: { ...recorded, baseline_differing: 2 } })).toEqual(['BASELINE_MISMATCH']);
    expect(judged()).not.toHaveProperty('recorded');
  });
});

describe('the overall comparison', () => {
  it.each([
    ['worse beyond the margin, and shown', { candidateError: 1010.001 }, ['OVERALL_REGRESSED']],
    ['worse by exactly the margin', { candidateError: 1010 }, []],
    ['worse within the margin, and shown to be', { candidateError: 1009 }, ['BELOW_MIN_IMPROVEMENT']],
    ['equal', { candidateError: 1000 }, []],
  ])('judges a candidate that is %s', (_, overall, codes) => {
    expect(reasons({ overall })).toEqual(codes);
  });

  it('is inconclusive where neither harm nor its absence is shown', () => {
    const overall = { candidateError: 1000, spread: 0.9 };
    expect(judged({ overall })).toMatchObject({
      ...{ decision: 'INCONCLUSIVE', reasons: [], pending: ['OVERALL_INCONCLUSIVE'] },
      overall: { verdict: 'INCONCLUSIVE' },
    });
  });

  it('demands the improvement that is configured, to the digit', () => {
    const better = (candidateError: number) => reasons({ overall: { candidateError } }, { min_improvement: 0.01 });
    expect([better(990), better(990.001)]).toEqual([[], ['BELOW_MIN_IMPROVEMENT']]);
  });

  it.each([
    ['rows', { rows: 499 }],
    ['series', { series: 29 }],
  ])('is inconclusive, never a pass, with too few %s, however good or bad they look', (_, few) => {
    expect(judged({ overall: few })).toMatchObject({
      ...{ decision: 'INCONCLUSIVE', reasons: [], pending: ['OVERALL_INSUFFICIENT'] },
    });
    expect(judged({ overall: { ...few, candidateError: 9000, candidate: 0 } }).decision).toBe('INCONCLUSIVE');
  });

  it('fails rather than being inconclusive when both apply', () => {
    expect(judged({ overall: { rows: 1 }, counts: { horizon_mismatch: 1 } })).toMatchObject({
      ...{ decision: 'FAIL', pending: ['OVERALL_INSUFFICIENT'] },
    });
  });

  it('has no test with a single origin, and says so', () => {
    const { overall, pending } = judged({ overall: { origins: 1 } });
    expect(overall).toMatchObject({
      se: null,
      df: 0,
      p_harm: null,
      p_noninf: null,
      ucb: null,
      verdict: 'INCONCLUSIVE',
    });
    expect(pending).toEqual(['OVERALL_INCONCLUSIVE']);
  });

  it('calls an error against a perfect baseline unbounded, and finds nothing shown by it', () => {
    expect(judged({ overall: { baselineError: 0 } })).toMatchObject({
      decision: 'INCONCLUSIVE',
      overall: { rel_wape: 'inf', se: null, verdict: 'INCONCLUSIVE' },
    });
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
    expect(reasons({ overall })).toEqual(codes);
  });

  it('demands value over the seasonal naive forecast once there are enough rows', () => {
    const equal = { naive_ec: '1100', naive_en: '1100' };
    expect(reasons({ rows: equal })).toEqual(['NO_VALUE_OVER_SEASONAL_NAIVE']);
    expect(reasons({ rows: { ...equal, naive_rows: 99 } })).toEqual([]);
    expect(reasons({ rows: { ...equal, naive_ec: '1099' } })).toEqual([]);
    expect(reasons({ rows: { naive_ec: '0', naive_en: '0' } })).toEqual([]);
  });
});

describe('segments', () => {
  it('veto from exactly the margin on, when the harm is shown', () => {
    const segments = { 'region:north': { candidateError: 1050 }, 'region:south': { candidateError: 1049 } };
    const result = judged({ segments });
    expect(result.reasons).toEqual(['SEGMENT_REGRESSED:region:north']);
    expect(result.segments).toMatchObject({
      'region:north': { verdict: 'REGRESSED', p_harm_holm: 0 },
      'region:south': { verdict: 'NON_INFERIOR' },
    });
  });

  it('are judged as a family: what one alone would show, many do not', () => {
    const harmed = { candidateError: 1060, spread: 0.15 };
    const alone = judged({ segments: { 'region:a': harmed } });
    const p = alone.segments['region:a']?.p_harm ?? 1;
    expect(alone.reasons).toEqual(['SEGMENT_REGRESSED:region:a']);
    const among = Math.ceil(0.05 / p);
    const others = Object.fromEntries(Array.from({ length: among }, (_, index) => [`region:x${index}`, {}]));
    const { reasons: found, segments } = judged({ segments: { 'region:a': harmed, ...others } });
    expect(found).toEqual([]);
    expect(segments['region:a']).toMatchObject({ p_harm: p, p_harm_holm: p * (among + 1), verdict: 'INCONCLUSIVE' });
    // Segments with too little data are no part of the family.
    const few = Object.fromEntries(Object.keys(others).map((name) => [name, { rows: 1 }]));
    expect(judged({ segments: { 'region:a': harmed, ...few } }).reasons).toEqual(['SEGMENT_REGRESSED:region:a']);
  });

  it('veto by their bias, which has wider limits than the whole', () => {
    const biased = (candidate: number) => reasons({ segments: { 'regime:lumpy': { candidate } } });
    expect([biased(7999), biased(8000)]).toEqual([['SEGMENT_BIAS:regime:lumpy'], []]);
  });

  it('with too little data are not judged, and leave the decision open when they are critical', () => {
    const segments = {
      'region:west': { rows: 499, candidateError: 5000, candidate: 0 },
      'region:east': { series: 29, candidateError: 5000 },
    };
    const result = judged({ segments });
    expect(result).toMatchObject({
      decision: 'PASS',
      segments: { 'region:west': { verdict: 'INSUFFICIENT' }, 'region:east': { verdict: 'INSUFFICIENT' } },
    });
    expect(result.segments['region:west']).not.toHaveProperty('p_harm_holm');
    const decision = judgeOffline(
      goodSums({ segments }),
      thresholds({ critical_segments: ['region:west', 'region:gone'] }),
    );
    expect(decision).toMatchObject({
      result: { decision: 'INCONCLUSIVE' },
      pending: [
        { code: 'CRITICAL_SEGMENT_INSUFFICIENT:region:gone', got: '0 rows' },
        { code: 'CRITICAL_SEGMENT_INSUFFICIENT:region:west', got: '499 rows, 50 series, 4 origins' },
      ],
    });
  });

  it('that prove nothing are listed, and leave the decision open only when they are critical', () => {
    const segments = { 'region:west': { candidateError: 1000, spread: 0.9 } };
    expect(judged({ segments })).toMatchObject({
      decision: 'PASS',
      segments: { 'region:west': { verdict: 'INCONCLUSIVE' } },
    });
    expect(judged({ segments }, { critical_segments: ['region:west'] })).toMatchObject({
      decision: 'INCONCLUSIVE',
      pending: ['CRITICAL_SEGMENT_INSUFFICIENT:region:west'],
    });
  });
});

describe('folds', () => {
  it('veto by the worst origin, from exactly their margin on', () => {
    const folds = { '2026-01-05': {}, '2026-02-02': { candidateError: 1050 }, '2026-03-02': { candidateError: 1049 } };
    expect(reasons({ folds })).toEqual(['FOLD_REGRESSED:2026-02-02']);
    expect(reasons({ folds }, { margin_fold: 0.06 })).toEqual([]);
  });

  it('need proof, over all origins together, and data', () => {
    const harmed = { candidateError: 1060, spread: 0.3 };
    const { reasons: found, folds } = judged({ folds: { '2026-01-05': harmed, '2026-02-02': {}, '2026-03-02': {} } });
    expect(found).toEqual([]);
    expect(folds?.['2026-01-05']).toMatchObject({ verdict: 'INCONCLUSIVE' });
    const few = { candidateError: 5000, rows: 499 };
    const small = judged({ folds: { '2026-01-05': few, '2026-02-02': {} } });
    expect(small).toMatchObject({ decision: 'PASS', folds: { '2026-01-05': { verdict: 'INSUFFICIENT' } } });
  });

  it('do not appear where none has enough data', () => {
    expect(judged({ folds: { '2026-01-05': { rows: 499 }, '2026-02-02': { series: 29 } } })).not.toHaveProperty(
      'folds',
    );
  });
});

describe('quantiles', () => {
  /** With so many of 1000 actuals at or below the 90 % quantile, and this loss in units. */
  const sums = (le: number, loss: number): QuantileSums => ({
    ...{ n: 1000, y: '1000000000', crossing: 0 },
    levels: { q: { above: '0', below: String(Math.round(loss * 1e7)), le, lt: le } },
  });
  const found = (cand: QuantileSums, base?: QuantileSums, config: Partial<OfflineConfig> = {}) => {
    const level = [{ column: 'q', tau: 0.9 }];
    const all: OfflineSums = {
      ...goodSums(),
      shape: { ...goodSums().shape, quantiles: { cand: level, base: base === undefined ? [] : level } },
      quantiles: { cand, ...(base === undefined ? {} : { base }) },
    };
    return judgeOffline(all, thresholds(config)).reasons;
  };

  it('fail for coverage that is off to either side by more than is allowed', () => {
    expect([found(sums(850, 9)), found(sums(950, 9))]).toEqual([[], []]);
    expect(found(sums(849, 9))).toMatchObject([{ code: 'QUANTILE_COVERAGE', got: 'coverage off by 5.1 % at 0.9' }]);
    expect(found(sums(951, 9))).toMatchObject([{ code: 'QUANTILE_COVERAGE' }]);
  });

  it('fail for a loss beyond the baseline’s by more than is allowed, where both have the same levels', () => {
    expect(found(sums(900, 105), sums(900, 100))).toEqual([]);
    expect(found(sums(900, 106), sums(900, 100))).toMatchObject([{ code: 'QUANTILE_COVERAGE' }]);
    expect(found(sums(900, 106))).toEqual([]);
  });

  it('are not judged on too few rows', () => {
    expect(found(sums(0, 900), sums(900, 1), { min_quantile_rows: 1001 })).toEqual([]);
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
    const bad = { candidateError: 2000, candidate: 0 };
    const everything = goodSums({
      counts: {
        ...{ rows: 1009, candidate_missing: 9, conflicting_keys: 9, target_not_after_origin: 1, horizon_mismatch: 1 },
        ...{ trained_past_origin: 1, without_training_cutoff: 1 },
      },
      ...{ folds_with_many_origins: 1, origins: ['2026-01-05'], overall: bad },
      rows: { exact_matches: 500, naive_ec: '2000000000' },
      ...{ folds: { '2026-01-05': bad }, segments: { 'region:north': bad } },
      recorded: { actuals_compared: 9, actuals_differing: 9, baseline_compared: 9, baseline_differing: 9 },
      history: { bad_date: 1, conflicting_keys: 1, series_without_sales: 1, compared_rows: 1, differing_rows: 1 },
    });
    const config = thresholds({
      require_training_cutoff: true,
      max_unreadable_rate: 0,
      critical_segments: ['region:x'],
    });
    const { reasons: found, pending, notes } = judgeOffline(everything, config);
    expect(found).toHaveLength(18);
    expect(notes).toHaveLength(4);
    for (const reason of [...found, ...pending, ...notes].map(explainFinding)) {
      expect(reason.next, reason.code).toBeTypeOf('string');
      expect(reason.message).not.toContain('%');
    }
  });
});
