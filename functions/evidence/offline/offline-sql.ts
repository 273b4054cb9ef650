import { type OfflineShape, quantileColumns } from './offline-shape.ts';

/**
 * The statements that bring a backtest and a demand history into the form that is summed. They run in the order of this
 * file; each table is named after what it holds. Names become small integers, units integers of a millionth.
 *
 * They start from `offline_rows` and `offline_history`, the canonical tables: a view of a submitted file, or a shard.
 */

/** Texts as written, of which there are few. */
export function readTexts(shape: OfflineShape): string {
  return `CREATE TABLE row_texts AS SELECT DISTINCT ${textColumns(shape).join(', ')} FROM offline_rows`;
}
export const READ_HISTORY_TEXTS = 'CREATE TABLE history_texts AS SELECT DISTINCT sku, store FROM offline_history';

/** `series` by SKU and store; `lines`, which tell the rows of a series apart by their other names. */
export function nameThings(shape: OfflineShape): string {
  const name = (present: boolean, column: string) => (present ? `cell_text(t.${column})` : 'CAST(NULL AS VARCHAR)');
  return `
CREATE TABLE series AS SELECT CAST(row_number() OVER () AS INTEGER) AS series, sku, store
  FROM (SELECT cell_text(sku) AS sku, cell_text(store) AS store FROM row_texts
    UNION SELECT cell_text(sku), cell_text(store) FROM history_texts) WHERE sku IS NOT NULL AND store IS NOT NULL;
CREATE TABLE cleaned AS SELECT t.*, s.series, coalesce(cell_text(t.region), '(none)') AS region_name,
    ${name(shape.category, 'category')} AS category_name, ${name(shape.fold, 'fold')} AS fold_name
  FROM row_texts t LEFT JOIN series s ON s.sku = cell_text(t.sku) AND s.store = cell_text(t.store);
CREATE TABLE lines AS SELECT CAST(row_number() OVER () AS INTEGER) AS line, *
  FROM (SELECT DISTINCT series, region_name, category_name, fold_name FROM cleaned WHERE series IS NOT NULL);
CREATE TABLE row_ids AS SELECT ${textColumns(shape)
    .map((column) => `c.${column}`)
    .join(', ')}, l.line, l.series
  FROM cleaned c LEFT JOIN lines l ON l.series = c.series AND l.region_name = c.region_name
    AND l.category_name IS NOT DISTINCT FROM c.category_name AND l.fold_name IS NOT DISTINCT FROM c.fold_name;
CREATE TABLE history_ids AS SELECT t.sku, t.store, s.series
  FROM history_texts t LEFT JOIN series s ON s.sku = cell_text(t.sku) AND s.store = cell_text(t.store);
`;
}

/** Texts that may decide alone which line a row belongs to, the fewest first: regions and categories hardly ever differ within a series. */
export function decidingTexts(shape: OfflineShape): readonly (readonly string[])[] {
  const few = [['sku', 'store'], ...(shape.fold ? [['sku', 'store', 'fold']] : [])];
  return [...few, textColumns(shape)];
}
export function doDecide(texts: readonly string[]): string {
  return `SELECT count(*) = count(DISTINCT (${texts.join(', ')})) AS alone FROM row_texts`;
}

/** `rows_typed`: every row of the backtest. Without a line or a day it has no readable key. */
export function readRows(shape: OfflineShape, deciding: readonly string[]): string {
  const same = deciding.map((column) => `r.${column} IS NOT DISTINCT FROM i.${column}`);
  const kept = valueColumns(shape).map((column) => (column === 'horizon_ok' ? HORIZON_OK : column));
  return `CREATE TABLE rows_typed AS SELECT i.line, i.series, origin_day, target_day, ${kept.join(', ')}
  FROM offline_rows r JOIN row_ids i ON ${same.join(' AND ')}`;
}
const HORIZON_OK = 'horizon IS NOT DISTINCT FROM target_day - origin_day AS horizon_ok';

/** `history_typed`: one record per line of the history; a record without a usable number of units has -1. */
export const READ_HISTORY = `CREATE TABLE history_typed AS
  SELECT i.series, day, CASE WHEN units >= 0 THEN units ELSE -1 END AS units
  FROM offline_history h JOIN history_ids i ON h.sku IS NOT DISTINCT FROM i.sku AND h.store IS NOT DISTINCT FROM i.store`;

export const KEYED = `
CREATE TEMP VIEW rows_keyed AS FROM rows_typed WHERE line IS NOT NULL AND origin_day IS NOT NULL AND target_day IS NOT NULL;
CREATE TEMP VIEW history_keyed AS FROM history_typed WHERE series IS NOT NULL AND day IS NOT NULL;
`;

/** Bits of a mask, which is a signed integer of 64 of them. */
const MASK = 62;

/**
 * Groups in which a day appears more than once: as many days as rows need as many bits of a mask. Hardly any group does,
 * and looking into these only saves a table as long as the backtest itself.
 */
export const SUSPECT_ROWS = suspects('rows_suspect', 'rows_keyed', 'series, origin_day', 'target_day - origin_day');
export const SUSPECT_HISTORY = suspects('history_suspect', 'history_keyed', 'series', "day - DATE '1970-01-01'");

function suspects(table: string, from: string, group: string, offset: string): string {
  return `CREATE TABLE ${table} AS SELECT DISTINCT ${group} FROM (
    SELECT ${group} FROM (SELECT ${group}, ${offset} AS days FROM ${from})
    GROUP BY ${group}, days - (days % ${MASK} + ${MASK}) % ${MASK}
    HAVING bit_count(bit_or(1::BIGINT << ((days % ${MASK} + ${MASK}) % ${MASK}))) <> count(*))`;
}

/** `rows_kept`: one row per key; repeated rows collapse by value, keys with conflicting values are left out whole. */
export const SETTLE_ROWS = `
CREATE TABLE rows_distinct AS SELECT DISTINCT * FROM rows_keyed SEMI JOIN rows_suspect USING (series, origin_day);
CREATE TABLE keys AS SELECT series, origin_day, target_day, count(*) AS versions FROM rows_distinct GROUP BY ALL;
CREATE TABLE rows_settled AS SELECT rows_distinct.* FROM rows_distinct
  JOIN keys USING (series, origin_day, target_day) WHERE versions = 1;
CREATE TEMP VIEW rows_kept AS SELECT * FROM rows_keyed ANTI JOIN rows_suspect USING (series, origin_day)
  UNION ALL FROM rows_settled;
CREATE TEMP VIEW key_counts AS SELECT
  (SELECT count(*) FROM rows_keyed SEMI JOIN rows_suspect USING (series, origin_day)) - (SELECT count(*) FROM rows_distinct) AS duplicate_rows,
  (SELECT count(*) FROM keys WHERE versions > 1) AS conflicting_keys;
`;
export const ROWS_ARE_SETTLED = `
CREATE TEMP VIEW rows_kept AS FROM rows_keyed;
CREATE TEMP VIEW key_counts AS SELECT 0 AS duplicate_rows, 0 AS conflicting_keys;
`;

/** `history`: one record per series and day; of conflicting records none is usable. */
export const SETTLE_HISTORY = `
CREATE TABLE history_settled AS SELECT series, day, min(units) AS least, max(units) AS most
  FROM history_keyed SEMI JOIN history_suspect USING (series) GROUP BY series, day;
CREATE TEMP VIEW history AS SELECT series, day, units FROM history_keyed ANTI JOIN history_suspect USING (series)
  UNION ALL SELECT series, day, CASE WHEN least = most THEN most ELSE -1 END FROM history_settled;
CREATE TEMP VIEW history_conflicts AS SELECT count(*) AS conflicting_keys FROM history_settled WHERE least <> most;
`;
export const HISTORY_IS_SETTLED = `
CREATE TEMP VIEW history AS FROM history_keyed;
CREATE TEMP VIEW history_conflicts AS SELECT 0 AS conflicting_keys;
`;

/** What is known of the whole backtest before any of it is summed. */
export const ORIGINS =
  'SELECT CAST(origin_day AS VARCHAR) AS origin, count(*) AS n FROM rows_keyed GROUP BY origin_day ORDER BY origin_day';
export const FOLDS_WITH_MANY_ORIGINS = `SELECT count(*) AS folds FROM (
  SELECT fold_name FROM (SELECT line, min(origin_day) AS first, max(origin_day) AS last FROM rows_keyed GROUP BY line)
    JOIN lines USING (line) WHERE fold_name IS NOT NULL GROUP BY fold_name HAVING min(first) < max(last))`;
/** `known_series`: what has a record up to the first origin, with its first sale; a record of no use sold nothing. */
export const KNOWN_SERIES = `CREATE TABLE known_series AS SELECT series, min(h.day) FILTER (units > 0) AS first_sale,
  coalesce(sum(units) FILTER (units > 0), 0) AS units FROM history h, cutoff WHERE h.day <= cutoff.day GROUP BY series`;
export const SKU_UNITS =
  'SELECT sku, CAST(sum(units) AS DOUBLE) AS units FROM known_series JOIN series USING (series) GROUP BY sku';

/**
 * Scales of MASE and RMSSE on dense history: each day from the first sale to the cutoff, 0 without a record. With
 * |x - y| = x + y - 2 min(x, y) and (x - y)^2 = x^2 + y^2 - 2xy only days with demand need to meet. A day whose record
 * is of no use is unknown, and no pair with it counts.
 */
export function profileHistory(season: number): string {
  return `
CREATE TABLE first_sales AS SELECT series, first_sale FROM known_series WHERE first_sale IS NOT NULL;
CREATE TABLE active AS SELECT series, h.day, h.units, first_sale, cutoff.day AS last
  FROM history h JOIN first_sales USING (series), cutoff WHERE h.day BETWEEN first_sale AND cutoff.day AND h.units <> 0;
CREATE TEMP MACRO pairs_of(day, first_sale, last, lag) AS CAST(day >= first_sale + lag AS INTEGER) + CAST(day <= last - lag AS INTEGER);
CREATE TABLE profiles AS SELECT series, first_sale, last - first_sale + 1 AS days,
  count(*) FILTER (units > 0) AS demand_days, sum(units) FILTER (units > 0) AS total,
  sum(units::HUGEINT * units) FILTER (units > 0) AS squares,
  coalesce(sum(units) FILTER (units > 0 AND day > last - 28), 0) AS recent,
  sum(units * pairs_of(day, first_sale, last, ${season})) FILTER (units > 0) AS season_sides,
  coalesce(sum(pairs_of(day, first_sale, last, ${season})) FILTER (units < 0), 0) AS season_unknown,
  sum(units::HUGEINT * units * pairs_of(day, first_sale, last, 1)) FILTER (units > 0) AS day_sides,
  coalesce(sum(pairs_of(day, first_sale, last, 1)) FILTER (units < 0), 0) AS day_unknown
  FROM active GROUP BY series, first_sale, last;
${pairSums('season_pairs', season, 'least(a.units, p.units)', 'greatest(a.units, p.units)')};
${pairSums('day_pairs', 1, 'a.units::HUGEINT * p.units', 'greatest(a.units, p.units)::HUGEINT * greatest(a.units, p.units)')};
CREATE TABLE scales AS SELECT series, first_sale, recent,
  season_sides - 2 * coalesce(s.both, 0) - coalesce(s.half_known, 0) AS season_difference,
  greatest(0, days - ${season}) - season_unknown + coalesce(s.none_known, 0) AS season_pairs,
  day_sides - 2 * coalesce(d.both, 0) - coalesce(d.half_known, 0) AS day_difference,
  greatest(0, days - 1) - day_unknown + coalesce(d.none_known, 0) AS day_pairs
  FROM profiles LEFT JOIN season_pairs s USING (series) LEFT JOIN day_pairs d USING (series);
`;
}

/** What only the scales and profiles are made of. */
export const DROP_ACTIVE = 'DROP TABLE active; DROP TABLE season_pairs; DROP TABLE day_pairs';

/** Series of the backtest; `listed` are those that have a row left. */
export const NAME_BACKTEST_SERIES = `CREATE TABLE backtest_series AS SELECT series, kept.series IS NOT NULL AS listed
  FROM (SELECT DISTINCT series FROM lines) LEFT JOIN (SELECT DISTINCT series FROM rows_judged) kept USING (series)`;

/** Demand of the series with these numbers up to the first origin. */
export function profilesOf({ after, upTo }: { readonly after: number; readonly upTo: number }): string {
  return `SELECT series, sku, store, listed, coalesce(days, 0) AS days, coalesce(demand_days, 0) AS demand_days,
  CAST(coalesce(total, 0) AS VARCHAR) AS total, CAST(coalesce(squares, 0) AS VARCHAR) AS squares
FROM backtest_series JOIN series USING (series) LEFT JOIN profiles USING (series) WHERE series > ${after} AND series <= ${upTo}`;
}

function pairSums(table: string, lag: number, both: string, known: string): string {
  return `CREATE TABLE ${table} AS SELECT a.series,
  coalesce(sum(${both}) FILTER (a.units > 0 AND p.units > 0), 0) AS both,
  coalesce(sum(${known}) FILTER ((a.units > 0) <> (p.units > 0)), 0) AS half_known,
  count(*) FILTER (a.units < 0 AND p.units < 0) AS none_known
  FROM active a JOIN active p ON p.series = a.series AND p.day = a.day - ${lag} GROUP BY a.series`;
}

/**
 * Which part a series belongs to, by a hash that is the same everywhere and always: the first 32 bits of the MD5 of SKU,
 * unit separator and store.
 */
export function assignShards(shards: number): string {
  return `CREATE TABLE shards AS SELECT *,
  CAST(CAST('0x' || left(md5(sku || chr(31) || store), 8) AS UBIGINT) % ${shards} AS INTEGER) AS shard FROM series`;
}

/** Canonical tables of one part. What has no readable key is counted in the first. */
export function shardOf(shape: OfflineShape, shard: number): Readonly<Record<'rows' | 'history', string>> {
  const values = valueColumns(shape).map((column) =>
    column === 'horizon_ok'
      ? 'CASE WHEN horizon_ok THEN CAST(target_day - origin_day AS INTEGER) END AS horizon'
      : column,
  );
  const names = [
    'region_name AS region',
    ...(shape.category ? ['category_name AS category'] : []),
    ...(shape.fold ? ['fold_name AS fold'] : []),
  ];
  return {
    rows: `SELECT origin_day, target_day, sku, store, ${[...names, ...values].join(', ')}
  FROM rows_typed LEFT JOIN lines USING (line) LEFT JOIN shards ON shards.series = rows_typed.series WHERE coalesce(shard, 0) = ${shard}`,
    history: `SELECT sku, store, day, units FROM history_typed LEFT JOIN shards USING (series) WHERE coalesce(shard, 0) = ${shard}`,
  };
}

/** As `shardOf`, of what was recorded; what belongs to no series of the backtest is of no use. */
export function recordedShardOf(shard: number): Readonly<Record<'recordedActuals' | 'recordedBaseline', string>> {
  const of = (table: string) => `SELECT r.* FROM ${table} r
  JOIN shards s ON s.sku = cell_text(r.sku) AND s.store = cell_text(r.store) WHERE shard = ${shard}`;
  return { recordedActuals: of('recorded_actuals'), recordedBaseline: of('recorded_baseline') };
}

function textColumns({ category, fold }: OfflineShape): readonly string[] {
  return ['sku', 'store', 'region', ...(category ? ['category'] : []), ...(fold ? ['fold'] : [])];
}

/** Everything of a row but its key and names. */
export function valueColumns(shape: OfflineShape): readonly string[] {
  const dates = [...(shape.trained ? ['trained'] : []), ...(shape.features ? ['features'] : [])];
  return ['horizon_ok', ...dates, 'y', 'c', 'b', ...quantileColumns(shape)];
}
