import { CANARY_METRICS } from './canary-sums.ts';

/** The statements that turn the tables of stage-sql.ts into the sums of the canary judge. */

/** Who was asked for, as it was told at each step; from this the arms are computed anew. */
export const ASKED = 'SELECT DISTINCT sku, store, region, category, segments, step FROM records';

/** Filled by the caller, as text, with the arm of each row of `ASKED`: canary, control, or none for who may not be in it. */
export const ASSIGNMENT =
  'CREATE TEMP TABLE assigned (sku VARCHAR, store VARCHAR, region VARCHAR, category VARCHAR, segments VARCHAR, step VARCHAR, cluster VARCHAR, arm VARCHAR)';

export interface CanaryTables {
  /** Index of the plan's last step. */
  readonly last: number;
  /** Share of a day's series whose outcome must be known before the day is closed. */
  readonly minShare: number;
  /** Days of mean demand that a stock may cover. */
  readonly coverDays: number;
  /** Days before the canary that it is compared with itself by. */
  readonly daysBefore: number;
}

/**
 * `day_rows`: of each series and target day the latest forecast; `days`: the step that a day belongs to, the earlier one
 * where a step changed amid it, but not for the few series that are asked for no more, of which old forecasts are left; `look_days`: closed days of the last step; `stock`: outcomes with overstock filled in.
 */
export function daysSql(t: CanaryTables): string {
  return `
CREATE TEMP TABLE units AS SELECT sku, store, CAST(step AS INTEGER) AS step, min(cluster) AS cluster,
  CASE WHEN count(DISTINCT arm) = 1 THEN min(arm) ELSE 'mixed' END AS arm FROM assigned GROUP BY sku, store, step;
CREATE TEMP TABLE day_rows AS FROM pairs QUALIFY row_number() OVER (PARTITION BY sku, store, target ORDER BY origin DESC) = 1;
CREATE TEMP TABLE days AS
SELECT r.target AS day, quantile_disc(r.step, ${1 - t.minShare}) AS step, bool_or(r.c_there) AND bool_or(r.p_there)
  AND count(*) FILTER (coalesce(o.y_kind, 'missing') <> 'missing') >= ${t.minShare} * count(*) - 1e-9 AS closed
FROM day_rows r LEFT JOIN outcomes o ON o.day = r.target AND o.sku = r.sku AND o.store = r.store GROUP BY r.target;
CREATE TEMP TABLE look_days AS SELECT day, row_number() OVER (ORDER BY day) AS look FROM days WHERE closed AND step = ${t.last};
CREATE TEMP TABLE last_units AS SELECT sku, store, cluster, arm FROM units WHERE step = ${t.last} AND arm IN ('canary', 'control');
CREATE TEMP TABLE stock AS
SELECT day, sku, store, y, stockout,
  coalesce(overstock, CASE WHEN on_hand IS NOT NULL AND count(y) OVER lately > 0
    THEN greatest(0, on_hand - ${t.coverDays} * sum(y) OVER lately // count(y) OVER lately) END) AS overstock
FROM outcomes
WINDOW lately AS (PARTITION BY sku, store ORDER BY day RANGE BETWEEN INTERVAL 27 DAYS PRECEDING AND CURRENT ROW);
CREATE TEMP TABLE measured AS
SELECT r.target AS day, u.cluster, u.arm, u.sku, u.store, r.c, r.p, s.y, s.stockout, s.overstock FROM day_rows r
JOIN look_days l ON l.day = r.target AND r.step = ${t.last} JOIN last_units u ON u.sku = r.sku AND u.store = r.store
JOIN stock s ON s.day = r.target AND s.sku = r.sku AND s.store = r.store;
CREATE TEMP TABLE compared AS FROM measured
WHERE arm = 'canary' AND c IS NOT NULL AND p IS NOT NULL AND y IS NOT NULL AND NOT coalesce(stockout, false);
CREATE TEMP TABLE before AS
SELECT s.day, u.cluster, u.arm, s.y, s.stockout, s.overstock FROM stock s
JOIN last_units u ON u.sku = s.sku AND u.store = s.store, (SELECT min(target) AS day FROM pairs) first_day
WHERE s.day >= first_day.day - ${t.daysBefore} AND s.day < first_day.day;
`;
}

export const STEP_SUMS = `
WITH assigned_rows AS (
  SELECT p.*, coalesce(d.closed, false) AS closed FROM pairs p
  JOIN units u ON u.sku = p.sku AND u.store = p.store AND u.step = p.step LEFT JOIN days d ON d.day = p.target WHERE u.arm = 'canary'),
counted AS (
  SELECT step, count(*) FILTER (c_kind <> 'conflict') AS expected, count(*) FILTER (c_kind = 'conflict') AS conflicting,
    count(*) FILTER (c_kind = 'missing') AS missing, count(*) FILTER (c_kind = 'nonfinite') AS nonfinite,
    count(*) FILTER (c_kind = 'negative') AS negative
  FROM assigned_rows WHERE c_there OR closed GROUP BY step),
misled AS (
  SELECT r.step, count(DISTINCT (r.sku, r.store)) AS outside FROM records r
  JOIN assigned a ON a.sku = r.sku AND a.store = r.store AND a.region = r.region AND a.category = r.category
    AND a.segments = r.segments AND CAST(a.step AS INTEGER) = r.step
  WHERE r.arm = 'canary' AND a.arm <> 'canary' GROUP BY r.step),
held AS (SELECT step, count(*) AS days FROM days WHERE closed GROUP BY step)
SELECT e.step, coalesce(expected, 0) AS expected, coalesce(missing, 0) AS missing, coalesce(nonfinite, 0) AS nonfinite,
  coalesce(negative, 0) AS negative, coalesce(conflicting, 0) AS conflicting, coalesce(outside, 0) AS outside, coalesce(days, 0) AS "closedDays"
FROM (SELECT DISTINCT step FROM exposures) e LEFT JOIN counted USING (step) LEFT JOIN misled USING (step) LEFT JOIN held USING (step)
ORDER BY e.step`;

export const CLOSED_DAYS = 'SELECT CAST(day AS VARCHAR) AS day FROM days WHERE closed ORDER BY day';

export const UNIT_COUNTS = `
WITH newest AS (FROM units WHERE step = (SELECT max(step) FROM units))
SELECT count(*) FILTER (arm = 'canary') AS canary, count(*) FILTER (arm = 'control') AS control, count(*) FILTER (arm = 'mixed') AS mixed FROM newest`;

const [PAIRED, STOCKOUT, OVERSTOCK] = CANARY_METRICS;

/** Numerator and denominator of the two stock metrics, from `measured` or from `before`. */
function stockTerms(table: string): string {
  return `SELECT '${STOCKOUT}' AS metric, arm, cluster, day, CAST(stockout AS HUGEINT) AS n, 1::HUGEINT AS d FROM ${table} WHERE stockout IS NOT NULL
    UNION ALL SELECT '${OVERSTOCK}', arm, cluster, day, overstock::HUGEINT, y::HUGEINT FROM ${table} WHERE overstock IS NOT NULL AND y IS NOT NULL`;
}

const PRODUCTS = ['n*n', 'n*d', 'd*d', 'n0*n0', 'n0*d0', 'd0*d0', 'n*n0', 'n*d0', 'd*n0', 'd*d0'] as const;

/** Per look, metric and arm: moments over the clusters, each with everything up to that day. */
export const LOOK_MOMENTS = `
WITH terms AS (
  ${stockTerms('measured')}
  UNION ALL SELECT '${PAIRED}', arm, cluster, day, abs(c - y)::HUGEINT, abs(p - y)::HUGEINT FROM compared),
daily AS (SELECT metric, arm, cluster, day, sum(n)::HUGEINT AS n, sum(d)::HUGEINT AS d FROM terms GROUP BY ALL),
earlier AS (SELECT metric, arm, cluster, sum(n)::HUGEINT AS n0, sum(d)::HUGEINT AS d0 FROM (${stockTerms('before')}) GROUP BY ALL),
grid AS (SELECT metric, arm, cluster, look, day FROM (SELECT DISTINCT metric, arm, cluster FROM daily), look_days),
grown AS (
  SELECT g.metric, g.arm, g.cluster, g.look, g.day, sum(coalesce(t.n, 0)) OVER upto AS n, sum(coalesce(t.d, 0)) OVER upto AS d, count(t.n) OVER upto AS seen
  FROM grid g LEFT JOIN daily t ON t.metric = g.metric AND t.arm = g.arm AND t.cluster = g.cluster AND t.day = g.day
  WINDOW upto AS (PARTITION BY g.metric, g.arm, g.cluster ORDER BY g.look)),
clusters AS (
  SELECT metric, arm, look, day, n::HUGEINT AS n, d::HUGEINT AS d, coalesce(n0, 0)::HUGEINT AS n0, coalesce(d0, 0)::HUGEINT AS d0
  FROM grown LEFT JOIN earlier USING (metric, arm, cluster) WHERE seen > 0)
SELECT look, CAST(day AS VARCHAR) AS day, metric, arm, count(*) AS clusters,
  ${['n', 'd', 'n0', 'd0'].map((name) => `sum(${name})::HUGEINT AS ${name}`).join(', ')},
  ${PRODUCTS.map((term) => `sum(${term})::HUGEINT AS ${term.replace('*', '')}`).join(', ')}
FROM clusters GROUP BY look, day, metric, arm ORDER BY look, metric, arm`;

export const SEGMENT_ERRORS = `
WITH named AS (
  SELECT unnest(list_filter(['region:' || s.region, 'category:' || s.category], name -> name NOT IN ('region:', 'category:'))) AS segment, c.*
  FROM compared c JOIN series s ON s.sku = c.sku AND s.store = c.store)
SELECT segment, count(*) AS rows, count(DISTINCT (sku, store)) AS series, sum(y)::HUGEINT AS actual,
  sum(abs(c - y))::HUGEINT AS "candidateError", sum(abs(p - y))::HUGEINT AS "comparatorError"
FROM named GROUP BY segment ORDER BY segment`;

export const LOOK_DAYS = 'SELECT CAST(day AS VARCHAR) AS day FROM look_days ORDER BY look';
