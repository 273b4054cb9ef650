-- How far a shadow is from what was served for the same units and days, by the business date of the request: how many of
-- its forecasts are no number from 0 on, and of the others the difference of the sums and of each, as a share of the served.
WITH forecasts AS (
  SELECT "date", requestid, revision, store, sku, targetdate, arm, version, units
  FROM predictions
  WHERE model = 'demand'
    AND "date" BETWEEN '2026-03-01' AND '2026-03-31'
),
pairs AS (
  SELECT shadow."date", shadow.version, served.units AS served_units,
    -- Neither NaN nor an infinity lies between two numbers.
    CASE WHEN shadow.units BETWEEN 0 AND 1e300 THEN shadow.units END AS shadow_units
  FROM forecasts AS shadow
  JOIN forecasts AS served
    ON served."date" = shadow."date"
    AND served.requestid = shadow.requestid
    AND served.revision = shadow.revision
    AND served.store = shadow.store
    AND served.sku = shadow.sku
    AND served.targetdate = shadow.targetdate
  WHERE shadow.arm = 'shadow'
    AND shadow.version = '2.0.0'
    AND served.arm IN ('production', 'canary', 'fallback')
)
SELECT "date", version,
  count(*) AS forecasts,
  count(*) - count(shadow_units) AS unusable,
  sum(shadow_units - served_units) / nullif(sum(CASE WHEN shadow_units IS NOT NULL THEN served_units END), 0) AS bias,
  sum(abs(shadow_units - served_units)) / nullif(sum(CASE WHEN shadow_units IS NOT NULL THEN served_units END), 0) AS distance
FROM pairs
GROUP BY "date", version
ORDER BY "date"
