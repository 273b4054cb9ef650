/**
 * The statements that turn the prediction log and the outcomes of a stage into tables, for both judges of running
 * candidates. They use the macros of offline-sql.ts. Units are integers of a millionth, so that sums are exact and depend
 * neither on the order of rows nor on how the log is cut into objects.
 */

/** More than any series sells in a day; such numbers count as not finite, and squared sums stay within 128 bits. */
const MAX_UNITS = '1e7';

/** Text columns of a record, as the log has them. */
export const RECORD_COLUMNS = [
  ...(['at', 'version', 'arm', 'sku', 'store', 'region', 'category', 'segments'] as const),
  ...(['targetDate', 'horizonDays', 'units', 'revision', 'promotionId', 'requestId'] as const),
] as const;

/** Text columns of an outcome. */
export const OUTCOME_TEXTS = ['date', 'sku', 'store', 'units', 'on_hand', 'stockout', 'overstock_units'] as const;

/** Filled by the caller, as text: the documents that exposed the candidate, and dates of which the log is damaged. */
export const PARAMETERS = `
CREATE TEMP TABLE exposure_texts (revision VARCHAR, step VARCHAR, until_at VARCHAR);
CREATE TEMP TABLE damaged_dates (day VARCHAR);
CREATE TEMP TABLE record_texts (${RECORD_COLUMNS.map((name) => `"${name}" VARCHAR`).join(', ')});
CREATE TEMP TABLE outcome_texts (file_day VARCHAR, ${OUTCOME_TEXTS.map((name) => `"${name}" VARCHAR`).join(', ')});
`;

/**
 * `records`: the lines of the log that are evidence of the stage. Past its bound an exposure serves production alone, so
 * that what was logged then says nothing about the candidate. Without a promotion its records are those of all. What they
 * are made from is dropped on the way: a log of millions of lines is spilled to disk three times over otherwise.
 */
export function readRecordsSql(of: { readonly promotionId: string | null; readonly candidate: string }): string {
  const promoted = of.promotionId === null ? 'true' : `l.promotion = ${literal(of.promotionId)}`;
  return `
CREATE TEMP TABLE exposures AS
SELECT CAST(revision AS INTEGER) AS revision, CAST(step AS INTEGER) AS step, CAST(until_at AS TIMESTAMP) AS until_at FROM exposure_texts;
CREATE TEMP TABLE lines AS
WITH typed AS (SELECT *, cell_date("targetDate") AS target, cell_number(units) AS unit_number,
  CASE WHEN regexp_full_match("horizonDays", '[1-9][0-9]{0,3}') THEN CAST("horizonDays" AS INTEGER) END AS horizon,
  CASE WHEN regexp_full_match(revision, '[0-9]{1,9}') THEN CAST(revision AS INTEGER) END AS document,
  TRY_CAST("at" AS TIMESTAMP) AS logged FROM record_texts)
SELECT target - horizon AS origin, target, sku, store, coalesce(region, '') AS region, coalesce(category, '') AS category,
  coalesce(segments, '[]') AS segments, version, arm, document AS revision, logged, "promotionId" AS promotion,
  coalesce("requestId", '') AS request,
  cell_kind(cell_text(units), unit_number, ${MAX_UNITS}) AS kind, unit_number,
  target IS NOT NULL AND horizon IS NOT NULL AND document IS NOT NULL AND logged IS NOT NULL AND sku <> '' AND store <> ''
    AND version <> '' AND arm IN ('production', 'canary', 'fallback', 'shadow') AS readable
FROM typed;
DROP TABLE record_texts;
CREATE TEMP TABLE line_counts AS SELECT count(*) FILTER (NOT coalesce(readable, false)) AS unreadable,
  count(*) FILTER (coalesce(readable, false) AND origin NOT IN (SELECT CAST(day AS DATE) FROM damaged_dates)) AS sound FROM lines;
CREATE TEMP TABLE records AS
SELECT l.origin, l.target, l.sku, l.store, l.region, l.category, l.segments, l.version, l.arm, l.revision, l.request, e.step, l.kind,
  CASE WHEN l.kind IN ('ok', 'negative') THEN micro(l.unit_number) END AS x
FROM lines l JOIN exposures e USING (revision)
WHERE coalesce(l.readable, false) AND ${promoted} AND l.logged < e.until_at
  AND l.origin NOT IN (SELECT CAST(day AS DATE) FROM damaged_dates);
DROP TABLE lines;
${settleSql(of.candidate)}`;
}

/**
 * `forecasts`: one row per key and version. Records that repeat another collapse, different values are a conflict, and a
 * key that was left without a forecast once is missing, whatever another attempt gave.
 * `pairs`: one row per key with both versions. The comparator is what was served beside the candidate, else what was
 * forecast for comparison. `repeated`: records of both that repeat another one.
 */
function settleSql(candidate: string): string {
  return `
CREATE TEMP TABLE forecasts AS
SELECT origin, target, sku, store, version, version = ${literal(candidate)} AS candidate, bool_or(arm <> 'shadow') AS served,
  max(revision) AS revision, max(step) AS step,
  CASE WHEN min(kind) FILTER (kind <> 'missing') <> max(kind) FILTER (kind <> 'missing') OR min(x) <> max(x) THEN 'conflict'
       WHEN bool_or(kind = 'missing') THEN 'missing' ELSE min(kind) END AS kind,
  min(x) AS x, count(*) - bool_or(kind = 'missing')::INTEGER - bool_or(kind <> 'missing')::INTEGER AS repeated
FROM records GROUP BY origin, target, sku, store, version;
CREATE TEMP TABLE series AS SELECT sku, store, min(region) AS region, min(category) AS category FROM records GROUP BY ALL;
CREATE TEMP TABLE pairs AS
WITH comparator AS (FROM forecasts WHERE NOT candidate
  QUALIFY row_number() OVER (PARTITION BY origin, target, sku, store ORDER BY served DESC, version) = 1)
SELECT origin, target, sku, store, c.version IS NOT NULL AS c_there, p.version IS NOT NULL AS p_there,
  coalesce(c.kind, 'missing') AS c_kind, coalesce(p.kind, 'missing') AS p_kind,
  CASE WHEN c.kind = 'ok' THEN c.x END AS c, CASE WHEN p.kind = 'ok' THEN p.x END AS p,
  greatest(c.revision, p.revision) AS revision, greatest(c.step, p.step) AS step,
  coalesce(c.repeated, 0) + coalesce(p.repeated, 0) AS repeated
FROM (FROM forecasts WHERE candidate) c FULL JOIN comparator p USING (origin, target, sku, store);
`;
}

/** `outcomes`: one row per day and series; rows that contradict each other are left out whole. */
export const READ_OUTCOMES = `
CREATE TEMP TABLE outcome_rows AS
WITH typed AS (SELECT *, cell_date("date") AS day, cell_number(units) AS u, cell_number(on_hand) AS h, cell_number(overstock_units) AS o,
  CASE WHEN cell_text(stockout) IN ('1', 'true', 'True', '1.0') THEN true WHEN cell_text(stockout) IN ('0', 'false', 'False', '0.0') THEN false END AS out
  FROM outcome_texts)
SELECT day, sku, store, coalesce(day = CAST(file_day AS DATE) AND sku <> '' AND store <> '', false) AS readable,
  cell_kind(cell_text(units), u, ${MAX_UNITS}) AS y_kind, CASE WHEN cell_kind(cell_text(units), u, ${MAX_UNITS}) = 'ok' THEN micro(u) END AS y,
  ${stockValue('CASE WHEN h < 0 THEN 0 ELSE h END', 'on_hand')}, ${stockValue('o', 'overstock')},
  coalesce(out, CASE WHEN isfinite(h) THEN h <= 0 END) AS stockout
FROM typed;
CREATE TEMP TABLE outcome_distinct AS SELECT DISTINCT * EXCLUDE (readable) FROM outcome_rows WHERE readable;
CREATE TEMP TABLE outcome_keys AS SELECT day, sku, store, count(*) AS versions FROM outcome_distinct GROUP BY ALL;
CREATE TEMP TABLE outcomes AS SELECT o.* FROM outcome_distinct o JOIN outcome_keys k USING (day, sku, store) WHERE k.versions = 1;
`;

export const EVIDENCE_QUALITY = `
SELECT (SELECT count(*) FROM records) AS records, (SELECT unreadable FROM line_counts) AS unreadable,
  (SELECT sound FROM line_counts) - (SELECT count(*) FROM records) AS "foreign",
  (SELECT coalesce(sum(repeated), 0) FROM forecasts WHERE kind <> 'conflict') AS duplicates,
  (SELECT count(*) FROM forecasts WHERE kind = 'conflict') AS conflicts,
  (SELECT count(DISTINCT day) FROM damaged_dates) AS "damagedOrigins", (SELECT count(*) FROM outcomes) AS outcomes,
  (SELECT count(*) FROM outcome_rows WHERE NOT readable) AS "outcomesUnreadable",
  (SELECT count(*) FROM outcome_rows WHERE readable) - (SELECT count(*) FROM outcome_distinct) AS "outcomeDuplicates",
  (SELECT count(*) FROM outcome_keys WHERE versions > 1) AS "outcomeConflicts"`;

export const STOCK = `
SELECT count(stockout) > 0 AS stockout, count(overstock) + count(on_hand) > 0 AS overstock FROM outcomes`;

function stockValue(value: string, name: string): string {
  return `CASE WHEN isfinite(${value}) AND ${value} BETWEEN 0 AND ${MAX_UNITS} THEN micro(${value}) END AS ${name}`;
}

/** A text as a value of a statement. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
