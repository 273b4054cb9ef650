import { binOfSql } from '../shadow/shadow-sql.ts';
import { literal } from '../stages/stage-sql.ts';
import { H2 } from '../statistics/histogram.ts';

/** Units that a series' own level is taken for at least. */
const LEVEL_FLOOR = 0.1;
/** Days whose input is compared with the reference: a whole week, for weekdays differ. */
const INPUT_DAYS = 7;

/*
 * The statements over the tables of a stage (stage-sql.ts) that say how a promoted version and its comparators did, day
 * by day. Units are integers of a millionth, ratios of them integers of 1e-12, so that sums are exact.
 */

export interface Compared {
  readonly version: string;
  /** The version before; empty: there is none. */
  readonly previous: string;
}

/** Forecasts of each as-of date, of the version and of the one before. */
export function countsSql({ version, previous }: Compared): string {
  const of = (name: string, kinds: string) => `count(*) FILTER (version = ${literal(name)} AND ${kinds})`;
  const sides = [
    ['asked', 'missing', 'invalid', version],
    ['"comparatorAsked"', '"comparatorMissing"', '"comparatorInvalid"', previous],
  ] as const;
  const columns = sides.map(
    ([asked, missing, invalid, name]) =>
      `${of(name, 'true')} AS ${asked}, ${of(name, "kind = 'missing'")} AS ${missing}, ${of(name, "kind IN ('nonfinite', 'negative')")} AS ${invalid}`,
  );
  const own = `FILTER (version = ${literal(version)})`;
  const spread = `count(DISTINCT store) ${own} AS stores, count(DISTINCT sku) ${own} AS skus, count(DISTINCT nullif(region, '')) ${own} AS regions`;
  return `SELECT CAST(origin AS VARCHAR) AS date, ${columns.join(',\n  ')}, ${spread}
FROM forecasts LEFT JOIN series USING (sku, store) GROUP BY origin ORDER BY origin`;
}

/** Days whose outcomes have to be known for the version's forecasts, and for the seasonal naive ones of the same keys. */
export function neededDaysSql({ version }: Compared): string {
  return `
WITH own AS (SELECT DISTINCT target, origin FROM forecasts WHERE version = ${literal(version)})
SELECT CAST(day AS VARCHAR) AS day FROM (SELECT target AS day FROM own UNION SELECT ${naiveDay('own')} FROM own) ORDER BY day`;
}

/** The latest same weekday that was known when the forecast was made. */
function naiveDay(row: string): string {
  return `${row}.target - CAST(7 * ((${row}.target - ${row}.origin + 6) // 7) AS INTEGER)`;
}

/**
 * `guard_rows`: the version's usable forecasts of days whose sales are known, with those of the version before and with
 * the seasonal naive ones where there are any. What was sold on a day that sold out is not what was wanted, so such rows
 * say nothing of accuracy.
 */
export function guardRowsSql({ version, previous }: Compared): string {
  return `
CREATE TEMP TABLE guard_rows AS
SELECT v.target, v.x AS c, p.x AS p, n.y AS s, o.y AS y
FROM forecasts v
JOIN outcomes o ON o.day = v.target AND o.sku = v.sku AND o.store = v.store AND o.y IS NOT NULL AND NOT coalesce(o.stockout, false)
LEFT JOIN forecasts p ON p.version = ${literal(previous)} AND p.kind = 'ok' AND p.origin = v.origin AND p.target = v.target AND p.sku = v.sku AND p.store = v.store
LEFT JOIN outcomes n ON n.day = ${naiveDay('v')} AND n.sku = v.sku AND n.store = v.store AND n.y IS NOT NULL
WHERE v.version = ${literal(version)} AND v.kind = 'ok';
CREATE TEMP TABLE guard_keys AS
SELECT v.target, count(*) AS keys, count(*) FILTER (${KNOWN}) AS known,
  count(DISTINCT v.store) AS stores, count(DISTINCT v.store) FILTER (${KNOWN}) AS known_stores
FROM forecasts v LEFT JOIN outcomes o ON o.day = v.target AND o.sku = v.sku AND o.store = v.store
WHERE v.version = ${literal(version)} GROUP BY v.target;
`;
}

/** What was sold of a forecast is known, whatever it was. */
const KNOWN = "coalesce(o.y_kind, 'missing') <> 'missing'";

/** Per target day: how many forecasts have an outcome, and the errors of the version and of both comparators. */
export const DAY_ERRORS = `
SELECT CAST(k.target AS VARCHAR) AS date, min(k.keys) AS keys, min(k.known) AS known,
  min(k.stores) AS stores, min(k.known_stores) AS "knownStores",
  ${errors('p', 'previous')}, ${errors('s', 'naive')}
FROM guard_keys k LEFT JOIN guard_rows r ON r.target = k.target GROUP BY k.target ORDER BY k.target`;

function errors(column: 'p' | 's', name: string): string {
  const both = `FILTER (r.${column} IS NOT NULL)`;
  return `count(r.${column}) AS "${name}Rows", coalesce(sum(abs(r.c - r.y)) ${both}, 0)::HUGEINT AS "${name}Own",
  coalesce(sum(abs(r.${column} - r.y)) ${both}, 0)::HUGEINT AS "${name}Error"`;
}

/**
 * `guard_levels`: each series that the version forecasts, with its mean demand on the reference days; `guard_ratios`: the
 * demand of each day over that mean, at least the floor. Days are quoted dates; `closed` are all of them.
 */
export function levelRatiosSql(days: {
  readonly reference: readonly string[];
  readonly closed: readonly string[];
}): string {
  return `
CREATE TEMP TABLE guard_series AS SELECT DISTINCT sku, store FROM forecasts;
CREATE TEMP TABLE guard_levels AS
SELECT o.sku, o.store, count(*)::HUGEINT AS n, sum(o.y)::HUGEINT AS total FROM outcomes o JOIN guard_series USING (sku, store)
WHERE o.y IS NOT NULL AND o.day IN (${dates(days.reference)}) GROUP BY ALL;
CREATE TEMP TABLE guard_ratios AS
SELECT o.day, o.sku, o.store, CASE WHEN l.total < l.n * micro(${LEVEL_FLOOR}) THEN CAST(o.y AS DOUBLE) / micro(${LEVEL_FLOOR})
  ELSE CAST(o.y * l.n AS DOUBLE) / CAST(l.total AS DOUBLE) END AS ratio
FROM outcomes o JOIN guard_levels l USING (sku, store) WHERE o.y IS NOT NULL AND o.day IN (${dates(days.closed)});
`;
}

const BINS = `${binOfSql('ratio', H2.edges)} AS bin, count(*) AS n, sum(CAST(round(ratio * 1e12) AS HUGEINT))::HUGEINT AS total`;

/** Histogram of the level ratios of the reference days, and how many series are in it. */
export function referenceRatiosSql(reference: readonly string[]): string {
  return `SELECT ${BINS} FROM guard_ratios WHERE day IN (${dates(reference)}) GROUP BY bin ORDER BY bin`;
}

/** The same of the week up to each of the days. */
export function weekRatiosSql(live: readonly string[]): string {
  return `
WITH live AS (SELECT unnest([${dates(live)}]) AS until)
SELECT CAST(until AS VARCHAR) AS date, ${BINS}
FROM live JOIN guard_ratios r ON r.day > until - ${INPUT_DAYS} AND r.day <= until GROUP BY until, bin ORDER BY until, bin`;
}

/** Series in the reference, and in the week up to each of the days. */
export function seriesCountsSql(reference: readonly string[], live: readonly string[]): string {
  return `
WITH live AS (SELECT unnest([${dates(live)}]) AS until)
SELECT '' AS date, count(DISTINCT (sku, store)) AS series FROM guard_ratios WHERE day IN (${dates(reference)})
UNION ALL SELECT CAST(until AS VARCHAR), count(DISTINCT (r.sku, r.store))
FROM live JOIN guard_ratios r ON r.day > until - ${INPUT_DAYS} AND r.day <= until GROUP BY until`;
}

function dates(days: readonly string[]): string {
  return days.map((day) => `DATE ${literal(day)}`).join(', ');
}
