import { describe, expect, it } from 'vitest';
import { offlineConfig, STRICT_OFFLINE } from '../../../functions/evidence/offline/offline-config.ts';

const refused = (config: unknown) =>
  offlineConfig.safeParse(config).error?.issues.map(({ path, code }) => `${path.join('.')} ${code}`) ?? [];

describe('settings of the offline gate', () => {
  it('have the defaults of the evidence contract, and a promotion demands more', () => {
    expect(offlineConfig.parse({})).toMatchObject({
      ...{ alpha: 0.05, season: 7, min_folds: 3, min_span_days: 14, min_rows: 500, min_series: 30 },
      ...{ segment_min_rows: 500, segment_min_series: 30, margin_overall: 0.01, min_improvement: 0 },
      ...{ margin_segment: 0.05, critical_segments: [], max_invalid_rate: 0.001, max_conflict_rate: 0 },
      ...{ bias_abs_max: 0.1, bias_worse_by: 0.02, segment_bias_abs_max: 0.2, segment_bias_worse_by: 0.05 },
      ...{ min_fva: 0, min_fva_rows: 100, coverage_error_max: 0.05, wql_rel_max: 0.05, min_quantile_rows: 500 },
      ...{ leak_exact_min_units: 5, leak_exact_min_rows: 50, leak_exact_max_share: 0.2 },
      horizon_buckets: [
        [1, 7],
        [8, 14],
        [15, 28],
        [29, 9999],
      ],
      ...{ require_training_cutoff: false, max_unreadable_rate: 1 },
    });
    expect(offlineConfig.parse(STRICT_OFFLINE)).toMatchObject({ min_improvement: 0.01, require_training_cutoff: true });
  });

  it.each([
    ['a misspelt key', { min_row: 5 }, [' unrecognized_keys']],
    ['a negative margin', { margin_overall: -0.01 }, ['margin_overall too_small']],
    ['a share above one', { max_invalid_rate: 1.5 }, ['max_invalid_rate too_big']],
    ['no level of significance', { alpha: 0 }, ['alpha too_small']],
    ['text for a number', { min_rows: '500' }, ['min_rows invalid_type']],
    ['half a row', { min_rows: 0.5 }, ['min_rows invalid_type']],
    ['no season', { season: 0 }, ['season too_small']],
    [
      'overlapping horizons',
      {
        horizon_buckets: [
          [8, 14],
          [1, 8],
        ],
      },
      ['horizon_buckets custom'],
    ],
    ['a horizon that ends before it begins', { horizon_buckets: [[8, 7]] }, ['horizon_buckets.0 custom']],
    ['a horizon of one day number', { horizon_buckets: [[8]] }, ['horizon_buckets.0 too_small']],
    ['a critical segment of no dimension', { critical_segments: ['CA'] }, ['critical_segments.0 invalid_format']],
    [
      'a critical regime that there is not',
      { critical_segments: ['regime:wild'] },
      ['critical_segments.0 invalid_format'],
    ],
    ['a critical horizon that is not configured', { critical_segments: ['horizon:1-6'] }, ['critical_segments custom']],
    ['several faults at once', { alpha: 2, margin_fold: -1 }, ['alpha too_big', 'margin_fold too_small']],
  ])('refuse %s', (_, config, faults) => {
    expect(refused(config)).toEqual(faults);
  });

  it('take segments by name, and horizons in any order', () => {
    const critical_segments = ['region:a: b', 'category:x', 'regime:lumpy', 'volume:A', 'horizon:1-2'];
    expect(
      refused({
        critical_segments,
        horizon_buckets: [
          [3, 9],
          [1, 2],
        ],
      }),
    ).toEqual([]);
  });
});
