import { literal } from '../stages/stage-sql.ts';

/*
 * The statements that settle what the system itself recorded of a backtest's dates: sales by day, and the forecasts of
 * the version that the candidate is compared with. They use the macros of cell-sql.ts. A key that was recorded with
 * different values, or without a usable one, says nothing about what was submitted and is left out.
 */

/** Text columns of a logged forecast that are needed here. */
export const FORECAST_TEXTS = ['version', 'sku', 'store', 'targetDate', 'horizonDays', 'units'] as const;
/** Text columns of an outcome that are needed here. */
export const SALES_TEXTS = ['date', 'sku', 'store', 'units'] as const;

/** More than any series sells in a day. */
const MAX_UNITS = '1e7';

/** Filled by the caller, as text. */
export const RECORDED_TABLES = `
CREATE TEMP TABLE forecast_texts (${FORECAST_TEXTS.map((name) => `"${name}" VARCHAR`).join(', ')});
CREATE TEMP TABLE sales_texts (file_day VARCHAR, ${SALES_TEXTS.map((name) => `"${name}" VARCHAR`).join(', ')});
`;

/** `recorded_baseline`: one row per origin, SKU, store and target that the version forecast, in millionths of a unit. */
export function settleForecasts(version: string): string {
  return `
CREATE TEMP TABLE recorded_baseline AS
WITH typed AS (SELECT cell_text(sku) AS sku, cell_text(store) AS store, cell_date("targetDate") AS target, cell_number(units) AS x,
    cell_kind(cell_text(units), cell_number(units), ${MAX_UNITS}) AS kind,
    CASE WHEN regexp_full_match("horizonDays", '[1-9][0-9]{0,3}') THEN CAST("horizonDays" AS INTEGER) END AS horizon
  FROM forecast_texts WHERE version = ${literal(version)}),
keyed AS (SELECT *, CASE WHEN kind = 'ok' THEN micro(x) END AS units FROM typed
  WHERE sku IS NOT NULL AND store IS NOT NULL AND target IS NOT NULL AND horizon IS NOT NULL)
SELECT target - horizon AS origin_date, sku, store, target AS target_date, min(units) AS units FROM keyed
GROUP BY ALL HAVING bool_and(kind = 'ok') AND min(units) = max(units)`;
}

/** `recorded_actuals`: one row per SKU, store and day, in millionths of a unit; returns are negative. */
export const SETTLE_SALES = `
CREATE TEMP TABLE recorded_actuals AS
WITH typed AS (SELECT cell_text(sku) AS sku, cell_text(store) AS store, cell_date("date") AS day, CAST(file_day AS DATE) AS file_day,
    cell_number(units) AS x, cell_kind(cell_text(units), cell_number(units), ${MAX_UNITS}) AS kind FROM sales_texts),
keyed AS (SELECT *, CASE WHEN kind IN ('ok', 'negative') THEN micro(x) END AS units FROM typed
  WHERE sku IS NOT NULL AND store IS NOT NULL AND day = file_day)
SELECT sku, store, day AS date, min(units) AS units FROM keyed
GROUP BY ALL HAVING bool_and(kind IN ('ok', 'negative')) AND min(units) = max(units)`;

/** Writes a settled table as a file with units as numbers, which the judge reads like a submitted one. */
export function exportSql(table: 'recorded_baseline' | 'recorded_actuals', path: string): string {
  return `COPY (SELECT * REPLACE (CAST(units AS DOUBLE) / 1000000 AS units) FROM ${table}) TO ${literal(path)} (FORMAT parquet)`;
}
