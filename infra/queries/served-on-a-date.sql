-- Which version served a unit on a business date, for which days, and with what. A request that was repeated may be there
-- with more than one time of day: the caller holds what was served last.
SELECT targetdate, units, version, arm, "at", revision, promotionid, requestid
FROM predictions
WHERE model = 'demand'
  AND "date" = '2026-03-01'
  AND arm IN ('production', 'canary', 'fallback')
  AND store = 'harbour'
  AND sku = 'milk'
ORDER BY targetdate, "at"
