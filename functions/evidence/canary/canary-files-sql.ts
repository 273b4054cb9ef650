import type { CanaryConfig } from './canary-config.ts';

/** The statements that fill the canonical tables of a canary (canary-sql.ts) from its files. They use the macros of offline-sql.ts. */

/** More than any series sells in a day; larger numbers are taken for defects, and squared sums stay within 128 bits. */
const MAX_UNITS = '1e7';

/** Text columns of the outcomes; where a file has no such column, its cells are missing. */
export const CANARY_TEXTS = [
  ...(['period', 'date', 'sku', 'store', 'region', 'arm', 'units', 'forecast', 'stockout'] as const),
  ...(['overstock_units', 'shadow_forecast'] as const),
] as const;
export const OPS_COUNTS = ['requests', 'errors', 'slow', 'expected', 'missing', 'nonfinite', 'negative'] as const;
export const OPS_TEXTS = ['window', 'arm', ...OPS_COUNTS] as const;
export const ASSIGNMENT_TEXTS = ['cluster', 'arm'] as const;

const CLUSTERS: Readonly<Record<CanaryConfig['cluster'], string>> = {
  sku_store: `sku || '|' || store`,
  store: 'store',
  sku: 'sku',
  region: 'region',
};

/** `outcome_typed`: every row, parsed; `readable` where key, arm and units can be used. */
export function readOutcomesSql(cluster: CanaryConfig['cluster']): string {
  return `
CREATE TEMP TABLE outcome_typed AS
WITH texts AS (SELECT ${CANARY_TEXTS.map((name) => `cell_text("${name}") AS "${name}"`).join(', ')} FROM outcomes_file),
numbers AS (SELECT *, cell_date("date") AS day, ${numbers({ y: 'units', f: 'forecast', o: 'overstock_units', p: 'shadow_forecast' })} FROM texts)
SELECT period, day, sku, store, arm, ${CLUSTERS[cluster]} AS cluster,
  ${values({ units: 'y', forecast: 'f', overstock: 'o', shadow_forecast: 'p' })},
  CASE WHEN stockout IN ('1', 'true', 'True', '1.0') THEN true WHEN stockout IN ('0', 'false', 'False', '0.0') THEN false END AS stockout,
  coalesce(period IN ('pre', 'post') AND arm IN ('canary', 'control') AND day IS NOT NULL AND sku IS NOT NULL AND store IS NOT NULL
    AND ${CLUSTERS[cluster]} IS NOT NULL AND ${kind('units', 'y')} = 'ok', false) AS readable
FROM numbers`;
}

/** Rows that repeat another collapse by value; keys with conflicting values are left out whole. Few keys are there twice. */
export const SETTLE_OUTCOMES = `
CREATE TEMP TABLE repeated_keys AS
SELECT period, day, sku, store, count(*) AS rows FROM outcome_typed WHERE readable GROUP BY ALL HAVING count(*) > 1;
CREATE TEMP TABLE repeated_rows AS
SELECT DISTINCT o.* EXCLUDE (readable) FROM outcome_typed o SEMI JOIN repeated_keys k USING (period, day, sku, store) WHERE o.readable;
CREATE TEMP TABLE conflicts AS SELECT period, day, sku, store FROM repeated_rows GROUP BY ALL HAVING count(*) > 1;
INSERT INTO cluster_arms SELECT DISTINCT cluster, arm FROM outcome_typed WHERE readable;
INSERT INTO canary_rows BY NAME
SELECT o.* EXCLUDE (readable) FROM outcome_typed o ANTI JOIN repeated_keys k USING (period, day, sku, store) WHERE o.readable
UNION ALL SELECT r.* FROM repeated_rows r ANTI JOIN conflicts c USING (period, day, sku, store);
INSERT INTO look_days SELECT day, row_number() OVER (ORDER BY day) FROM (SELECT DISTINCT day FROM canary_rows WHERE period = 'post');
`;

export const OUTCOME_QUALITY = `
SELECT (SELECT count(*) FROM outcome_typed) AS rows, (SELECT count(*) FROM outcome_typed WHERE NOT readable) AS bad_rows,
  (SELECT coalesce(sum(rows), 0) FROM repeated_keys) - (SELECT count(*) FROM repeated_rows) AS duplicate_rows,
  (SELECT count(*) FROM conflicts) AS conflicting_keys`;

/** What is in the canonical tables is not needed twice. */
export const DROP_TYPED = 'DROP TABLE outcome_typed';

/** One row per window and arm as it was written, counts null where they are missing; equal rows are one. */
export const READ_OPS = `
CREATE TEMP TABLE ops_typed AS
WITH texts AS (SELECT DISTINCT ${OPS_TEXTS.map((name) => `cell_text("${name}") AS "${name}"`).join(', ')} FROM ops_file)
SELECT "window", arm, ${OPS_COUNTS.map((name) => `CASE WHEN cell_number("${name}") BETWEEN 0 AND 1e15 AND cell_number("${name}") = floor(cell_number("${name}")) THEN CAST(cell_number("${name}") AS BIGINT) END AS "${name}", "${name}" IS NULL AS "${name}_empty"`).join(', ')}
FROM texts;
CREATE TEMP TABLE ops_rows AS SELECT DISTINCT * FROM ops_typed`;

/** Rows that cannot be used, and windows that say two things of one arm: evidence of operations is not guessed at. */
export const OPS_FAULTS = `
SELECT count(*) FILTER ("window" IS NULL OR arm IS NULL OR arm NOT IN ('canary', 'control') OR (slow IS NULL AND NOT slow_empty)
  OR ${OPS_COUNTS.filter((name) => name !== 'slow')
    .map((name) => `"${name}" IS NULL`)
    .join(' OR ')}) AS unreadable,
  count(*) - count(DISTINCT ("window", arm)) AS contradicting FROM ops_rows`;

export const OPS_WINDOWS = `SELECT "window", arm, ${OPS_COUNTS.map((name) => `"${name}"`).join(', ')} FROM ops_rows ORDER BY "window", arm`;

export const READ_ASSIGNMENT = `
INSERT INTO assignment SELECT DISTINCT cell_text(cluster), cell_text(arm) FROM assignment_file`;
export const ASSIGNMENT_FAULTS = `
SELECT count(*) AS rows, count(*) FILTER (cluster IS NULL OR arm IS NULL OR arm NOT IN ('canary', 'control')) AS unreadable FROM assignment`;

function numbers(of: Readonly<Record<string, string>>): string {
  return Object.entries(of)
    .map(([name, text]) => `cell_number("${text}") AS ${name}`)
    .join(', ');
}

function values(of: Readonly<Record<string, string>>): string {
  const texts: Readonly<Record<string, string>> = {
    y: 'units',
    f: 'forecast',
    o: 'overstock_units',
    p: 'shadow_forecast',
  };
  return Object.entries(of)
    .map(
      ([name, number]) => `CASE WHEN ${kind(texts[number] ?? '', number)} = 'ok' THEN micro(${number}) END AS ${name}`,
    )
    .join(', ');
}

function kind(text: string, number: string): string {
  return `cell_kind("${text}", ${number}, ${MAX_UNITS})`;
}
