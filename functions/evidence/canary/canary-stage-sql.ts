import { literal } from '../stages/stage-sql.ts';
import { usualSql } from '../stages/usual-sql.ts';

/** The statements that fill the canonical tables of a canary (canary-sql.ts) from the tables of stage-sql.ts. */

/** Who was asked for, as it was told at each step; from this the arms are computed anew. */
export const ASKED = 'SELECT DISTINCT sku, store, region, category, segments, step FROM records';

/** Filled by the caller, as text, with the arm of each row of `ASKED`: canary, control, or none for who may not be in it. */
export const ASSIGNED =
  'CREATE TEMP TABLE assigned (sku VARCHAR, store VARCHAR, region VARCHAR, category VARCHAR, segments VARCHAR, step VARCHAR, cluster VARCHAR, arm VARCHAR)';

export interface StageTables {
  /** Index of the plan's last step. */
  readonly last: number;
  /** Share of a day's series whose outcome must be known before the day is closed. */
  readonly minShare: number;
  /** Days of mean demand that a stock may cover. */
  readonly coverDays: number;
  /** Days before the canary that it is compared with itself by. */
  readonly daysBefore: number;
  readonly candidate: string;
  /** The version, or the safe forecast, that serves the control. */
  readonly production: string;
}

/**
 * `units`: the arm of each series at each step, `mixed` where its own requests disagree. `stock`: outcomes with overstock
 * filled in from what lay on the shelf.
 */
export function unitsSql({ coverDays }: Pick<StageTables, 'coverDays'>): string {
  return `
CREATE TEMP TABLE units AS SELECT sku, store, CAST(step AS INTEGER) AS step, min(cluster) AS cluster,
  CASE WHEN count(DISTINCT arm) = 1 THEN min(arm) ELSE 'mixed' END AS arm FROM assigned GROUP BY sku, store, step;
CREATE TEMP TABLE stock AS
SELECT day, sku, store, y, stockout,
  coalesce(overstock, CASE WHEN on_hand IS NOT NULL AND count(y) OVER lately > 0
    THEN greatest(0, on_hand - ${coverDays} * sum(y) OVER lately // count(y) OVER lately) END)::BIGINT AS overstock
FROM outcomes
WINDOW lately AS (PARTITION BY sku, store ORDER BY day RANGE BETWEEN INTERVAL 27 DAYS PRECEDING AND CURRENT ROW);
`;
}

/**
 * `day_rows`: of each series and target day the latest forecast. `days`: the step that a day belongs to, the earlier one
 * where a step changed amid it, but not for the few series that are asked for no more, of which old forecasts are left.
 * A day is `held` when it is closed and came after the dates that the steps before were asked on: forecasts of days gone
 * by, made up for later, are no days of a step. Looks are the held days of the last step: on the first of them the cohort
 * is frozen as the plan draws it, and whoever comes later is compared with nobody. Who was served by the candidate without
 * being of its cohort was seen in the canary.
 */
export function canaryRowsSql(t: StageTables): string {
  return `
CREATE TEMP TABLE day_rows AS FROM pairs QUALIFY row_number() OVER (PARTITION BY sku, store, target ORDER BY origin DESC) = 1;
CREATE TEMP TABLE days AS
WITH found AS (
  SELECT r.target AS day, quantile_disc(r.step, ${1 - t.minShare}) AS step, count(*) AS rows, bool_or(r.c_there) AND bool_or(r.p_there)
    AND count(*) FILTER (coalesce(o.y_kind, 'missing') <> 'missing') >= ${t.minShare} * count(*) - 1e-9 AS closed
  FROM day_rows r LEFT JOIN outcomes o ON o.day = r.target AND o.sku = r.sku AND o.store = r.store GROUP BY r.target),
asked AS (SELECT origin AS day, step, count(*) AS rows FROM pairs GROUP BY origin, step),
left_behind AS (
  SELECT step, max(day) AS day FROM (${usualSql('asked')}) WHERE usual AND day <= (SELECT max(day) FROM outcomes) GROUP BY step)
SELECT day, step, closed, usual,
  closed AND usual AND NOT EXISTS (SELECT 1 FROM left_behind b WHERE b.step < f.step AND b.day >= f.day) AS held
FROM (${usualSql('found')}) f;
INSERT INTO look_days SELECT day, row_number() OVER (ORDER BY day) FROM days WHERE held AND step = ${t.last};
CREATE TEMP TABLE last_units AS SELECT sku, store, cluster, arm FROM units WHERE step = ${t.last} AND arm IN ('canary', 'control');
CREATE TEMP TABLE strays AS
SELECT DISTINCT a.cluster, r.step, r.sku, r.store FROM records r JOIN assigned a ON a.sku = r.sku AND a.store = r.store
  AND a.region = r.region AND a.category = r.category AND a.segments = r.segments AND CAST(a.step AS INTEGER) = r.step
WHERE r.arm = 'canary' AND a.arm <> 'canary';
INSERT INTO assignment SELECT DISTINCT u.cluster, u.arm FROM last_units u JOIN day_rows r ON r.sku = u.sku AND r.store = u.store
WHERE r.target <= (SELECT min(day) FROM look_days);
INSERT INTO cluster_arms SELECT cluster, arm FROM assignment UNION SELECT cluster, 'canary' FROM strays WHERE step = ${t.last};
INSERT INTO canary_rows BY NAME
SELECT 'post' AS period, r.target AS day, u.cluster, u.arm, u.sku, u.store, s.y AS units,
  CASE WHEN u.arm = 'canary' THEN r.c ELSE r.p END AS forecast, s.stockout, s.overstock,
  CASE WHEN u.arm = 'canary' THEN r.p END AS shadow_forecast
FROM day_rows r JOIN look_days l ON l.day = r.target AND r.step = ${t.last} JOIN last_units u ON u.sku = r.sku AND u.store = r.store
JOIN stock s ON s.day = r.target AND s.sku = r.sku AND s.store = r.store
UNION ALL BY NAME SELECT 'pre' AS period, s.day, u.cluster, u.arm, u.sku, u.store, s.y AS units, NULL::BIGINT AS forecast,
  s.stockout, s.overstock, NULL::BIGINT AS shadow_forecast
FROM stock s JOIN last_units u ON u.sku = s.sku AND u.store = s.store,
  (SELECT min(day) AS day FROM days WHERE usual) first_day
WHERE s.day >= first_day.day - ${t.daysBefore} AND s.day < first_day.day;
`;
}

/**
 * Operations by as-of date, step and arm. Forecasts of a day that is still being logged are not missing yet. An
 * invocation is an error of an arm when none of its forecasts by the arm's version, for the arm's units, can be used;
 * how long it took is not in the log.
 */
export function opsWindowsSql({ candidate, production }: Pick<StageTables, 'candidate' | 'production'>): string {
  const counts = (kind: string) =>
    ['missing', 'nonfinite', 'negative'].map((one) => `count(*) FILTER (${kind} = '${one}') AS "${one}"`).join(', ');
  const forecasts = (arm: string, side: 'c' | 'p') => `
  SELECT p.step, p.origin, '${arm}' AS arm, count(*) FILTER (${side}_kind <> 'conflict') AS expected, ${counts(`${side}_kind`)}
  FROM pairs p JOIN units u ON u.sku = p.sku AND u.store = p.store AND u.step = p.step AND u.arm = '${arm}'
  LEFT JOIN days d ON d.day = p.target WHERE ${side}_there OR coalesce(d.closed, false) GROUP BY p.step, p.origin`;
  return `
WITH forecasts AS (${forecasts('canary', 'c')} UNION ALL ${forecasts('control', 'p')}),
invocations AS (
  SELECT r.step, r.origin, u.arm, r.request, bool_or(r.kind = 'ok') AS usable
  FROM records r JOIN units u ON u.sku = r.sku AND u.store = r.store AND u.step = r.step
  WHERE (u.arm = 'canary' AND r.version = ${literal(candidate)}) OR (u.arm = 'control' AND r.version = ${literal(production)})
  GROUP BY ALL),
requested AS (SELECT step, origin, arm, count(*) AS requests, count(*) FILTER (NOT usable) AS errors FROM invocations GROUP BY ALL)
SELECT step, CAST(origin AS VARCHAR) AS "window", arm, coalesce(requests, 0) AS requests, coalesce(errors, 0) AS errors,
  ${['expected', 'missing', 'nonfinite', 'negative'].map((one) => `coalesce("${one}", 0) AS "${one}"`).join(', ')}
FROM forecasts FULL JOIN requested USING (step, origin, arm) ORDER BY step, origin, arm`;
}

export const STEPS = `
WITH outside AS (SELECT step, count(DISTINCT (sku, store)) AS outside FROM strays GROUP BY step),
held AS (SELECT step, count(*) AS days FROM days WHERE held GROUP BY step)
SELECT e.step, coalesce(outside, 0) AS outside, coalesce(days, 0) AS "closedDays"
FROM (SELECT DISTINCT step FROM exposures) e LEFT JOIN outside USING (step) LEFT JOIN held USING (step) ORDER BY e.step`;

export const CLOSED_DAYS = 'SELECT CAST(day AS VARCHAR) AS day FROM days WHERE held ORDER BY day';

export const UNIT_COUNTS = `
WITH newest AS (FROM units WHERE step = (SELECT max(step) FROM units))
SELECT count(*) FILTER (arm = 'canary') AS canary, count(*) FILTER (arm = 'control') AS control, count(*) FILTER (arm = 'mixed') AS mixed FROM newest`;

export const ROWS_USED = 'SELECT count(*) AS rows FROM canary_rows';

/** Accuracy of both versions on the canary's rows, by segment, with sums of squares over the series for its error. */
export const SEGMENT_SUMS = `
WITH rows AS (
  SELECT r.*, s.region, s.category FROM clean_rows r JOIN series s ON s.sku = r.sku AND s.store = r.store
  WHERE r.period = 'post' AND r.arm = 'canary' AND forecast IS NOT NULL AND shadow_forecast IS NOT NULL AND units IS NOT NULL AND NOT coalesce(stockout, false)),
named AS (SELECT 'region:' || region AS segment, * FROM rows WHERE region <> '' UNION ALL SELECT 'category:' || category, * FROM rows WHERE category <> ''),
by_series AS (
  SELECT segment, sku, store, count(*) AS rows, sum(units)::HUGEINT AS actual, sum(forecast)::HUGEINT AS candidate,
    sum(shadow_forecast)::HUGEINT AS production, sum(abs(forecast - units))::HUGEINT AS a, sum(abs(shadow_forecast - units))::HUGEINT AS b
  FROM named GROUP BY ALL)
SELECT segment, sum(rows)::HUGEINT AS rows, count(*) AS groups, ${['actual', 'candidate', 'production', 'a', 'b'].map((name) => `sum(${name})::HUGEINT AS ${name}`).join(', ')},
  sum(a * a)::HUGEINT AS aa, sum(a * b)::HUGEINT AS ab, sum(b * b)::HUGEINT AS bb
FROM by_series GROUP BY segment ORDER BY segment`;
