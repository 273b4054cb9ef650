import { describe, expect, it } from 'vitest';
import { BACKTEST_HEADER, backtestCsv, csvOf, historyCsv, row, sumsOf } from '../../fakes/backtest.ts';

const distinct = (count: number, members = {}) =>
  Array.from({ length: count }, (_, index) => row({ sku: `sku-${index}`, ...members }));

describe('sums of one row', () => {
  it('are exact and grouped by every segment that the row belongs to', async () => {
    const sums = await sumsOf(backtestCsv([row({ actual: 10, candidate: 9.1, baseline: 12.3 })]));
    const group = {
      rows: 1,
      series: 1,
      origins: 1,
      actual: 10,
      candidate: 9.1,
      baseline: 12.3,
      candidateError: 0.9,
      baselineError: 2.3,
    };
    expect(sums.overall).toEqual(group);
    expect(sums.folds).toEqual([{ origin: '2026-01-05', ...group }]);
    expect(sums.segments.map(({ segment }) => segment)).toEqual([
      'category:fresh',
      'horizon:1-7',
      'regime:intermittent',
      'region:north',
      'volume:A',
    ]);
    expect(sums.segments[0]).toEqual({ segment: 'category:fresh', ...group });
  });
});

describe('cells of a backtest', () => {
  it('are missing, not finite, negative or fine, and never turned from one into another', async () => {
    const missing = ['', 'null', 'NULL', 'None', 'none', 'NA', 'N/A', ' '];
    const nonfinite = ['NaN', 'Infinity', '-inf', 'twelve', '1_000', '0x10', '1e999', '2e12', '"1,5"'];
    const negative = ['-0.5', '-1e-9'];
    const fine = ['0', '-0', '+1', '1.', '.5', '1e3', ' 2 '];
    const cells = [...missing, ...nonfinite, ...negative, ...fine];
    const sums = await sumsOf(backtestCsv(cells.map((candidate, index) => row({ sku: `sku-${index}`, candidate }))));
    expect(sums.quality).toMatchObject({
      candidate_missing: missing.length,
      candidate_nonfinite: nonfinite.length,
      candidate_negative: negative.length,
      paired_rows: fine.length,
    });
    expect(sums.overall).toMatchObject({ rows: fine.length, candidate: 1004.5 });
  });

  it('without a usable actual wait or are left out, and count', async () => {
    const actuals = ['', '-1', 'NaN', '0'];
    const sums = await sumsOf(backtestCsv(actuals.map((actual, index) => row({ sku: `sku-${index}`, actual }))));
    expect(sums.quality).toMatchObject({ missing_actual: 1, invalid_actual: 2, paired_rows: 1 });
  });

  it('of the baseline leave a row out of the comparison', async () => {
    const sums = await sumsOf(
      backtestCsv([row({ baseline: 'NaN' }), row({ sku: 'b', baseline: '' }), row({ sku: 'c', baseline: -1 })]),
    );
    expect(sums.quality).toMatchObject({
      baseline_nonfinite: 1,
      baseline_missing: 1,
      baseline_negative: 1,
      paired_rows: 0,
    });
    expect(sums.overall).toMatchObject({ rows: 0, actual: 0 });
  });

  it('that should be a date or a key and are not make the row invalid', async () => {
    const faulty = [
      { origin_date: '2026-1-5' },
      { target_date: '2026-02-30' },
      { origin_date: '06/01/2026' },
      { sku: '' },
      { store: 'NA' },
    ];
    const sums = await sumsOf(backtestCsv([row(), ...faulty.map(row)]));
    expect(sums.quality).toMatchObject({ rows: 6, bad_date: 5, keys: 1, paired_rows: 1 });
  });
});

describe('duplicates', () => {
  it('that are equal once parsed collapse', async () => {
    const sums = await sumsOf(backtestCsv([row({ actual: 1 }), row({ actual: '1.0' }), row({ actual: ' 1e0' })]));
    expect(sums.quality).toMatchObject({ duplicate_rows: 2, conflicting_keys: 0, paired_rows: 1 });
  });

  it('that conflict are dropped whole, whichever comes first', async () => {
    const conflicting = [row({ candidate: 1 }), row({ candidate: 2 }), row({ candidate: 1 })];
    const sums = await sumsOf(backtestCsv([...conflicting, row({ sku: 'other' })]));
    expect(sums.quality).toMatchObject({ duplicate_rows: 1, conflicting_keys: 1, keys: 2, paired_rows: 1 });
    expect(await sumsOf(backtestCsv([row({ sku: 'other' }), ...conflicting.toReversed()]))).toEqual(sums);
  });

  it('with a usable and an unusable value conflict too', async () => {
    const sums = await sumsOf(backtestCsv([row({ candidate: 1 }), row({ candidate: '' })]));
    expect(sums.quality).toMatchObject({ conflicting_keys: 1, paired_rows: 0 });
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
    ];
    expect((await sumsOf(backtestCsv(rows))).leakage).toMatchObject({
      target_not_after_origin: 2,
      horizon_mismatch: 2,
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
      at('2026-01-12', '2026-01-13', 'a'),
      at('2026-01-19', '2026-01-20', 'b'),
    ];
    expect((await sumsOf(backtestCsv(rows))).leakage).toMatchObject({
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
    expect((await sumsOf(backtestCsv(rows))).leakage).toMatchObject({ exact_rows: 4, exact_matches: 3 });
  });

  it('are absent where the optional columns are, except for the cutoff that nothing proves', async () => {
    const header = BACKTEST_HEADER.split(',').slice(0, 9).join(',');
    const sums = await sumsOf(csvOf(header, [row()]));
    expect(sums.leakage).toMatchObject({
      trained_past_origin: 0,
      features_past_origin: 0,
      folds_with_many_origins: 0,
      without_training_cutoff: 1,
    });
    expect(sums.segments.map(({ segment }) => segment)).not.toContainEqual(expect.stringMatching(/^category:/));
  });
});

describe('history', () => {
  it('gives volume bands and regimes from before the first origin only', async () => {
    const days = (sku: string, from: number, units: number) =>
      Array.from({ length: 5 }, (_, index) => ({ sku, store: 'harbour', date: `2026-01-0${from + index}`, units }));
    const history = historyCsv([...days('milk', 1, 1), ...days('late', 6, 1000)]);
    const sums = await sumsOf(backtestCsv([row(), row({ sku: 'late' })]), history);
    const rowsOf = (name: string) => sums.segments.find(({ segment }) => segment === name)?.rows;
    expect([rowsOf('volume:A'), rowsOf('volume:N'), rowsOf('regime:smooth'), rowsOf('regime:none')]).toEqual([
      1, 1, 1, 1,
    ]);
    expect(sums.history).toMatchObject({ rows: 10, series_without_history: 1 });
  });

  it('counts a day without a record, after the first sale, as a day without demand', async () => {
    const history = historyCsv([
      { sku: 'milk', store: 'harbour', date: '2026-01-01', units: 0 },
      { sku: 'milk', store: 'harbour', date: '2026-01-02', units: 3 },
      { sku: 'milk', store: 'harbour', date: '2026-01-05', units: 3 },
    ]);
    const sums = await sumsOf(backtestCsv([row()]), history);
    expect(sums.segments.map(({ segment }) => segment)).toContain('regime:intermittent');
  });

  it('leaves out unreadable, negative and conflicting records and says so', async () => {
    const on = (date: string, units: string | number) => ({ sku: 'milk', store: 'harbour', date, units });
    const history = historyCsv([
      on('2026-01-01', 3),
      on('2026-01-01', '3.0'),
      on('2026-01-02', 1),
      on('2026-01-02', 2),
      on('2026-01-03', -4),
      on('soon', 1),
    ]);
    expect((await sumsOf(backtestCsv([row()]), history)).history).toMatchObject({
      rows: 6,
      bad_date: 1,
      conflicting_keys: 1,
      series_without_history: 0,
    });
  });

  it('is compared with the actuals of the same days', async () => {
    const on = (date: string, units: number) => ({ sku: 'milk', store: 'harbour', date, units });
    const rows = [row({ actual: 10 }), row({ target_date: '2026-01-07', horizon: 2, actual: 11 })];
    const history = historyCsv([on('2026-01-06', 10), on('2026-01-07', 12), on('2026-01-08', 1)]);
    expect((await sumsOf(backtestCsv(rows), history)).history).toMatchObject({ compared_rows: 2, differing_rows: 1 });
  });
});

describe('the seasonal naive forecast', () => {
  const on = (date: string, units: number) => ({ sku: 'milk', store: 'harbour', date, units });
  const target = (horizon: number, actual = 10) =>
    row({ horizon, actual, target_date: `2026-01-${String(5 + horizon).padStart(2, '0')}` });

  it('is the latest same weekday that was known at the origin', async () => {
    const history = historyCsv([on('2025-12-30', 4), on('2026-01-05', 7)]);
    // One day ahead looks back 7 days, seven days ahead to the origin itself, eight days ahead 14 days.
    const sums = await sumsOf(backtestCsv([target(1), target(7), target(8)]), history);
    expect(sums.valueAdded).toMatchObject({ rows: 3, naiveError: 6 + 3 + 6 });
  });

  it('is 0 on a day without a record after the first sale, and unknown before it', async () => {
    const history = historyCsv([on('2026-01-01', 4)]);
    const sums = await sumsOf(backtestCsv([target(1), target(4)]), history);
    expect(sums.valueAdded).toMatchObject({ rows: 1, naiveError: 10 });
  });

  it('uses actuals of earlier windows where the history ends, but never an unusable one', async () => {
    const later = (horizon: number) =>
      row({ origin_date: '2026-01-12', horizon, target_date: `2026-01-${12 + horizon}` });
    const rows = [target(1, 3), { ...target(2), actual: -1 }, later(1), later(2)];
    const sums = await sumsOf(backtestCsv(rows), historyCsv([on('2025-12-30', 4), on('2025-12-31', 5)]));
    expect(sums.valueAdded).toMatchObject({ rows: 2, naiveError: 1 + 7 });
  });
});
