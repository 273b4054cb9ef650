import * as z from 'zod';
import { implausibleSums } from './implausible-sums.ts';
import { offlineShape } from './offline-shape.ts';

/**
 * Everything that the offline gate needs to know of a backtest, as counts and sums: no rows. Sums are integers written as
 * text, of a millionth of a unit where nothing else is said, so that neither the order of the rows nor how they are split
 * can change a digit. Parts of one backtest that share no series add up to those of the whole.
 */

/** Fractions that ratios are rounded to before they are added up: of sMAPE, of a scaled error, and of a weighted one. */
export const SMAPE_UNIT = 1e-12;
export const SCALED_UNIT = 1e-15;
export const WEIGHTED_UNIT = 1e-6;

/** An integer of any length. */
const exact = z.string().regex(/^-?\d+$/);
const count = z.int();

/** Over clusters: sums of squares and products of each cluster's two absolute errors. */
const clusters = z.object({ clusters: count, aa: exact, ab: exact, bb: exact });

const totals = {
  n: count,
  y: exact,
  c: exact,
  b: exact,
  /** Sums of |candidate - actual| and |baseline - actual|. */
  ec: exact,
  eb: exact,
};
const originTotals = z.object({ n: count, ec: exact, eb: exact });

/** A group of paired rows: those on which actual, candidate and baseline are all usable. */
const groupSums = z.object({
  ...totals,
  bySeries: clusters,
  bySeriesAndOrigin: clusters,
  /** By origin date: origins are shared by the parts, so their clusters are whole only when all parts are there. */
  origins: z.record(z.string(), originTotals),
});
export type GroupSums = z.infer<typeof groupSums>;

const foldSums = z.object({ ...totals, bySeries: clusters });
export type FoldSums = z.infer<typeof foldSums>;

/** Errors in units of the series' own movement, added up over series. Suffix c: candidate, b: baseline. */
const scaledSums = z.object({
  mase_series: count,
  mase_skipped: count,
  rmsse_series: count,
  ...{ squares_c: exact, squares_b: exact, mase_c: exact, mase_b: exact, rmsse_c: exact, rmsse_b: exact },
  ...{ wrmsse_c: exact, wrmsse_b: exact, weights: exact },
});

const rowSums = z.object({
  paired_rows: count,
  ...{ smape_c: exact, smape_b: exact },
  /** Paired rows with enough units to make an exact forecast unlikely, and how many of them are exact. */
  ...{ exact_rows: count, exact_matches: count },
  /** Over the rows for which the seasonal naive forecast is known. */
  ...{ naive_rows: count, naive_y: exact, naive_ec: exact, naive_eb: exact, naive_en: exact },
});

/** Of one model, over the paired rows on which all its quantiles are usable. */
const quantileSums = z.object({
  n: count,
  y: exact,
  crossing: count,
  /** By column. Sums of what the actual lies above and below the quantile, and rows with y <= q and y < q. */
  levels: z.record(z.string(), z.object({ above: exact, below: exact, le: count, lt: count })),
});
export type QuantileSums = z.infer<typeof quantileSums>;

const counts = z.object({
  rows: count,
  keyed_rows: count,
  kept_rows: count,
  ...{ duplicate_rows: count, conflicting_keys: count, missing_actual: count, invalid_actual: count },
  ...{ candidate_missing: count, candidate_nonfinite: count, candidate_negative: count },
  ...{ baseline_missing: count, baseline_nonfinite: count, baseline_negative: count },
  ...{ target_not_after_origin: count, horizon_mismatch: count, trained_past_origin: count },
  ...{ features_past_origin: count, without_training_cutoff: count },
});

/** Demand class of a series up to the first origin. */
const seriesProfile = z.object({
  ...{ sku: z.string(), store: z.string() },
  regime: z.enum(['smooth', 'erratic', 'intermittent', 'lumpy', 'none']),
  volume: z.enum(['A', 'B', 'C', 'N']),
  ...{ adi: z.number().nullable(), cv2: z.number().nullable() },
});
export type SeriesProfile = z.infer<typeof seriesProfile>;

/** What adds up over parts that share no series. */
export const additive = z.object({
  counts,
  /** Rows by origin date. */
  origins: z.record(z.string(), count),
  /** By name: `overall`, or a segment such as `region:CA`. */
  groups: z.record(z.string(), groupSums),
  folds: z.record(z.string(), foldSums),
  scaled: scaledSums,
  rows: rowSums,
  quantiles: z.object({ cand: quantileSums.exactOptional(), base: quantileSums.exactOptional() }),
  history: z.object({
    rows: count,
    bad_date: count,
    conflicting_keys: count,
    /** Series of the backtest that sold nothing up to the first origin. */
    series_without_sales: count,
    /** Rows whose actual could be compared with the history, and how many differ from it. */
    compared_rows: count,
    differing_rows: count,
  }),
  recorded: z.object({
    actuals_compared: count,
    actuals_differing: count,
    baseline_compared: count,
    baseline_differing: count,
  }),
  /** Absent where the policy switches it off, and where there are too few rows. */
  implausible: implausibleSums.exactOptional(),
});

/** What is known of the whole backtest before any part of it is summed. */
export const offlineFrame = z.object({
  shape: offlineShape,
  /** Origin dates in order. The first is the cutoff of the history: demand classes know nothing later. */
  origins: z.array(z.string()),
  folds_with_many_origins: count,
  /** Rows with a readable key, repeated ones too. */
  keyed_rows: count,
  /** Volume band of each SKU that has a history. */
  volumes: z.record(z.string(), z.enum(['A', 'B', 'C', 'N'])),
});
export type OfflineFrame = z.infer<typeof offlineFrame>;

export const offlineSums = additive.extend({
  shape: offlineShape,
  folds_with_many_origins: count,
  /** In order of SKU and store. */
  series: z.array(seriesProfile).readonly(),
});
export type OfflineSums = z.infer<typeof offlineSums>;

type Tree = number | string | { readonly [name: string]: Tree };

/**
 * The sums of a whole backtest from those of its parts, in any order.
 * @throws Error without a part
 */
export function mergeOffline(parts: readonly OfflineSums[]): OfflineSums {
  const [first, ...rest] = parts;
  if (first === undefined) throw new Error('There is no part to take sums from.');
  if (rest.length === 0) return first;
  const trees = parts.map(({ shape: _, folds_with_many_origins: __, series: ___, ...sums }): Tree => sums);
  return {
    ...additive.parse(trees.reduce(addTrees)),
    shape: first.shape,
    folds_with_many_origins: first.folds_with_many_origins,
    series: parts.flatMap(({ series }) => series).toSorted(bySkuAndStore),
  };
}

function addTrees(a: Tree, b: Tree): Tree {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (typeof a === 'string' && typeof b === 'string') return String(BigInt(a) + BigInt(b));
  if (typeof a !== 'object' || typeof b !== 'object') throw new Error('Parts of different backtests cannot be added.');
  const sums = new Map(Object.entries(a));
  for (const [name, value] of Object.entries(b)) {
    const other = sums.get(name);
    sums.set(name, other === undefined ? value : addTrees(other, value));
  }
  return Object.fromEntries(sums);
}

/** Sorted by code unit, which is the same on every machine. */
export function bySkuAndStore(
  a: Pick<SeriesProfile, 'sku' | 'store'>,
  b: Pick<SeriesProfile, 'sku' | 'store'>,
): number {
  return compare(a.sku, b.sku) || compare(a.store, b.store);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
