import * as z from 'zod';
import { implausibleSettings } from './implausible-config.ts';

const share = () => z.number().min(0).max(1);
const limit = () => z.number().min(0);
const count = () => z.int().min(1);

/** First and last day of a range of horizons, both in it. */
const bucket = z
  .tuple([z.int().min(1), z.int().min(1)])
  .refine(([from, to]) => to >= from, { message: 'Expected a last day that is not before the first.' });

/** A segment that can exist under some configuration, for example `region:CA` or `horizon:1-7`. */
const segmentName = z
  .string()
  .max(200)
  .regex(
    /^(?:region:.+|category:.+|regime:(?:smooth|erratic|intermittent|lumpy|none)|volume:[ABCN]|horizon:\d+-\d+)$/s,
    'Expected region:…, category:…, regime:…, volume:… or horizon:….',
  );

/**
 * Thresholds of the offline gate; shares are fractions (0.05 is 5 %), a positive bias is too much forecast. Keys and
 * defaults are those of the evidence contract; a policy may only be stricter. An unknown key is refused.
 */
export const offlineConfig = z
  .strictObject({
    /** Level of each one-sided test. */
    alpha: z.number().gt(0).lte(0.5).default(0.05),
    /** Days after which demand repeats itself: of the seasonal naive forecast and of the scale of MASE. */
    season: z.int().min(1).max(366).default(7),
    /** Distinct origin dates needed at least, and the days between the first and the last. */
    min_folds: count().default(3),
    min_span_days: z.int().min(0).default(14),
    /** Paired rows and series (SKU and store) needed overall, and by each segment: fewer is never a pass. */
    min_rows: count().default(500),
    min_series: count().default(30),
    segment_min_rows: count().default(500),
    segment_min_series: count().default(30),
    /** Relative WAPE by which the candidate may be worse overall, and by which it has to be better. */
    margin_overall: share().default(0.01),
    min_improvement: share().default(0),
    /** Relative WAPE by which it may be worse in a segment. */
    margin_segment: share().default(0.05),
    /** Segments without which nothing passes: too little data or no proof in one is inconclusive. */
    critical_segments: z.array(segmentName).max(100).default([]),
    /** Share of rows without a usable forecast of the candidate, and of keys with conflicting values. */
    max_invalid_rate: share().default(0.001),
    max_conflict_rate: share().default(0),
    /** Weighted bias beyond which the candidate fails, if it is also worse than the baseline's by `…_worse_by`. */
    bias_abs_max: limit().default(0.1),
    bias_worse_by: limit().default(0.02),
    segment_bias_abs_max: limit().default(0.2),
    segment_bias_worse_by: limit().default(0.05),
    /** Forecast value added over the seasonal naive forecast that has to be exceeded, and the rows from which it counts. */
    min_fva: z.number().min(-1).lt(1).default(0),
    min_fva_rows: count().default(100),
    /** Coverage error and relative weighted quantile loss up to which quantiles pass, and the rows from which they count. */
    coverage_error_max: share().default(0.05),
    wql_rel_max: limit().default(0.05),
    min_quantile_rows: count().default(500),
    /** Above this share of exact forecasts, on rows of at least so many units, the candidate has seen the actuals. */
    leak_exact_min_units: limit().default(5),
    leak_exact_min_rows: count().default(50),
    leak_exact_max_share: share().default(0.2),
    horizon_buckets: z
      .array(bucket)
      .max(50)
      .refine(isApart, { message: 'Expected ranges that do not overlap.', params: { allowed: 'no day in two ranges' } })
      .default([
        [1, 7],
        [8, 14],
        [15, 28],
        [29, 9999],
      ]),

    /** Whether a backtest that does not say how far its training reached fails; else it is warned of. */
    require_training_cutoff: z.boolean().default(false),
    /** Share of rows whose dates, SKU or store cannot be read. They are counted, and by default not held against anybody. */
    max_unreadable_rate: share().default(1),
    /** Relative WAPE by which the candidate may be worse at one origin, and the data that an origin needs to be judged. */
    margin_fold: share().default(0.05),
    fold_min_rows: count().default(500),
    fold_min_series: count().default(30),
    /** Share of rows whose submitted actual or baseline may differ from what was recorded, where anything was. */
    max_actuals_mismatch: share().default(0.001),
    max_baseline_mismatch: share().default(0.001),
    ...implausibleSettings,
  })
  .refine(namesBuckets, {
    path: ['critical_segments'],
    message: 'Expected horizons that are among horizon_buckets.',
    params: { allowed: 'horizons among horizon_buckets' },
  });
export type OfflineConfig = z.infer<typeof offlineConfig>;

/**
 * What a promotion demands beyond the contract's defaults: the gain is material, training is known to have ended before
 * each origin, and no row is unreadable.
 */
export const STRICT_OFFLINE = {
  min_improvement: 0.01,
  require_training_cutoff: true,
  max_unreadable_rate: 0,
} as const;

function isApart(buckets: readonly (readonly [number, number])[]): boolean {
  const sorted = buckets.toSorted(([a], [b]) => a - b);
  return sorted.every(([from], index) => index === 0 || from > (sorted[index - 1]?.[1] ?? 0));
}

function namesBuckets(config: {
  readonly critical_segments: readonly string[];
  readonly horizon_buckets: readonly (readonly [number, number])[];
}): boolean {
  const known = new Set(config.horizon_buckets.map(([from, to]) => `horizon:${from}-${to}`));
  return config.critical_segments.every((name) => !name.startsWith('horizon:') || known.has(name));
}
