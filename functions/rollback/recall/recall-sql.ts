import { literal } from '../../evidence/stages/stage-sql.ts';

/*
 * The statements that make the list of recalled forecasts from the lines of the log, and count it. They use the macros of
 * cell-sql.ts. Units are what callers got: a number.
 */

/** Members of a record that a list has, as the log has them. */
export const SERVED_TEXTS = [
  ...(['at', 'model', 'version', 'arm', 'sku', 'store', 'region', 'category', 'targetDate'] as const),
  ...(['horizonDays', 'units', 'revision', 'promotionId', 'requestId'] as const),
] as const;

const LIST_COLUMNS = {
  ...{ at: 'VARCHAR', model: 'VARCHAR', version: 'VARCHAR', arm: 'VARCHAR', sku: 'VARCHAR', store: 'VARCHAR' },
  ...{ region: 'VARCHAR', category: 'VARCHAR', asOf: 'DATE', targetDate: 'DATE', units: 'DOUBLE', revision: 'BIGINT' },
  ...{ promotionId: 'VARCHAR', requestId: 'VARCHAR', supersededByLater: 'BOOLEAN' },
} as const;

type ListMember = keyof typeof LIST_COLUMNS;

/** Made anew for each load: a table that is only emptied keeps its memory. */
const EMPTY = `CREATE OR REPLACE TEMP TABLE served_texts (${SERVED_TEXTS.map((name) => `"${name}" VARCHAR`).join(', ')});`;

/** `served_texts`: lines of some objects, as text. The others grow with each. */
export const TABLES = `
${EMPTY}
CREATE TEMP TABLE unread (lines BIGINT);
CREATE TABLE recalled ("at" VARCHAR, moment TIMESTAMP, model VARCHAR, version VARCHAR, arm VARCHAR, sku VARCHAR, store VARCHAR,
  region VARCHAR, category VARCHAR, origin DATE, target DATE, units DOUBLE, revision BIGINT, promotion VARCHAR, request VARCHAR);
CREATE TABLE later (sku VARCHAR, store VARCHAR, target DATE, moment TIMESTAMP);
`;

const TYPED = `
WITH typed AS (SELECT *, TRY_CAST("at" AS TIMESTAMP) AS moment, cell_date("targetDate") AS target, cell_number(units) AS number,
  CASE WHEN regexp_full_match("horizonDays", '[1-9][0-9]{0,3}') THEN CAST("horizonDays" AS INTEGER) END AS horizon
  FROM served_texts),
checked AS (SELECT *, coalesce(moment IS NOT NULL AND target IS NOT NULL AND isfinite(number) AND sku <> '' AND store <> '', false) AS readable
  FROM typed)`;

/**
 * Adds the lines of the withdrawn version to `recalled`, and counts those that are none: of a version's own objects each
 * line is a forecast that somebody got.
 */
export function recallSql(version: string): string {
  const own = `readable AND horizon IS NOT NULL AND version = ${literal(version)}`;
  return `
INSERT INTO unread ${TYPED} SELECT count(*) FILTER (NOT coalesce(${own}, false)) FROM checked;
INSERT INTO recalled ${TYPED}
SELECT "at", moment, model, version, arm, sku, store, coalesce(region, ''), coalesce(category, ''), target - horizon, target, number,
  TRY_CAST(revision AS BIGINT), coalesce("promotionId", ''), coalesce("requestId", '') FROM checked WHERE coalesce(${own}, false);
${EMPTY}`;
}

/** Units and days that were forecast by the version: only what else was served for them matters from here on. */
export const RECALLED_KEYS = `
CREATE TABLE recalled_keys AS SELECT sku, store, target, min(moment) AS moment FROM recalled GROUP BY ALL`;

/** Adds the newest of the lines that was served for each of those units and days after the version's first forecast. */
export const REPLACE = `
INSERT INTO later ${TYPED}
SELECT c.sku, c.store, c.target, max(c.moment) FROM checked c JOIN recalled_keys k USING (sku, store, target)
WHERE c.readable AND c.moment > k.moment GROUP BY ALL;
${EMPTY}`;

export const UNREAD =
  'SELECT coalesce(sum(lines), 0) AS lines, (SELECT count(*) FROM recalled) AS recalled FROM unread';

/** Writes the list as gzipped NDJSON: the same log gives the same lines in the same order. */
export function writeListSql(path: string): string {
  return `
CREATE TABLE newest AS SELECT sku, store, target, max(moment) AS moment
FROM (SELECT sku, store, target, moment FROM recalled UNION ALL FROM later) GROUP BY ALL;
COPY (
  SELECT r."at", r.model, r.version, r.arm, r.sku, r.store, r.region, r.category, r.origin AS "asOf", r.target AS "targetDate", r.units,
    r.revision, r.promotion AS "promotionId", r.request AS "requestId", r.moment < n.moment AS "supersededByLater"
  FROM recalled r JOIN newest n USING (sku, store, target)
  ORDER BY r.store, r.sku, r.target, r."at", r.request, r.revision
) TO ${literal(path)} (FORMAT json, COMPRESSION gzip)`;
}

/** `list`: of the lines of lists as they were written these members, which is all that a statement below asks for. */
export function readListsSql(paths: readonly string[], members: readonly ListMember[]): string {
  const columns = Object.entries(LIST_COLUMNS).map(([name, type]) => `"${name}": '${type}'`);
  return `CREATE TABLE list AS SELECT ${members.map((name) => `"${name}"`).join(', ')} FROM read_json([${paths.map(literal).join(', ')}],
    format = 'newline_delimited', compression = 'gzip', columns = {${columns.join(', ')}})`;
}

export const COUNTED_MEMBERS = ['at', 'sku', 'store', 'region', 'targetDate', 'supersededByLater'] as const;

/** What a list comes to. `from`: the first business date that was still to come. */
export function countListSql(from: string): string {
  return `
SELECT count(*) AS forecasts, ${REPLACED}, ${toCome(from)}, count(DISTINCT (sku, store)) AS units, count(DISTINCT store) AS stores,
  count(DISTINCT "targetDate") AS days, ${SPAN}, min("at") AS "servedFrom", max("at") AS "servedUntil" FROM list`;
}

export function byTargetDateSql(from: string): string {
  return `
SELECT CAST("targetDate" AS VARCHAR) AS "targetDate", count(*) AS forecasts, ${REPLACED}, ${toCome(from)} FROM list
GROUP BY "targetDate" ORDER BY "targetDate"`;
}

export function byStoreSql(from: string): string {
  return `
SELECT store, region, count(*) AS forecasts, ${REPLACED}, ${toCome(from)}, ${SPAN} FROM list
GROUP BY store, region ORDER BY store, region`;
}

const SPAN = `CAST(min("targetDate") AS VARCHAR) AS "firstTargetDate", CAST(max("targetDate") AS VARCHAR) AS "lastTargetDate"`;
const REPLACED = 'count(*) FILTER ("supersededByLater") AS replaced';

function toCome(from: string): string {
  return `count(*) FILTER (NOT "supersededByLater" AND "targetDate" >= DATE ${literal(from)}) AS "toCome"`;
}

/** What tells the objects of the log that lists were made from: the parts of their names. */
export const NAMING_MEMBERS = ['asOf', 'arm', 'version', 'requestId', 'revision'] as const;
export const LISTED_OBJECTS = `
SELECT DISTINCT CAST("asOf" AS VARCHAR) AS "asOf", arm, version, "requestId", CAST(revision AS VARCHAR) AS revision FROM list`;
