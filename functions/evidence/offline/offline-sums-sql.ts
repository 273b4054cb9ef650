import { NONFINITE } from '../tables/cell-sql.ts';
import type { OfflineConfig } from './offline-config.ts';
import type { Model, OfflineShape } from './offline-shape.ts';
import { SCALED_UNIT, SMAPE_UNIT, WEIGHTED_UNIT } from './offline-sums.ts';

/**
 * The statements that sum what offline-sql.ts prepared. Sums are integers: of a millionth of a unit, or of a fixed
 * fraction of a ratio, so that neither the order of rows nor the number of threads can change a digit.
 */

/** Without recorded data the submitted rows are judged. */
export const NOTHING_RECORDED = `
CREATE TEMP VIEW rows_judged AS FROM rows_kept;
CREATE TEMP VIEW recorded_counts AS SELECT 0 AS actuals_compared, 0 AS actuals_differing, 0 AS baseline_compared, 0 AS baseline_differing;
`;

/**
 * `rows_judged`: recorded actuals and baseline forecasts take the place of the submitted ones. A record that contradicts
 * another one of its key is none. Forecasts may differ by a thousandth of a unit or of themselves: they are written out.
 */
export const REPLACE_RECORDED = `
CREATE TABLE actuals AS SELECT series, target_day, max(units) AS units FROM recorded_actuals r
  JOIN series s ON s.sku = cell_text(r.sku) AND s.store = cell_text(r.store)
  WHERE target_day IS NOT NULL AND units IS NOT NULL GROUP BY ALL HAVING min(units) = max(units);
CREATE TABLE baselines AS SELECT series, origin_day, target_day, max(units) AS units FROM recorded_baseline r
  JOIN series s ON s.sku = cell_text(r.sku) AND s.store = cell_text(r.store)
  WHERE origin_day IS NOT NULL AND target_day IS NOT NULL AND units IS NOT NULL GROUP BY ALL HAVING min(units) = max(units);
CREATE TEMP VIEW rows_compared AS SELECT r.*, a.units AS recorded_y, f.units AS recorded_b FROM rows_kept r
  LEFT JOIN actuals a USING (series, target_day) LEFT JOIN baselines f USING (series, origin_day, target_day);
CREATE TEMP VIEW rows_judged AS SELECT * EXCLUDE (recorded_y, recorded_b)
  REPLACE (coalesce(recorded_y, y) AS y, coalesce(recorded_b, b) AS b) FROM rows_compared;
CREATE TEMP VIEW recorded_counts AS SELECT count(*) FILTER (y IS NOT NULL AND recorded_y IS NOT NULL) AS actuals_compared,
  count(*) FILTER (y <> recorded_y) AS actuals_differing,
  count(*) FILTER (b IS NOT NULL AND recorded_b IS NOT NULL) AS baseline_compared,
  count(*) FILTER (CASE WHEN b >= 0 AND recorded_b >= 0 THEN abs(b - recorded_b) > greatest(1000, recorded_b // 1000)
    ELSE b <> recorded_b END) AS baseline_differing
  FROM rows_compared;
`;

/** `paired`: rows on which actual, candidate and baseline are all usable, with the day that seasonal naive repeats. */
export function pairRows({ season, horizon_buckets }: OfflineConfig): string {
  const days = 'target_day - origin_day';
  const buckets = horizon_buckets.map(([from, to], index) => `WHEN ${days} BETWEEN ${from} AND ${to} THEN ${index}`);
  // The latest day of the same season that was known at the origin.
  const seasonsBack = `greatest(1, (${days} + ${season - 1}) // ${season})`;
  return `CREATE TEMP VIEW paired AS SELECT *, ${buckets.length === 0 ? '-1' : `CASE ${buckets.join(' ')} ELSE -1 END`} AS bucket,
  target_day - CAST(${season} * ${seasonsBack} AS INTEGER) AS lag_day
  FROM rows_judged WHERE y >= 0 AND c >= 0 AND b >= 0`;
}

/** Name of a horizon bucket by its index. */
export function bucketName({ horizon_buckets }: OfflineConfig, index: number): string {
  return `horizon:${horizon_buckets[index]?.join('-') ?? 'other'}`;
}

/** `cells`: sums over the horizons of a bucket. `line_origins`: over all of them. */
export const SUM_CELLS = `
CREATE TABLE cells AS SELECT line, series, origin_day, bucket, count(*) AS n, ${['y', 'c', 'b'].map(exact).join(', ')},
  CAST(sum(abs(c - y)) AS BIGINT) AS ec, CAST(sum(abs(b - y)) AS BIGINT) AS eb
  FROM paired GROUP BY line, series, origin_day, bucket;
CREATE TABLE line_origins AS SELECT line, series, origin_day, CAST(sum(n) AS BIGINT) AS n,
  ${['y', 'c', 'b', 'ec', 'eb'].map(exact).join(', ')} FROM cells GROUP BY line, series, origin_day;
`;

function exact(column: string): string {
  return `CAST(sum(${column}) AS BIGINT) AS ${column}`;
}

/** Where the name of a row's group comes from, by dimension. */
export const DIMENSIONS = {
  overall: { name: "'overall'", from: 'line_origins' },
  region: { name: "'region:' || region_name", from: 'line_origins JOIN lines USING (line, series)' },
  category: {
    name: "'category:' || category_name",
    from: 'line_origins JOIN (FROM lines WHERE category_name IS NOT NULL) USING (line, series)',
  },
  regime: { name: "'regime:' || regime", from: 'line_origins JOIN classes USING (series)' },
  volume: { name: "'volume:' || volume", from: 'line_origins JOIN classes USING (series)' },
  horizon: { name: 'CAST(bucket AS VARCHAR)', from: 'cells' },
} as const;
export type Dimension = keyof typeof DIMENSIONS;

/** `crossings`: one row per group, series and origin. */
export function crossGroup(dimension: Dimension): string {
  const { name, from } = DIMENSIONS[dimension];
  return `CREATE OR REPLACE TABLE crossings AS SELECT ${name} AS name, series, origin_day, CAST(sum(n) AS BIGINT) AS n,
  ${['y', 'c', 'b', 'ec', 'eb'].map(exact).join(', ')} FROM ${from} GROUP BY ALL`;
}

const TOTALS = ['y', 'c', 'b', 'ec', 'eb'].map((column) => `CAST(sum(${column}) AS VARCHAR) AS ${column}`).join(', ');
/** Sums of products of the two errors of a cluster; `any` rows stand for one cluster each. */
const PRODUCTS = `count(*) AS clusters, CAST(sum(ec::HUGEINT * ec) AS VARCHAR) AS aa,
  CAST(sum(ec::HUGEINT * eb) AS VARCHAR) AS ab, CAST(sum(eb::HUGEINT * eb) AS VARCHAR) AS bb`;

export const GROUP_CROSSINGS = `SELECT name, CAST(sum(n) AS BIGINT) AS n, ${TOTALS}, ${PRODUCTS} FROM crossings GROUP BY name`;
export const GROUP_SERIES = `SELECT name, ${PRODUCTS}
  FROM (SELECT name, series, sum(ec) AS ec, sum(eb) AS eb FROM crossings GROUP BY name, series) GROUP BY name`;
export const GROUP_ORIGINS = `SELECT name, CAST(origin_day AS VARCHAR) AS origin, CAST(sum(n) AS BIGINT) AS n,
  CAST(sum(ec) AS VARCHAR) AS ec, CAST(sum(eb) AS VARCHAR) AS eb FROM crossings GROUP BY name, origin_day`;
/** Of the crossings of the whole backtest: one origin each, by series. */
export const FOLD_SERIES = `SELECT CAST(origin_day AS VARCHAR) AS name, CAST(sum(n) AS BIGINT) AS n, ${TOTALS}, ${PRODUCTS}
  FROM crossings GROUP BY origin_day`;

/** An error of up to so many millionths has a square that is an integer of 64 bits, which costs far less. */
const SHORT = 3_037_000_499;

function squares(error: string, name: string): string {
  return `sum(CASE WHEN abs(${error}) <= ${SHORT} THEN (${error}) * (${error}) ELSE 0 END)
    + coalesce(sum((${error})::HUGEINT * (${error})) FILTER (abs(${error}) > ${SHORT}), 0) AS ${name}`;
}

export const SUM_SERIES = `CREATE TABLE series_sums AS SELECT series, count(*) AS n,
  sum(abs(c - y)) AS ec, sum(abs(b - y)) AS eb, ${squares('c - y', 'sc')}, ${squares('b - y', 'sb')}
  FROM paired GROUP BY series`;

/** Errors of each series in units of how much it moves by itself: MASE, RMSSE, and the latter by recent units. */
export const SCALED = `
WITH scaled AS (
  SELECT n, sc, sb, recent,
    CASE WHEN season_pairs > 0 AND season_difference > 0 THEN season_pairs::DOUBLE / season_difference::DOUBLE / n END AS per_error,
    ec::DOUBLE AS ec, eb::DOUBLE AS eb,
    CASE WHEN day_pairs > 0 AND day_difference > 0 THEN day_difference::DOUBLE / day_pairs END AS step
  FROM series_sums LEFT JOIN scales USING (series)),
errors AS (SELECT n, sc, sb, recent, per_error, step, ec * per_error AS mc, eb * per_error AS mb,
  sqrt(sc::DOUBLE / n / step) AS rc, sqrt(sb::DOUBLE / n / step) AS rb FROM scaled)
SELECT count(per_error) AS mase_series, count(*) - count(per_error) AS mase_skipped, count(step) AS rmsse_series,
  ${['c', 'b']
    .map(
      (
        model,
      ) => `${rounded(`m${model}`, SCALED_UNIT)} AS mase_${model}, ${rounded(`r${model}`, SCALED_UNIT)} AS rmsse_${model},
  ${rounded(`recent::DOUBLE * r${model}`, WEIGHTED_UNIT)} AS wrmsse_${model}, CAST(coalesce(sum(s${model}), 0) AS VARCHAR) AS squares_${model}`,
    )
    .join(',\n  ')},
  CAST(coalesce(sum(recent) FILTER (step IS NOT NULL), 0) AS VARCHAR) AS weights
FROM errors`;

function rounded(term: string, unit: number): string {
  return `CAST(coalesce(sum(CAST(round(${term} * ${1 / unit}) AS HUGEINT)), 0) AS VARCHAR)`;
}

/** What can be known of the day that seasonal naive repeats: from the history, else from the backtest's own actuals. */
export const KNOWN_DAYS = `
CREATE TABLE lag_days AS SELECT DISTINCT lag_day AS day FROM paired;
CREATE TABLE known AS SELECT series, day, CASE WHEN h.units >= 0 THEN h.units ELSE a.units END AS units
  FROM (FROM history SEMI JOIN lag_days USING (day)) h
  FULL JOIN (SELECT series, target_day AS day, min(y) AS units FROM rows_judged
    WHERE y >= 0 AND target_day IN (FROM lag_days) GROUP BY ALL) a USING (series, day);
`;

/** Sums over single rows: sMAPE, forecasts that are exact, and seasonal naive where it is known. */
export function sumRows({ leak_exact_min_units }: OfflineConfig): string {
  const smape = (x: string) =>
    `CAST(coalesce(sum(CASE WHEN ${x} + y = 0 THEN 0 ELSE CAST(round(${200 / SMAPE_UNIT}::DOUBLE * abs(${x} - y)::DOUBLE / (${x} + y)::DOUBLE) AS BIGINT) END), 0) AS VARCHAR)`;
  const where = `FILTER (naive IS NOT NULL)`;
  const text = (term: string, filter = '') => `CAST(coalesce(sum(${term}) ${filter}, 0) AS VARCHAR)`;
  return `
WITH lagged AS (SELECT y, c, b, CASE WHEN k.series IS NOT NULL THEN k.units
    WHEN lag_day BETWEEN f.first_sale AND cutoff.day THEN 0 END AS naive
  FROM paired LEFT JOIN known k ON k.series = paired.series AND k.day = lag_day
    LEFT JOIN first_sales f ON f.series = paired.series, cutoff)
SELECT count(*) AS paired_rows, ${smape('c')} AS smape_c, ${smape('b')} AS smape_b,
  count(*) FILTER (y >= micro(${leak_exact_min_units})) AS exact_rows,
  count(*) FILTER (y >= micro(${leak_exact_min_units}) AND c = y) AS exact_matches,
  count(naive) AS naive_rows, ${text('y', where)} AS naive_y, ${text('abs(c - y)', where)} AS naive_ec,
  ${text('abs(b - y)', where)} AS naive_eb, ${text('abs(naive - y)')} AS naive_en
FROM lagged`;
}

/** Counts over the rows that remain when duplicates are settled. */
export function countRows(shape: OfflineShape): string {
  const after = (present: boolean, column: string) =>
    present ? `count(*) FILTER (${column} > origin_day)` : 'CAST(0 AS BIGINT)';
  const kinds = (x: string, name: string) => `count(*) FILTER (${x} IS NULL) AS ${name}_missing,
  count(*) FILTER (${x} = ${NONFINITE}) AS ${name}_nonfinite, count(*) FILTER (${x} < 0 AND ${x} <> ${NONFINITE}) AS ${name}_negative`;
  return `SELECT (SELECT count(*) FROM rows_typed) AS rows, (SELECT count(*) FROM rows_keyed) AS keyed_rows, count(*) AS kept_rows,
  (SELECT duplicate_rows FROM key_counts) AS duplicate_rows, (SELECT conflicting_keys FROM key_counts) AS conflicting_keys,
  count(*) FILTER (y IS NULL) AS missing_actual, count(*) FILTER (y < 0) AS invalid_actual,
  ${kinds('c', 'candidate')}, ${kinds('b', 'baseline')},
  count(*) FILTER (target_day <= origin_day) AS target_not_after_origin, count(*) FILTER (NOT horizon_ok) AS horizon_mismatch,
  ${after(shape.trained, 'trained')} AS trained_past_origin, ${after(shape.features, 'features')} AS features_past_origin,
  ${shape.trained ? 'count(*) - count(trained)' : 'count(*)'} AS without_training_cutoff
FROM rows_judged`;
}
export const KEPT_ORIGINS =
  'SELECT CAST(origin_day AS VARCHAR) AS origin, count(*) AS n FROM rows_judged GROUP BY origin_day';

/** Rows on which all quantiles of a model are usable. The sums that make up its pinball losses, from the lowest level on. */
export function sumQuantiles(shape: OfflineShape, model: Model): string {
  const columns = shape.quantiles[model].map(({ column }) => column);
  const crossing = columns.slice(1).map((column, index) => `${column} < ${columns[index]}`);
  const levels = columns.flatMap((q) => [
    `CAST(coalesce(sum(greatest(y - ${q}, 0)), 0) AS VARCHAR) AS ${q}_above`,
    `CAST(coalesce(sum(greatest(${q} - y, 0)), 0) AS VARCHAR) AS ${q}_below`,
    `count(*) FILTER (y <= ${q}) AS ${q}_le, count(*) FILTER (y < ${q}) AS ${q}_lt`,
  ]);
  return `SELECT count(*) AS n, CAST(coalesce(sum(y), 0) AS VARCHAR) AS y,
  count(*) FILTER (${crossing.join(' OR ') || 'false'}) AS crossing, ${levels.join(', ')}
FROM paired WHERE ${columns.map((column) => `${column} >= 0`).join(' AND ')}`;
}

/** The history, and what the backtest's actuals of its days say. */
export const COUNT_HISTORY = `SELECT (SELECT count(*) FROM history_typed) AS rows,
  (SELECT count(*) FROM history_typed) - (SELECT count(*) FROM history_keyed) AS bad_date,
  (SELECT conflicting_keys FROM history_conflicts) AS conflicting_keys, compared.*
FROM (SELECT count(*) AS compared_rows, count(*) FILTER (y <> units) AS differing_rows
  FROM (SELECT series, target_day, y FROM rows_judged WHERE y >= 0) r
  JOIN (SELECT series, h.day AS target_day, units FROM history h, cutoff WHERE h.day > cutoff.day AND units >= 0) h
  USING (series, target_day)) compared`;
