import type { ShadowPolicy } from '../../registry/policy.ts';

/** The statements that turn the tables of stage-sql.ts into the sums of the shadow judge. */

/**
 * `cycles`: whole demand cycles from the first target day that both versions forecast; `rows_judged`: the pairs with
 * their actuals and the forecasts of the origin before, for the same target.
 */
export function cyclesSql(t: Pick<ShadowPolicy, 'cycle_days' | 'cycle_min_actual_share'>): string {
  return `
CREATE TEMP TABLE rows_judged AS
WITH first_day AS (SELECT min(target) AS day FROM pairs WHERE c_there AND p_there),
numbered AS (SELECT p.*, (p.target - (SELECT day FROM first_day)) // ${t.cycle_days} AS cycle, o.y_kind, o.y,
    c_kind <> 'conflict' AND p_kind <> 'conflict' AS settled, p.c IS NOT NULL AND p.p IS NOT NULL AS usable, s.region, s.category
  FROM pairs p LEFT JOIN outcomes o ON o.day = p.target AND o.sku = p.sku AND o.store = p.store
  JOIN series s ON s.sku = p.sku AND s.store = p.store
  WHERE p.target >= (SELECT day FROM first_day))
SELECT *, usable AND y IS NOT NULL AS paired,
  lag(c) OVER before AS c_before, lag(p) OVER before AS p_before
FROM numbered WINDOW before AS (PARTITION BY sku, store, target, usable ORDER BY origin);
CREATE TEMP TABLE cycles AS
SELECT cycle, count(DISTINCT target) FILTER (c_there AND p_there) = ${t.cycle_days}
  AND count(*) FILTER (coalesce(y_kind, 'missing') <> 'missing') >= ${t.cycle_min_actual_share} * count(*) - 1e-9 AS complete,
  (SELECT min(target) FROM pairs WHERE c_there AND p_there) + CAST(cycle * ${t.cycle_days} AS INTEGER) AS first_day
FROM rows_judged GROUP BY cycle;
CREATE TEMP TABLE rows_grouped AS
SELECT 'overall' AS segment, * FROM rows_judged
UNION ALL SELECT 'region:' || region, * FROM rows_judged WHERE region <> ''
UNION ALL SELECT 'category:' || category, * FROM rows_judged WHERE category <> '';
`;
}

export function listCyclesSql(cycleDays: number): string {
  return `SELECT cycle, CAST(first_day AS VARCHAR) AS "from", CAST(first_day + ${cycleDays - 1} AS VARCHAR) AS "to", complete FROM cycles ORDER BY cycle`;
}

export function shadowSumsSql(t: Pick<ShadowPolicy, 'spike_ratio' | 'spike_floor'>): string {
  const spiking = `greatest(c, p, micro(${t.spike_floor})) > ${t.spike_ratio} * greatest(least(c, p), micro(${t.spike_floor}))`;
  return `
WITH fresh AS (
  SELECT segment, cycle, count(*) AS new_series FROM (
    SELECT segment, sku, store, min(cycle) AS cycle FROM rows_grouped JOIN (FROM cycles WHERE complete) USING (cycle)
    WHERE paired GROUP BY segment, sku, store) GROUP BY segment, cycle),
summed AS (
  SELECT segment, cycle, count(*) AS keys, count(*) FILTER (NOT settled) AS conflicting,
    ${['missing', 'nonfinite', 'negative'].map((kind) => `count(*) FILTER (settled AND c_kind = '${kind}') AS "candidate${kind[0]?.toUpperCase()}${kind.slice(1)}"`).join(', ')},
    count(*) FILTER (paired) AS paired,
    ${units({ actual: 'y', candidate: 'c', comparator: 'p', candidateError: 'abs(c - y)', comparatorError: 'abs(p - y)' }, 'paired')},
    count(*) FILTER (usable) AS compared, count(*) FILTER (usable AND ${spiking}) AS spikes,
    count(*) FILTER (usable AND c_before IS NOT NULL) AS revisions,
    ${units({ candidateMoved: 'abs(c - c_before)', comparatorMoved: 'abs(p - p_before)', candidateLevel: '(c + c_before)', comparatorLevel: '(p + p_before)' }, 'usable AND c_before IS NOT NULL')}
  FROM rows_grouped GROUP BY segment, cycle)
SELECT summed.*, coalesce(new_series, 0) AS "newSeries" FROM summed LEFT JOIN fresh USING (segment, cycle) ORDER BY segment, cycle`;
}

function units(columns: Readonly<Record<string, string>>, filter: string): string {
  return Object.entries(columns)
    .map(([name, term]) => `coalesce(sum(${term}) FILTER (${filter}), 0)::HUGEINT AS "${name}"`)
    .join(', ');
}
