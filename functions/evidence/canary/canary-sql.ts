import { CANARY_METRICS, type CanaryMetric } from './canary-config.ts';

/**
 * The statements that turn the canonical tables of a canary into sums. Units are integers of a millionth, so that sums
 * are exact.
 *
 * `canary_rows`: one row per period (pre, post), day and series; null where a value is not known or not usable.
 * `cluster_arms`: every arm that a cluster was seen in. `assignment`: the frozen cohort, where there is one.
 * `look_days`: the closed days since the canary began, numbered from 1; a look has everything up to its day.
 */
export const CANARY_TABLES = `
CREATE TEMP TABLE canary_rows (period VARCHAR, day DATE, cluster VARCHAR, arm VARCHAR, sku VARCHAR, store VARCHAR,
  units BIGINT, forecast BIGINT, stockout BOOLEAN, overstock BIGINT, shadow_forecast BIGINT);
CREATE TEMP TABLE cluster_arms (cluster VARCHAR, arm VARCHAR);
CREATE TEMP TABLE assignment (cluster VARCHAR, arm VARCHAR);
CREATE TEMP TABLE look_days (day DATE, look INTEGER);
`;

/** How the rows are told apart. */
export interface SettleRequest {
  /** There is an assignment. */
  readonly frozen: boolean;
  /** The metrics that are wanted. */
  readonly metrics?: readonly CanaryMetric[];
}

/**
 * `contaminated`: clusters in both arms, or outside their frozen one, or in the canary without having been assigned;
 * `clean_rows`: the rows of all others, and with a frozen cohort of its clusters alone; `canary_terms`: numerator and
 * denominator of each metric by row.
 */
export function settleArmsSql({ frozen, metrics = CANARY_METRICS }: SettleRequest): string {
  const outside = frozen ? `OR a.arms > 1 OR a.arm <> s.arm OR (a.arm IS NULL AND s.arm = 'canary')` : '';
  return `
CREATE TEMP TABLE contaminated AS
WITH seen AS (SELECT cluster, min(arm) AS arm, count(DISTINCT arm) AS arms FROM cluster_arms GROUP BY cluster),
frozen AS (SELECT cluster, min(arm) AS arm, count(DISTINCT arm) AS arms FROM assignment GROUP BY cluster)
SELECT s.cluster FROM seen s LEFT JOIN frozen a ON a.cluster = s.cluster WHERE s.arms > 1 ${outside};
CREATE TEMP VIEW clean_rows AS FROM canary_rows r
WHERE NOT EXISTS (SELECT 1 FROM contaminated c WHERE c.cluster = r.cluster)
  ${frozen ? 'AND EXISTS (SELECT 1 FROM assignment a WHERE a.cluster = r.cluster)' : ''};
CREATE TEMP VIEW canary_terms AS ${metrics.map(termsOf).join('\nUNION ALL ')};
`;
}

/**
 * Numerator and denominator of each metric by row: served error per unit, the same against production's forecast on the
 * same rows, stocked-out rows per row, overstock per unit sold. What was sold on a day that sold out is not what was
 * wanted, so such rows say nothing of accuracy.
 */
const SOLD = 'NOT coalesce(stockout, false)';
const METRIC_TERMS: Readonly<Record<CanaryMetric, { readonly n: string; readonly d: string; readonly where: string }>> =
  {
    wape: { n: 'abs(forecast - units)', d: 'units', where: `forecast IS NOT NULL AND units IS NOT NULL AND ${SOLD}` },
    paired_wape: {
      n: 'abs(forecast - units)',
      d: 'abs(shadow_forecast - units)',
      where: `arm = 'canary' AND period = 'post' AND forecast IS NOT NULL AND shadow_forecast IS NOT NULL AND units IS NOT NULL AND ${SOLD}`,
    },
    stockout: { n: 'stockout::INTEGER', d: '1', where: 'stockout IS NOT NULL' },
    overstock: { n: 'overstock', d: 'units', where: 'overstock IS NOT NULL AND units IS NOT NULL' },
  };

function termsOf(metric: CanaryMetric): string {
  const { n, d, where } = METRIC_TERMS[metric];
  return `SELECT '${metric}' AS metric, period, arm, cluster, day, (${n})::HUGEINT AS n, (${d})::HUGEINT AS d FROM clean_rows WHERE ${where}`;
}

const PRODUCTS = ['n*n', 'n*d', 'd*d', 'n0*n0', 'n0*d0', 'd0*d0', 'n*n0', 'n*d0', 'd*n0', 'd*d0'] as const;

/** Sums over clusters of numerators and denominators, and of their products. */
export const MOMENTS = [
  'count(*) AS clusters',
  ...['n', 'd', 'n0', 'd0'].map((name) => `sum(${name})::HUGEINT AS ${name}`),
  ...PRODUCTS.map((term) => `sum(${term})::HUGEINT AS ${term.replace('*', '')}`),
].join(', ');

/** Per look from `from` on, metric and arm: moments over the clusters that returned data, each with everything up to that day. */
export function lookMomentsSql({ from }: { readonly from: number }): string {
  return `
WITH daily AS (SELECT metric, arm, cluster, day, sum(n)::HUGEINT AS n, sum(d)::HUGEINT AS d FROM canary_terms WHERE period = 'post' GROUP BY ALL),
earlier AS (SELECT metric, arm, cluster, sum(n)::HUGEINT AS n0, sum(d)::HUGEINT AS d0 FROM canary_terms WHERE period = 'pre' GROUP BY ALL),
grid AS (SELECT metric, arm, cluster, look, day FROM (SELECT DISTINCT metric, arm, cluster FROM daily), look_days),
grown AS (
  SELECT g.metric, g.arm, g.cluster, g.look, sum(coalesce(t.n, 0)) OVER upto AS n, sum(coalesce(t.d, 0)) OVER upto AS d, count(t.n) OVER upto AS seen
  FROM grid g LEFT JOIN daily t ON t.metric = g.metric AND t.arm = g.arm AND t.cluster = g.cluster AND t.day = g.day
  WINDOW upto AS (PARTITION BY g.metric, g.arm, g.cluster ORDER BY g.look)),
clusters AS (
  SELECT metric, arm, look, n::HUGEINT AS n, d::HUGEINT AS d, coalesce(n0, 0)::HUGEINT AS n0, coalesce(d0, 0)::HUGEINT AS d0
  FROM grown LEFT JOIN earlier USING (metric, arm, cluster) WHERE seen > 0 AND look >= ${from})
SELECT look, metric, arm, ${MOMENTS} FROM clusters GROUP BY look, metric, arm ORDER BY look, metric, arm`;
}

/** As `lookMomentsSql` of the newest look alone, which needs no sums by day. */
export const NEWEST_MOMENTS = `
WITH clusters AS (
  SELECT metric, arm, cluster, ${['n', 'd'].map((name) => `coalesce(sum(${name}) FILTER (period = 'post'), 0)::HUGEINT AS ${name}, coalesce(sum(${name}) FILTER (period = 'pre'), 0)::HUGEINT AS ${name}0`).join(', ')}
  FROM canary_terms GROUP BY metric, arm, cluster HAVING count(*) FILTER (period = 'post') > 0)
SELECT (SELECT max(look) FROM look_days) AS look, metric, arm, ${MOMENTS} FROM clusters GROUP BY metric, arm ORDER BY metric, arm`;

/** Per metric what it came to before the canary, over all clusters. */
export const BEFORE_SUMS = `
SELECT metric, sum(n)::HUGEINT AS n, sum(d)::HUGEINT AS d FROM canary_terms WHERE period = 'pre' GROUP BY metric ORDER BY metric`;

/** Per look and arm the clusters that returned data. */
export const RETURNED_CLUSTERS = `
WITH first_seen AS (SELECT cluster, arm, min(day) AS day FROM clean_rows WHERE period = 'post' GROUP BY ALL)
SELECT l.look, count(*) FILTER (s.arm = 'canary') AS canary, count(*) FILTER (s.arm = 'control') AS control
FROM look_days l LEFT JOIN first_seen s ON s.day <= l.day GROUP BY l.look ORDER BY l.look`;

export const LOOK_DAYS = 'SELECT CAST(day AS VARCHAR) AS day, look FROM look_days ORDER BY look';
export const ARM_CONFLICTS = 'SELECT count(*) AS conflicts FROM contaminated';
