-- What a recall of a version would name: its forecasts that were served since an instant, and that nothing served later for
-- the same unit and day has replaced.
WITH served AS (
  SELECT store, sku, targetdate, version, units, "at",
    row_number() OVER (PARTITION BY store, sku, targetdate ORDER BY "at" DESC) AS place
  FROM predictions
  WHERE model = 'demand'
    AND "date" >= '2026-03-01'
    AND arm IN ('production', 'canary', 'fallback')
)
SELECT store, sku, targetdate, units, "at"
FROM served
WHERE place = 1
  AND version = '2.0.0'
  AND "at" >= '2026-03-02T00:00:00.000Z'
ORDER BY store, sku, targetdate
