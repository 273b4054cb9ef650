import { MOMENTS } from './canary-sql.ts';

/** The statements behind the power check, over the tables of stage-sql.ts as a shadow filled them. */

/** Days that a canary is compared with itself by. */
export const DAYS_BEFORE = 28;

/**
 * Fills the canonical table of a canary with what happened before: every unit that may be in it or in its control, as if
 * all of them were in the canary, so that the metrics are those of the judge. The candidate's forecasts beside production
 * stand for those that it will serve. `power_days`: days of which outcomes are known, from the newest closed one back.
 */
export function powerRowsSql({ minShare }: { readonly minShare: number }): string {
  return `
CREATE TEMP TABLE power_units AS SELECT sku, store, cluster, arm FROM units WHERE arm IN ('canary', 'control');
CREATE TEMP TABLE power_latest AS FROM pairs QUALIFY row_number() OVER (PARTITION BY sku, store, target ORDER BY origin DESC) = 1;
CREATE TEMP TABLE power_days AS
WITH known AS (
  SELECT s.day, count(*) AS series FROM stock s JOIN power_units u ON u.sku = s.sku AND u.store = s.store WHERE s.y IS NOT NULL GROUP BY s.day),
usual AS (SELECT quantile_disc(series, 0.5) AS series FROM known)
SELECT k.day FROM known k, usual u WHERE k.series >= ${minShare} * u.series - 1e-9;
INSERT INTO canary_rows BY NAME
SELECT 'post' AS period, s.day, u.cluster, 'canary' AS arm, u.sku, u.store, s.y AS units, r.c AS forecast,
  s.stockout, s.overstock, r.p AS shadow_forecast
FROM stock s JOIN power_days d ON d.day = s.day JOIN power_units u ON u.sku = s.sku AND u.store = s.store
LEFT JOIN power_latest r ON r.sku = s.sku AND r.store = s.store AND r.target = s.day;
`;
}

export const POWER_CLUSTERS = `
SELECT count(DISTINCT cluster) FILTER (arm = 'canary') AS canary, count(DISTINCT cluster) FILTER (arm = 'control') AS control FROM power_units`;

/** Newest day, and how many days lie between it and the oldest, both included; of days with both forecasts as well. */
export const POWER_SPAN = `
SELECT (SELECT count(*) FROM power_days) AS days, CAST((SELECT max(day) FROM power_days) AS VARCHAR) AS last,
  coalesce((SELECT max(day) - min(day) + 1 FROM power_days), 0) AS span,
  coalesce((SELECT max(day) - min(day) + 1 FROM canary_terms WHERE metric = 'paired_wape'), 0) AS paired`;

/** Per metric, moments over the clusters: the last `days` days as the canary, and the 28 days before them. */
export function powerMomentsSql({ last, days }: { readonly last: string; readonly days: number }): string {
  const start = `DATE '${last}' - ${days}`;
  return `
WITH clusters AS (
  SELECT metric, cluster, coalesce(sum(n) FILTER (day > ${start}), 0)::HUGEINT AS n, coalesce(sum(d) FILTER (day > ${start}), 0)::HUGEINT AS d,
    coalesce(sum(n) FILTER (day <= ${start}), 0)::HUGEINT AS n0, coalesce(sum(d) FILTER (day <= ${start}), 0)::HUGEINT AS d0
  FROM canary_terms WHERE day <= DATE '${last}' AND day > ${start} - ${DAYS_BEFORE}
  GROUP BY metric, cluster HAVING count(*) FILTER (day > ${start}) > 0)
SELECT metric, ${MOMENTS} FROM clusters GROUP BY metric ORDER BY metric`;
}

/** Per metric what it came to in the last 28 days. */
export function powerBeforeSql({ last }: { readonly last: string }): string {
  return `
SELECT metric, sum(n)::HUGEINT AS n, sum(d)::HUGEINT AS d FROM canary_terms
WHERE day <= DATE '${last}' AND day > DATE '${last}' - ${DAYS_BEFORE} GROUP BY metric ORDER BY metric`;
}
