import type { OfflineConfig } from './offline-config.ts';
import { perUnit, testFolds, testOverall, testSegments } from './offline-groups.ts';
import type { OfflineResult } from './offline-result.ts';
import type { Model } from './offline-shape.ts';
import {
  type GroupSums,
  type OfflineSums,
  type QuantileSums,
  SCALED_UNIT,
  SMAPE_UNIT,
  WEIGHTED_UNIT,
} from './offline-sums.ts';

/** What a backtest says, before anything is decided. */
export type OfflineMeasures = Omit<OfflineResult, 'gate' | 'decision' | 'reasons' | 'pending' | 'warnings'>;

/** Units of the sums, in pieces. */
const MICRO = 1e-6;
export function measureOffline(sums: OfflineSums, config: OfflineConfig): OfflineMeasures {
  const folds = testFolds(sums, config);
  const recorded = recordedOf(sums);
  const { verdict, ...overall } = testOverall(sums, config);
  return {
    quality: qualityOf(sums),
    leakage: leakageOf(sums),
    overall: { ...overall, metrics: metricsOf(sums), quantiles: quantilesOf(sums), verdict },
    segments: testSegments(sums, config),
    series: Object.fromEntries(
      sums.series.map(({ sku, store, regime, adi, cv2, volume }) => [`${sku}|${store}`, { regime, adi, cv2, volume }]),
    ),
    ...(folds === null ? {} : { folds }),
    ...(recorded === null ? {} : { recorded }),
  };
}

function qualityOf({ counts, rows }: OfflineSums): OfflineResult['quality'] {
  const invalid = counts.candidate_missing + counts.candidate_nonfinite + counts.candidate_negative;
  return {
    rows: counts.rows,
    bad_date: counts.rows - counts.keyed_rows,
    duplicate_rows: counts.duplicate_rows,
    conflicting_keys: counts.conflicting_keys,
    missing_actual: counts.missing_actual,
    invalid_actual: counts.invalid_actual,
    candidate_missing: counts.candidate_missing,
    candidate_nonfinite: counts.candidate_nonfinite,
    candidate_negative: counts.candidate_negative,
    baseline_missing: counts.baseline_missing,
    baseline_nonfinite: counts.baseline_nonfinite,
    baseline_negative: counts.baseline_negative,
    paired_rows: rows.paired_rows,
    candidate_invalid_rate: over(invalid, counts.kept_rows),
    exact_match_share: over(rows.exact_matches, rows.exact_rows),
  };
}

function leakageOf(sums: OfflineSums): OfflineResult['leakage'] {
  const { counts, origins, folds_with_many_origins } = sums;
  const days = Object.keys(origins).toSorted();
  const [first, last] = [days.at(0), days.at(-1)];
  return {
    target_not_after_origin: counts.target_not_after_origin,
    horizon_mismatch: counts.horizon_mismatch,
    trained_past_origin: counts.trained_past_origin,
    features_past_origin: counts.features_past_origin,
    folds_with_many_origins,
    n_origins: days.length,
    span_days: first === undefined || last === undefined ? 0 : daysBetween(first, last),
  };
}

const NOTHING = { n: 0, y: '0', c: '0', b: '0', ec: '0', eb: '0', bySeries: { clusters: 0 } };

function metricsOf(sums: OfflineSums): OfflineResult['overall']['metrics'] {
  const group = sums.groups['overall'] ?? NOTHING;
  const { rows } = sums;
  return {
    n: group.n,
    sum_y: Number(group.y) * MICRO,
    n_series: group.bySeries.clusters,
    candidate: accuracyOf(sums, group, 'c'),
    baseline: accuracyOf(sums, group, 'b'),
    fva: {
      rows: rows.naive_rows,
      snaive_wape: perUnit(BigInt(rows.naive_en), rows.naive_y),
      candidate: valueAdded(rows.naive_ec, rows.naive_en),
      baseline: valueAdded(rows.naive_eb, rows.naive_en),
    },
  };
}

/**
 * Hyndman and Koehler 2006 (MASE), Makridakis, Spiliotis and Assimakopoulos 2022 (RMSSE, WRMSSE), here with scales from
 * the history up to the first origin and with recent units as weights.
 */
function accuracyOf(
  { scaled, rows }: OfflineSums,
  group: Omit<GroupSums, 'bySeries' | 'bySeriesAndOrigin' | 'origins'>,
  model: 'c' | 'b',
): OfflineResult['overall']['metrics']['candidate'] {
  const candidate = model === 'c';
  const [error, level] = candidate ? [group.ec, group.c] : [group.eb, group.b];
  const squares = Number(candidate ? scaled.squares_c : scaled.squares_b) * MICRO ** 2;
  const mean = over(squares, group.n);
  return {
    wape: perUnit(BigInt(error), group.y),
    bias: perUnit(BigInt(level) - BigInt(group.y), group.y),
    mae: over(Number(error) * MICRO, group.n),
    rmse: mean === null ? null : Math.sqrt(mean),
    smape: over(Number(candidate ? rows.smape_c : rows.smape_b) * SMAPE_UNIT, rows.paired_rows),
    mase: over(Number(candidate ? scaled.mase_c : scaled.mase_b) * SCALED_UNIT, scaled.mase_series),
    rmsse: over(Number(candidate ? scaled.rmsse_c : scaled.rmsse_b) * SCALED_UNIT, scaled.rmsse_series),
    wrmsse: over(Number(candidate ? scaled.wrmsse_c : scaled.wrmsse_b) * WEIGHTED_UNIT, Number(scaled.weights)),
    mase_skipped_series: scaled.mase_skipped,
  };
}

/** 1 - error / naive error; null when the naive forecast is perfect or has no rows. */
function valueAdded(error: string, naiveError: string): number | null {
  const naive = BigInt(naiveError);
  return naive === 0n ? null : Number(naive - BigInt(error)) / Number(naive);
}

function quantilesOf({ shape, quantiles }: OfflineSums): OfflineResult['overall']['quantiles'] {
  const of = (model: Model) => {
    const sums = quantiles[model];
    return sums === undefined ? {} : { [model]: quantileSetOf(sums, shape.quantiles[model]) };
  };
  return { ...of('cand'), ...of('base') };
}

type QuantileSet = NonNullable<OfflineResult['overall']['quantiles'][Model]>;

/** Pinball loss (Koenker and Bassett 1978), its weighted sum, and coverage from both sides, since demand is discrete. */
function quantileSetOf(
  sums: QuantileSums,
  levels: readonly { readonly column: string; readonly tau: number }[],
): QuantileSet {
  const losses = levels.map(({ column, tau }) => {
    const { above, below, le, lt } = sums.levels[column] ?? { above: '0', below: '0', le: 0, lt: 0 };
    return { tau, loss: (tau * Number(above) + (1 - tau) * Number(below)) * MICRO, le, lt };
  });
  const total = losses.reduce((sum, { loss }) => sum + loss, 0);
  return {
    rows: sums.n,
    crossing: sums.crossing,
    levels: Object.fromEntries(
      losses.map(({ tau, loss, le, lt }) => {
        const [atMost, below] = [over(le, sums.n), over(lt, sums.n)];
        const error = atMost === null || below === null ? null : Math.max(0, tau - atMost, below - tau);
        return [
          String(tau),
          { pinball: over(loss, sums.n), coverage_le: atMost, coverage_lt: below, coverage_error: error },
        ];
      }),
    ),
    wql: over(2 * total, levels.length * Number(sums.y) * MICRO),
  };
}

/** Null where nothing was recorded that could be compared. */
function recordedOf({ recorded: r }: OfflineSums): NonNullable<OfflineResult['recorded']> | null {
  if (r.actuals_compared === 0 && r.baseline_compared === 0) return null;
  return {
    actuals: { compared: r.actuals_compared, differing: r.actuals_differing },
    baseline: { compared: r.baseline_compared, differing: r.baseline_differing },
  };
}

function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 86_400_000;
}

/** Undefined over nothing. */
function over(value: number, size: number): number | null {
  return size === 0 ? null : value / size;
}
