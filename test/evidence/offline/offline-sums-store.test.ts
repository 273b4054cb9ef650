import { describe, expect, it } from 'vitest';
import {
  BACKTEST_HEADER,
  backtestCsv,
  csvOf,
  historyCsv,
  type Row,
  resultOf,
  row,
  sumsOf,
  thresholds,
} from '../../fakes/backtest.ts';

const distinct = (count: number, members = {}) =>
  Array.from({ length: count }, (_, index) => row({ sku: `sku-${index}`, ...members }));
const qualityOf = async (rows: readonly Row[]) => (await resultOf(backtestCsv(rows))).quality;

describe('sums of one row', () => {
  it('are exact and grouped by every segment that the row belongs to', async () => {
    const { groups, folds } = await sumsOf(backtestCsv([row({ actual: 10, candidate: 9.1, baseline: 12.3 })]));
    const units = { n: 1, y: '10000000', c: '9100000', b: '12300000', ec: '900000', eb: '2300000' };
    const cluster = { clusters: 1, aa: '810000000000', ab: '2070000000000', bb: '5290000000000' };
    const origins = { '2026-01-05': { n: 1, ec: '900000', eb: '2300000' } };
    expect(groups['overall']).toEqual({ ...units, bySeries: cluster, bySeriesAndOrigin: cluster, origins });
    expect(folds).toEqual({ '2026-01-05': { ...units, bySeries: cluster } });
    expect(Object.keys(groups).toSorted()).toEqual([
      ...['category:fresh', 'horizon:1-7', 'overall', 'regime:intermittent', 'region:north', 'volume:A'],
    ]);
    for (const sums of Object.values(groups)) expect(sums).toEqual(groups['overall']);
  });
});

describe('cells of a backtest', () => {
  it('are missing, not finite, negative or fine, and never turned from one into another', async () => {
    const missing = ['', 'null', 'NULL', 'None', 'none', 'NA', 'N/A', ' ', ' NA '];
    const nonfinite = ['NaN', 'Infinity', '-inf', 'twelve', '1_000', '0x10', '1e999', '2e12', '"1,5"', 'Na'];
    const negative = ['-0.5', '-1e-9'];
    const fine = ['0', '-0', '+1', '1.', '.5', '1e3', ' 2 '];
    const cells = [...missing, ...nonfinite, ...negative, ...fine];
    const rows = cells.map((candidate, index) => row({ sku: `sku-${index}`, candidate }));
    expect(await qualityOf(rows)).toMatchObject({
      candidate_missing: missing.length,
      candidate_nonfinite: nonfinite.length,
      candidate_negative: negative.length,
      paired_rows: fine.length,
    });
    expect((await sumsOf(backtestCsv(rows))).groups['overall']).toMatchObject({ n: fine.length, c: '1004500000' });
  });

  it('without a usable actual wait or are left out, and count', async () => {
    const rows = ['', '-1', 'NaN', '0'].map((actual, index) => row({ sku: `sku-${index}`, actual }));
    expect(await qualityOf(rows)).toMatchObject({ missing_actual: 1, invalid_actual: 2, paired_rows: 1 });
  });

  it('of the baseline leave a row out of the comparison', async () => {
    const rows = [row({ baseline: 'NaN' }), row({ sku: 'b', baseline: '' }), row({ sku: 'c', baseline: -1 })];
    const counts = { baseline_nonfinite: 1, baseline_missing: 1, baseline_negative: 1, paired_rows: 0 };
    const { quality, overall } = await resultOf(backtestCsv(rows));
    expect(quality).toMatchObject({ ...counts, exact_match_share: null });
    expect(overall).toMatchObject({ rel_wape: null, verdict: 'INSUFFICIENT', metrics: { n: 0, sum_y: 0 } });
    expect(overall.metrics.candidate).toMatchObject({ wape: null, bias: null, mae: null, rmse: null, mase: null });
  });

  it('that should be a date or a key and are not make the row unreadable', async () => {
    const faulty = [
      { origin_date: '2026-1-5' },
      { target_date: '2026-02-30' },
      { origin_date: '06/01/2026' },
      { target_date: '2026-01-06 12:00:00' },
      { sku: '' },
      { store: 'NA' },
    ];
    const rows = [row(), row({ sku: 'b', target_date: '2026-01-06 00:00:00' }), ...faulty.map(row)];
    expect(await qualityOf(rows)).toMatchObject({ rows: 8, bad_date: 6, paired_rows: 2 });
  });

  it('so large that their sums cannot be held exactly are refused with the reason', async () => {
    const rows = Array.from({ length: 40 }, (_, index) =>
      row({ sku: `sku-${index % 2}`, store: index, candidate: 1e12 }),
    );
    const sameSeries = Array.from({ length: 28 }, (_, index) => {
      const day = String(index + 1).padStart(2, '0');
      return row({ origin_date: '2026-01-31', target_date: `2026-02-${day}`, horizon: index + 1, candidate: 1e12 });
    });
    await expect(sumsOf(backtestCsv([...rows, ...sameSeries]))).rejects.toMatchObject({
      code: 'UNUSABLE_EVIDENCE',
      reasons: [{ code: 'BACKTEST_OUT_OF_RANGE' }],
    });
  });
});

describe('duplicates', () => {
  it('that are equal once parsed collapse', async () => {
    const rows = [row({ actual: 1 }), row({ actual: '1.0' }), row({ actual: ' 1e0', sku: ' milk ' })];
    expect(await qualityOf(rows)).toMatchObject({ rows: 3, duplicate_rows: 2, conflicting_keys: 0, paired_rows: 1 });
  });

  it('that conflict are dropped whole, whichever comes first', async () => {
    const conflicting = [row({ candidate: 1 }), row({ candidate: 2 }), row({ candidate: 1 })];
    const result = await resultOf(backtestCsv([...conflicting, row({ sku: 'other' })]));
    expect(result.quality).toMatchObject({ duplicate_rows: 1, conflicting_keys: 1, paired_rows: 1 });
    expect(result.reasons).toContain('CONFLICTING_DUPLICATES');
    expect(await resultOf(backtestCsv([row({ sku: 'other' }), ...conflicting.toReversed()]))).toEqual(result);
  });

  it.each([
    ['a usable and an unusable value', { candidate: '' }],
    ['other regions', { region: 'south' }],
    ['other categories', { category: 'dry' }],
    ['other training cutoffs', { trained_through: '2026-01-04' }],
    ['other horizons', { horizon: 2 }],
  ])('with %s conflict too', async (_, other) => {
    expect(await qualityOf([row({ candidate: 1 }), row({ candidate: 1, ...other })])).toMatchObject({
      conflicting_keys: 1,
      paired_rows: 0,
    });
  });

  it('are found at any horizon, and days of a long horizon are not taken for them', async () => {
    const day = (days: number) => new Date(Date.UTC(2026, 0, 5 + days)).toISOString().slice(0, 10);
    const far = Array.from({ length: 400 }, (_, index) => row({ target_date: day(index + 1), horizon: index + 1 }));
    expect(await qualityOf(far)).toMatchObject({ duplicate_rows: 0, conflicting_keys: 0, paired_rows: 400 });
    const back = row({ target_date: day(-3), horizon: -3 });
    const again = [...far, row({ target_date: day(300), horizon: 300 }), back, { ...back, candidate: 4 }];
    expect(await qualityOf(again)).toMatchObject({ duplicate_rows: 1, conflicting_keys: 1, paired_rows: 400 });
  });
});

describe('signs of leakage', () => {
  it('are counted row by row', async () => {
    const rows = [
      row({ sku: 'a', target_date: '2026-01-05', horizon: 0 }),
      row({ sku: 'b', target_date: '2026-01-04', horizon: -1 }),
      row({ sku: 'c', horizon: 2 }),
      row({ sku: 'd', horizon: '' }),
      row({ sku: 'e', horizon: '1.0' }),
      row({ sku: 'f', trained_through: '2026-01-06' }),
      row({ sku: 'g', features_asof: '2026-01-06' }),
      row({ sku: 'h', trained_through: '' }),
      row({ sku: 'i', trained_through: 'yesterday' }),
      row({ sku: 'j', features_asof: '2026-01-05' }),
      row({ sku: 'k', horizon: 1.5 }),
    ];
    expect((await sumsOf(backtestCsv(rows))).counts).toMatchObject({
      target_not_after_origin: 2,
      horizon_mismatch: 3,
      trained_past_origin: 1,
      features_past_origin: 1,
      without_training_cutoff: 2,
    });
  });

  it('include folds with several origins, few origins and a short span', async () => {
    const at = (origin_date: string, target_date: string, fold_id: string) =>
      row({ origin_date, target_date, fold_id });
    const rows = [
      at('2026-01-05', '2026-01-06', 'a'),
      at('2026-01-12', '2026-01-13', ' a'),
      at('2026-01-19', '2026-01-20', 'b'),
    ];
    expect((await resultOf(backtestCsv(rows))).leakage).toMatchObject({
      folds_with_many_origins: 1,
      n_origins: 3,
      span_days: 14,
    });
  });

  it('include forecasts that are exact where chance would not make them so', async () => {
    const rows = [
      ...distinct(3, { actual: 5, candidate: '5.0' }),
      row({ sku: 'near', actual: 5, candidate: 5.000001 }),
      row({ sku: 'small', actual: 4, candidate: 4 }),
    ];
    expect((await sumsOf(backtestCsv(rows))).rows).toMatchObject({ exact_rows: 4, exact_matches: 3 });
    expect((await resultOf(backtestCsv(rows))).quality.exact_match_share).toBe(0.75);
  });

  it('are absent where the optional columns are, except for the cutoff that nothing proves', async () => {
    const header = BACKTEST_HEADER.split(',').slice(0, 9).join(',');
    const result = await resultOf(csvOf(header, [row()]));
    expect(result.leakage).toMatchObject({
      trained_past_origin: 0,
      features_past_origin: 0,
      folds_with_many_origins: 0,
    });
    expect(result.warnings).toEqual(['NO_TRAINING_CUTOFF']);
    expect(Object.keys(result.segments)).not.toContainEqual(expect.stringMatching(/^category:/));
  });
});

const on = (date: string, units: string | number, members: Row = {}) => ({
  ...{ sku: 'milk', store: 'harbour', date, units },
  ...members,
});

describe('history', () => {
  it('gives volume bands and regimes from before the first origin only', async () => {
    const days = (sku: string, from: number, units: number) =>
      Array.from({ length: 5 }, (_, index) => on(`2026-01-0${from + index}`, units, { sku }));
    const history = historyCsv([...days('milk', 1, 1), ...days('late', 6, 1000)]);
    const { segments, series } = await resultOf(backtestCsv([row(), row({ sku: 'late' })]), { history });
    expect(Object.keys(segments)).toEqual(expect.arrayContaining(['volume:A', 'volume:N', 'regime:smooth']));
    expect(series).toEqual({
      'late|harbour': { regime: 'none', adi: null, cv2: null, volume: 'N' },
      'milk|harbour': { regime: 'smooth', adi: 1, cv2: 0, volume: 'A' },
    });
  });

  it('gives a series the volume band of its SKU, wherever that was sold', async () => {
    const { series } = await resultOf(backtestCsv([row({ store: 'new' })]), {
      history: historyCsv([on('2026-01-01', 3)]),
    });
    expect(series['milk|new']).toEqual({ regime: 'none', adi: null, cv2: null, volume: 'A' });
  });

  it('counts a day without a record, after the first sale, as a day without demand', async () => {
    const history = historyCsv([on('2026-01-01', 0), on('2026-01-02', 3), on('2026-01-05', 3)]);
    const { series } = await resultOf(backtestCsv([row()]), { history });
    expect(series['milk|harbour']).toMatchObject({ regime: 'intermittent', adi: 2 });
  });

  it('leaves out unreadable, negative and conflicting records and says so', async () => {
    const history = historyCsv([
      ...[on('2026-01-01', 3), on('2026-01-01', '3.0'), on('2026-01-02', 1), on('2026-01-02', 2)],
      ...[on('2026-01-03', -4), on('soon', 1)],
    ]);
    const sums = await sumsOf(backtestCsv([row()]), { history });
    expect(sums.history).toMatchObject({ rows: 6, bad_date: 1, conflicting_keys: 1, series_without_sales: 0 });
    expect(sums.series).toMatchObject([{ adi: 5, cv2: 0 }]);
  });

  it('is compared with the actuals of the same days', async () => {
    const rows = [row({ actual: 10 }), row({ target_date: '2026-01-07', horizon: 2, actual: 11 })];
    const history = historyCsv([on('2026-01-06', 10), on('2026-01-07', 12), on('2026-01-08', 1)]);
    const sums = await sumsOf(backtestCsv(rows), { history });
    expect(sums.history).toMatchObject({ compared_rows: 2, differing_rows: 1 });
  });
});

describe('scaled errors', () => {
  const dates = (count: number) =>
    Array.from({ length: count }, (_, index) => new Date(Date.UTC(2025, 11, 1 + index)).toISOString().slice(0, 10));
  /** MASE and RMSSE of an error of 1 by their definition, over units by day from the first sale on; NaN is unknown. */
  function scaled(units: readonly number[]) {
    const step = (lag: number, size: (difference: number) => number) => {
      const pairs = units.slice(lag).map((unit, index) => size(unit - (units[index] ?? Number.NaN)));
      const known = pairs.filter((value) => !Number.isNaN(value));
      return known.reduce((sum, value) => sum + value, 0) / known.length;
    };
    return { mase: 1 / step(7, Math.abs), rmsse: Math.sqrt(1 / step(1, (difference) => difference ** 2)) };
  }
  const measured = async (history: readonly Row[]) => {
    const rows = [
      row({ origin_date: '2025-12-20', target_date: '2025-12-21', actual: 10, candidate: 11, baseline: 9 }),
    ];
    const { candidate, baseline } = (await resultOf(backtestCsv(rows), { history: historyCsv(history) })).overall
      .metrics;
    expect(baseline).toEqual({ ...candidate, bias: -0.1, smape: expect.any(Number) });
    return candidate;
  };

  it('take their scale from dense history: a day without a record is 0, and days before the first sale do not count', async () => {
    const units = [3, 0, 0, 5, 1, 0, 2, 8, 0, 4, 0, 0, 6, 7, 1, 0, 9, 2];
    const records = dates(20).map((date, index) => on(date, [0, 0, ...units][index] ?? 0));
    const expected = scaled(units);
    const { mase, rmsse, wrmsse } = await measured(records.filter(({ units: sold }) => sold !== 0));
    expect([mase, rmsse, wrmsse]).toEqual([
      expect.closeTo(expected.mase, 12),
      expect.closeTo(expected.rmsse, 12),
      expect.closeTo(expected.rmsse, 9),
    ]);
    expect(await measured(records)).toMatchObject({ mase, rmsse, wrmsse });
  });

  it('leave pairs of days out of which one is unknown', async () => {
    const units = [3, 0, Number.NaN, 5, 1, 0, 2, 8, 0, Number.NaN, 0, 0, 6, 7, Number.NaN, 0, 9, 2, 1, 1];
    const expected = scaled(units);
    const { mase, rmsse } = await measured(dates(20).map((date, index) => on(date, units[index] ?? 0)));
    expect([mase, rmsse]).toEqual([expect.closeTo(expected.mase, 12), expect.closeTo(expected.rmsse, 12)]);
  });

  it('skip and count series that have no scale', async () => {
    const rows = [row(), row({ sku: 'steady' }), row({ sku: 'unsold' })];
    const steady = dates(20).map((date) => on(date, 2, { sku: 'steady' }));
    const moving = dates(36).map((date, index) => on(date, index));
    const { candidate } = (await resultOf(backtestCsv(rows), { history: historyCsv([...steady, ...moving]) })).overall
      .metrics;
    // In the 36 days up to the origin the moving series grows by one each day, and by seven each week.
    expect(candidate).toMatchObject({ mase_skipped_series: 1 });
    const { mase_series, rmsse_series } = (
      await sumsOf(backtestCsv(rows), { history: historyCsv([...steady, ...moving]) })
    ).scaled;
    expect([mase_series, rmsse_series]).toEqual([2, 2]);
  });

  it('are weighted by the units of the last 28 days', async () => {
    const rows = [row({ candidate: 11, actual: 10 }), row({ sku: 'old', candidate: 20, actual: 10 })];
    const days = Array.from({ length: 60 }, (_, index) =>
      new Date(Date.UTC(2025, 10, 7 + index)).toISOString().slice(0, 10),
    );
    const history = days.flatMap((date, index) => [
      on(date, index % 2),
      on(date, index < 20 ? 3 * (index % 2) : 0, { sku: 'old' }),
    ]);
    const { candidate } = (await resultOf(backtestCsv(rows), { history: historyCsv(history) })).overall.metrics;
    expect(candidate.wrmsse).toBeCloseTo(1, 9);
    expect(candidate.rmsse).toBeGreaterThan(2);
  });
});

describe('the seasonal naive forecast', () => {
  const target = (horizon: number, actual = 10) =>
    row({ horizon, actual, target_date: `2026-01-${String(5 + horizon).padStart(2, '0')}` });
  const naive = async (rows: readonly Row[], history: readonly Row[], config = {}) => {
    const { naive_rows, naive_en } = (await sumsOf(backtestCsv(rows), { history: historyCsv(history), config })).rows;
    return [naive_rows, Number(naive_en) / 1e6];
  };

  it('is the latest same weekday that was known at the origin', async () => {
    const history = [on('2025-12-30', 4), on('2026-01-05', 7)];
    // One day ahead looks back 7 days, seven days ahead to the origin itself, eight days ahead 14 days.
    expect(await naive([target(1), target(7), target(8)], history)).toEqual([3, 6 + 3 + 6]);
  });

  it('goes back by the season that is configured', async () => {
    expect(await naive([target(1), target(3)], [on('2026-01-04', 4), on('2026-01-05', 7)], { season: 1 })).toEqual([
      ...[2, 3 + 3],
    ]);
  });

  it('is 0 on a day without a record after the first sale, and unknown before it', async () => {
    expect(await naive([target(1), target(4)], [on('2026-01-01', 4)])).toEqual([1, 10]);
  });

  it('uses actuals of earlier windows where the history ends, but never an unusable one', async () => {
    const later = (horizon: number) =>
      row({ origin_date: '2026-01-12', horizon, target_date: `2026-01-${12 + horizon}` });
    const rows = [target(1, 3), { ...target(2), actual: -1 }, later(1), later(2)];
    expect(await naive(rows, [on('2025-12-30', 4), on('2025-12-31', 5)])).toEqual([2, 1 + 7]);
  });
});

describe('quantiles', () => {
  const header = `${BACKTEST_HEADER},cand_q90,cand_q10,base_q025,cand_q0,cand_q100,candq_50`;
  const rows = [
    row({ sku: 'a', actual: 10, cand_q10: 10, cand_q90: 12, base_q025: 3 }),
    row({ sku: 'b', actual: 10, cand_q10: 4, cand_q90: 2, base_q025: 'NaN' }),
    row({ sku: 'c', actual: 10, cand_q10: 4, cand_q90: '', base_q025: 3 }),
    row({ sku: 'd', actual: '', cand_q10: 4, cand_q90: 8, base_q025: 3 }),
    row({ sku: 'e', actual: 10, cand_q10: 4, cand_q90: -8, base_q025: 3 }),
  ];

  it('count on the rows on which all of a model are usable, with exact losses and coverage from both sides', async () => {
    const { quantiles } = (await resultOf(csvOf(header, rows))).overall;
    expect(quantiles.cand).toEqual({
      rows: 2,
      crossing: 1,
      levels: {
        '0.1': { pinball: expect.closeTo(0.3, 12), coverage_le: 0.5, coverage_lt: 0, coverage_error: 0 },
        '0.9': { pinball: expect.closeTo(3.7, 12), coverage_le: 0.5, coverage_lt: 0.5, coverage_error: 0.4 },
      },
      wql: expect.closeTo(0.4, 12),
    });
    expect(quantiles.base).toMatchObject({ rows: 3, levels: { '0.025': { coverage_le: 0 } } });
  });

  it('are judged once there are enough of them, and warned of where they cross', async () => {
    const config = { min_quantile_rows: 2 };
    const result = await resultOf(csvOf(header, rows), { config });
    expect(result.reasons).toContain('QUANTILE_COVERAGE');
    expect(result.warnings).toEqual(['QUANTILE_CROSSING']);
    expect((await resultOf(csvOf(header, rows))).reasons).not.toContain('QUANTILE_COVERAGE');
  });
});

describe('recorded data', () => {
  const rows = [
    row({ actual: 10, baseline: 8 }),
    row({ sku: 'b', actual: 10, baseline: 8 }),
    row({ sku: 'c', actual: '', baseline: 8 }),
  ];
  const actuals = (...found: (readonly [sku: string, units: string | number])[]) =>
    historyCsv(found.map(([sku, units]) => on('2026-01-06', units, { sku })));
  const baseline = (...found: (readonly [sku: string, units: string | number])[]) =>
    csvOf(
      'origin_date,sku,store,target_date,units',
      found.map(([sku, units]) => ({ ...row({ sku }), units })),
    );

  it('takes the place of what was submitted, and differing rows are counted', async () => {
    const beside = {
      recordedActuals: actuals(['milk', 12], ['b', '10.0'], ['c', 9]),
      recordedBaseline: baseline(['milk', 7]),
    };
    const sums = await sumsOf(backtestCsv(rows), beside);
    expect(sums.groups['overall']).toMatchObject({ n: 3, y: '31000000', b: '23000000' });
    // What was not known when the backtest was made cannot differ.
    expect(sums.recorded).toEqual({
      ...{ actuals_compared: 2, actuals_differing: 1, baseline_compared: 1, baseline_differing: 1 },
    });
    const { recorded, reasons } = await resultOf(backtestCsv(rows), beside);
    expect(recorded).toEqual({ actuals: { compared: 2, differing: 1 }, baseline: { compared: 1, differing: 1 } });
    expect(reasons).toEqual(expect.arrayContaining(['ACTUALS_MISMATCH', 'BASELINE_MISMATCH']));
  });

  it('may differ from a forecast by a thousandth of a unit or of itself', async () => {
    const logged = (units: number) => ({ recordedBaseline: baseline(['milk', units]) });
    const large = [row({ baseline: 5000 })];
    expect((await sumsOf(backtestCsv(rows), logged(8.008))).recorded.baseline_differing).toBe(0);
    expect((await sumsOf(backtestCsv(rows), logged(8.01))).recorded.baseline_differing).toBe(1);
    expect((await sumsOf(backtestCsv([row({ baseline: 0.0005 })]), logged(0.0014))).recorded.baseline_differing).toBe(
      0,
    );
    expect((await sumsOf(backtestCsv(large), logged(5005))).recorded.baseline_differing).toBe(0);
    expect((await sumsOf(backtestCsv(large), logged(5006))).recorded.baseline_differing).toBe(1);
  });

  it('that contradicts itself says nothing, and neither does what belongs to no row', async () => {
    const beside = { recordedActuals: actuals(['milk', 12], ['milk', 13], ['other', 1]) };
    const sums = await sumsOf(backtestCsv(rows), beside);
    expect(sums.recorded).toMatchObject({ actuals_compared: 0, actuals_differing: 0 });
    expect(sums.groups['overall']).toMatchObject({ n: 2, y: '20000000' });
    expect(await resultOf(backtestCsv(rows), beside)).not.toHaveProperty('recorded');
  });

  it('is refused with its faults when it cannot be read', async () => {
    await expect(sumsOf(backtestCsv(rows), { recordedActuals: 'sku\n1\n', history: 'a\n1\n' })).rejects.toMatchObject({
      reasons: [
        ...['sku', 'store', 'date', 'units'].map((column) => ({ code: `HISTORY_COLUMN_MISSING:${column}` })),
        ...['store', 'date', 'units'].map((column) => ({ code: `RECORDED_ACTUALS_COLUMN_MISSING:${column}` })),
      ],
    });
  });
});

describe('horizons', () => {
  it('form the configured segments, and days outside of them one of their own', async () => {
    const config = { horizon_buckets: [[2, 3] satisfies [number, number]] };
    const { segments } = await resultOf(
      backtestCsv([row(), row({ sku: 'b', target_date: '2026-01-07', horizon: 2 })]),
      { config },
    );
    expect(Object.keys(segments).filter((name) => name.startsWith('horizon'))).toEqual([
      'horizon:2-3',
      'horizon:other',
    ]);
    const none = await resultOf(backtestCsv([row()]), { config: { horizon_buckets: [] } });
    expect(none.segments).toHaveProperty('horizon:other');
    expect(thresholds().horizon_buckets).toHaveLength(4);
  });
});
