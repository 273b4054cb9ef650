/**
 * The statements that turn a backtest and a demand history into sums. They run in the order of this file; each table is
 * named after what it holds. Forecasts and actuals are kept as integers of a millionth of a unit.
 */

/** More than any series sells in a day; larger numbers are taken for defects, and sums stay within 128 bits. */
const MAX_UNITS = '1e12';
/** History is squared as well, hence the narrower bound. */
const MAX_HISTORY_UNITS = '1e9';

/**
 * Text to values. Dates have to read back as they were written: the engine takes more forms than the contract does, and
 * digits with underscores for numbers. A forecast cell is `ok`, `missing`, `nonfinite` or `negative`, and never turned
 * from one into another.
 */
export const MACROS = `
CREATE TEMP MACRO cell_text(t) AS
  CASE WHEN trim(t) IN ('', 'null', 'NULL', 'None', 'none', 'NA', 'N/A') THEN NULL ELSE trim(t) END;
CREATE TEMP MACRO cell_number(t) AS CASE WHEN NOT contains(t, '_') THEN TRY_CAST(t AS DOUBLE) END;
CREATE TEMP MACRO cell_kind(t, x, bound) AS
  CASE WHEN t IS NULL THEN 'missing' WHEN x IS NULL OR NOT isfinite(x) OR abs(x) > bound THEN 'nonfinite'
       WHEN x < 0 THEN 'negative' ELSE 'ok' END;
CREATE TEMP MACRO cell_date(t) AS
  CASE WHEN (length(t) = 10 OR substr(t, 11) = ' 00:00:00') AND CAST(TRY_CAST(left(t, 10) AS DATE) AS VARCHAR) = left(t, 10)
       THEN TRY_CAST(left(t, 10) AS DATE) END;
CREATE TEMP MACRO micro(x) AS CAST(round(x * 1000000) AS BIGINT);
`;

/** `rows_typed`: every row of the backtest, parsed. */
export const READ_ROWS = `
CREATE TEMP TABLE rows_typed AS
WITH texts AS (SELECT ${texts(
  ['origin_date', 'sku', 'store', 'region', 'target_date', 'horizon', 'actual', 'candidate', 'baseline'],
  ['category', 'fold_id', 'trained_through', 'features_asof'],
)} FROM backtest_file),
numbers AS (SELECT *, cell_number(actual) AS y, cell_number(candidate) AS c, cell_number(baseline) AS b FROM texts)
SELECT cell_date(origin_date) AS origin, sku, store, cell_date(target_date) AS target, region, category,
  cell_number(horizon) AS horizon, fold_id, cell_date(trained_through) AS trained, cell_date(features_asof) AS features,
  ${['y:actual', 'c:candidate', 'b:baseline'].map(kindAndValue).join(',\n  ')}
FROM numbers`;

/** `rows_kept`: one row per key; repeated rows collapse by value, keys with conflicting values are left out whole. */
export const SETTLE_DUPLICATES = `
CREATE TEMP VIEW rows_keyed AS FROM rows_typed
  WHERE origin IS NOT NULL AND target IS NOT NULL AND sku IS NOT NULL AND store IS NOT NULL;
CREATE TEMP TABLE rows_distinct AS SELECT DISTINCT * FROM rows_keyed;
CREATE TEMP TABLE keys AS SELECT origin, sku, store, target, count(*) AS versions FROM rows_distinct GROUP BY ALL;
CREATE TEMP TABLE rows_kept AS SELECT * EXCLUDE (versions) FROM rows_distinct
  JOIN (FROM keys WHERE versions = 1) USING (origin, sku, store, target);
`;

/** `history`: one record per series and day, `units` null where the record is unusable; returns (negative) are unusable. */
export const READ_HISTORY = `
CREATE TEMP TABLE history_typed AS
WITH texts AS (SELECT ${texts(['sku', 'store', 'date', 'units'], [])} FROM history_file),
numbers AS (SELECT *, cell_number(units) AS x FROM texts)
SELECT sku, store, cell_date(date) AS day,
  CASE WHEN cell_kind(units, x, ${MAX_HISTORY_UNITS}) = 'ok' THEN micro(x) END AS units FROM numbers`;

export const SETTLE_HISTORY = `
CREATE TEMP TABLE history AS SELECT sku, store, day, any_value(units) AS units, count(DISTINCT coalesce(units, -1)) > 1 AS conflicting
  FROM history_typed WHERE day IS NOT NULL AND sku IS NOT NULL AND store IS NOT NULL GROUP BY sku, store, day;
UPDATE history SET units = NULL WHERE conflicting;
CREATE TEMP TABLE cutoff AS SELECT min(origin) AS day FROM rows_kept;
CREATE TEMP TABLE profiles AS
SELECT sku, store, min(day) FILTER (units > 0) AS first_sale,
  (SELECT day FROM cutoff) - min(day) FILTER (units > 0) + 1 AS days, count(*) FILTER (units > 0) AS demand_days,
  coalesce(sum(units), 0) AS total,
  coalesce(sum(units::HUGEINT * units::HUGEINT), 0) AS squares
FROM history WHERE day <= (SELECT day FROM cutoff) GROUP BY sku, store;
CREATE TEMP TABLE classes (sku VARCHAR, store VARCHAR, regime VARCHAR, volume VARCHAR);
`;

/**
 * `paired`: rows on which actual, candidate and baseline are all usable, with their seasonal naive forecast: the latest
 * same weekday up to the origin. It is looked up in the history, then in the backtest's own actuals; a day without a
 * record between the first sale and the first origin is a day without demand.
 */
export const PAIR_ROWS = `
CREATE TEMP TABLE actuals AS SELECT sku, store, target AS day, min(y) AS units FROM rows_kept WHERE y_kind = 'ok' GROUP BY ALL;
CREATE TEMP TABLE paired AS
WITH lagged AS (
  SELECT *, target - 7 * greatest(1, (target - origin + 6) // 7)::INTEGER AS lag
  FROM rows_kept WHERE y_kind = 'ok' AND c_kind = 'ok' AND b_kind = 'ok')
SELECT r.origin, r.sku, r.store, coalesce(r.region, '(none)') AS region, r.category, r.y, r.c, r.b,
  coalesce(k.regime, 'none') AS regime, coalesce(k.volume, 'N') AS volume, ${horizonBucket('r.target - r.origin')} AS horizon,
  coalesce(h.units, a.units, CASE WHEN h.day IS NULL AND r.lag BETWEEN p.first_sale AND (SELECT day FROM cutoff) THEN 0 END) AS naive,
  t.units AS recorded
FROM lagged r
LEFT JOIN classes k ON k.sku = r.sku AND k.store = r.store
LEFT JOIN profiles p ON p.sku = r.sku AND p.store = r.store
LEFT JOIN history h ON h.sku = r.sku AND h.store = r.store AND h.day = r.lag
LEFT JOIN actuals a ON a.sku = r.sku AND a.store = r.store AND a.day = r.lag
LEFT JOIN history t ON t.sku = r.sku AND t.store = r.store AND t.day = r.target`;

export const QUALITY = `
SELECT (SELECT count(*) FROM rows_typed) AS rows,
  (SELECT count(*) FROM rows_typed) - (SELECT count(*) FROM rows_keyed) AS bad_date,
  (SELECT count(*) FROM rows_keyed) - (SELECT count(*) FROM rows_distinct) AS duplicate_rows,
  (SELECT count(*) FROM keys WHERE versions > 1) AS conflicting_keys, (SELECT count(*) FROM keys) AS keys,
  count(*) FILTER (y_kind = 'missing') AS missing_actual, count(*) FILTER (y_kind IN ('nonfinite', 'negative')) AS invalid_actual,
  ${['c:candidate', 'b:baseline'].map(kindCounts).join(', ')},
  count(*) FILTER (y_kind = 'ok' AND c_kind = 'ok' AND b_kind = 'ok') AS paired_rows
FROM rows_kept`;

/** `exactMinUnits`: a forecast of fewer units may well be exact by chance. */
export function leakageSql(exactMinUnits: number): string {
  return `
SELECT count(*) FILTER (target <= origin) AS target_not_after_origin,
  count(*) FILTER (horizon IS DISTINCT FROM (target - origin)) AS horizon_mismatch,
  count(*) FILTER (trained > origin) AS trained_past_origin, count(*) FILTER (features > origin) AS features_past_origin,
  (SELECT count(*) FROM (SELECT fold_id FROM rows_kept WHERE fold_id IS NOT NULL GROUP BY fold_id
    HAVING count(DISTINCT origin) > 1)) AS folds_with_many_origins,
  count(*) FILTER (trained IS NULL) AS without_training_cutoff, count(DISTINCT origin) AS n_origins,
  coalesce(max(origin) - min(origin), 0) AS span_days,
  (SELECT count(*) FILTER (y >= micro(${exactMinUnits})) FROM paired) AS exact_rows,
  (SELECT count(*) FILTER (y >= micro(${exactMinUnits}) AND c = y) FROM paired) AS exact_matches
FROM rows_kept`;
}

/** All groups in one pass: overall, per origin date, and per value of each segment dimension. */
export const GROUPS = `
SELECT region, category, regime, volume, horizon, origin::VARCHAR AS origin,
  ${['region', 'category', 'regime', 'volume', 'horizon', 'origin'].map((name) => `grouping(${name}) = 0 AS by_${name}`).join(', ')},
  count(*) AS rows, count(DISTINCT (sku, store)) AS series, count(DISTINCT origin) AS origins,
  ${sums({ actual: 'y', candidate: 'c', baseline: 'b', candidateError: 'abs(c - y)', baselineError: 'abs(b - y)' })}
FROM paired GROUP BY GROUPING SETS ((), (region), (category), (regime), (volume), (horizon), (origin))`;

export const VALUE_ADDED = `
SELECT count(*) AS rows,
  ${sums({ actual: 'y', candidateError: 'abs(c - y)', baselineError: 'abs(b - y)', naiveError: 'abs(naive - y)' })}
FROM paired WHERE naive IS NOT NULL`;

export const HISTORY_COUNTS = `
SELECT (SELECT count(*) FROM history_typed) AS rows,
  (SELECT count(*) FROM history_typed WHERE day IS NULL OR sku IS NULL OR store IS NULL) AS bad_date,
  (SELECT count(*) FROM history WHERE conflicting) AS conflicting_keys,
  (SELECT count(*) FROM (SELECT DISTINCT sku, store FROM rows_kept) ANTI JOIN profiles USING (sku, store)) AS series_without_history,
  count(recorded) AS compared_rows, count(*) FILTER (recorded <> y) AS differing_rows
FROM paired`;

function texts(required: readonly string[], optional: readonly string[]): string {
  return [...required, ...optional].map((column) => `cell_text(${column}) AS ${column}`).join(', ');
}

function kindAndValue(pair: string): string {
  const [x = '', text = ''] = pair.split(':');
  const kind = `cell_kind(${text}, ${x}, ${MAX_UNITS})`;
  return `${kind} AS ${x}_kind, CASE WHEN ${kind} IN ('ok', 'negative') THEN micro(${x}) END AS ${x}`;
}

function kindCounts(pair: string): string {
  const [x = '', name = ''] = pair.split(':');
  return ['missing', 'nonfinite', 'negative']
    .map((kind) => `count(*) FILTER (${x}_kind = '${kind}') AS ${name}_${kind}`)
    .join(', ');
}

function sums(columns: Readonly<Record<string, string>>): string {
  return Object.entries(columns)
    .map(([name, term]) => `coalesce(sum(${term}), 0)::HUGEINT AS "${name}"`)
    .join(', ');
}

function horizonBucket(days: string): string {
  return `CASE WHEN ${days} BETWEEN 1 AND 7 THEN '1-7' WHEN ${days} BETWEEN 8 AND 14 THEN '8-14'
    WHEN ${days} BETWEEN 15 AND 28 THEN '15-28' WHEN ${days} BETWEEN 29 AND 9999 THEN '29-9999' ELSE 'other' END`;
}
