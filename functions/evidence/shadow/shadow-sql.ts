import { H2 } from '../statistics/histogram.ts';
import { SHADOW_COLUMNS } from '../tables/inspect-backtest.ts';
import type { ShadowConfig } from './shadow-config.ts';
import type { LookScope } from './shadow-sums.ts';

/**
 * The statements that turn the canonical table of a shadow into sums. Units are integers of a millionth, ratios of them
 * integers of 1e-12, so that sums are exact.
 *
 * `shadow_rows`: one row per key. Kinds are `ok`, `missing`, `nonfinite` or `negative`; values are there where the kind is
 * `ok`. `versions`: different values that the key appears with; with more than one it counts as a conflict and nothing
 * else. `repeated`: rows beyond those.
 */
export const SHADOW_ROWS = `
CREATE TEMP TABLE shadow_rows (origin DATE, target DATE, sku VARCHAR, store VARCHAR, region VARCHAR, category VARCHAR,
  y_kind VARCHAR, y BIGINT, c_kind VARCHAR, c BIGINT, p_kind VARCHAR, p BIGINT, versions INTEGER, repeated INTEGER)`;

/** Larger numbers are taken for defects: squared sums of what is left stay exact. */
const MAX_UNITS = '1e12';

/** Text columns of a file with both forecasts side by side. */
export const ROW_TEXTS = [...SHADOW_COLUMNS, 'category'] as const;

/** `shadow_lines`: every row of the view `shadow_file`, parsed. */
export const READ_LINES = `
CREATE TEMP TABLE shadow_lines AS
WITH texts AS (SELECT ${ROW_TEXTS.map((name) => `cell_text(${name}) AS ${name}`).join(', ')} FROM shadow_file),
numbers AS (SELECT *, cell_number(actual) AS y_cell, cell_number(candidate) AS c_cell, cell_number(production) AS p_cell FROM texts)
SELECT cell_date(origin_date) AS origin, cell_date(target_date) AS target, sku, store, region, category,
  ${parsed('y', 'actual')}, ${parsed('c', 'candidate')}, ${parsed('p', 'production')}
FROM numbers`;

/** Fills `shadow_rows` from `shadow_lines`: rows that repeat another collapse, keys with different values are conflicts. */
export const SETTLE_LINES = `
INSERT INTO shadow_rows
WITH values_given AS (
  SELECT origin, target, sku, store, min(region) AS region, min(category) AS category, y_kind, y, c_kind, c, p_kind, p, count(*) AS lines
  FROM shadow_lines WHERE origin IS NOT NULL AND target IS NOT NULL AND sku IS NOT NULL AND store IS NOT NULL
  GROUP BY origin, target, sku, store, y_kind, y, c_kind, c, p_kind, p)
SELECT origin, target, sku, store, min(region), min(category), min(y_kind), min(y), min(c_kind), min(c), min(p_kind), min(p),
  count(*), sum(lines) - count(*)
FROM values_given GROUP BY origin, target, sku, store`;

/**
 * Fills `shadow_rows` from the tables of a stage (stage-sql.ts), from the first target day that both versions forecast: what
 * was logged for days before says nothing of the candidate. An outcome that contradicts itself is not known yet.
 */
export const SETTLE_PAIRS = `
INSERT INTO shadow_rows
SELECT p.origin, p.target, p.sku, p.store, s.region, s.category, coalesce(o.y_kind, 'missing'), o.y, p.c_kind, p.c, p.p_kind, p.p,
  CASE WHEN 'conflict' IN (p.c_kind, p.p_kind) THEN 2 ELSE 1 END, p.repeated
FROM pairs p JOIN series s ON s.sku = p.sku AND s.store = p.store
LEFT JOIN outcomes o ON o.day = p.target AND o.sku = p.sku AND o.store = p.store
WHERE p.target >= (SELECT min(target) FROM pairs WHERE c_there AND p_there)`;

/** Rows that have no readable key. */
export const UNREADABLE_LINES = `
SELECT count(*) AS lines, count(*) FILTER (origin IS NULL OR target IS NULL OR sku IS NULL OR store IS NULL) AS unreadable FROM shadow_lines`;

const usable = (row: string) => `${row}versions = 1 AND ${row}c IS NOT NULL AND ${row}p IS NOT NULL`;
const USABLE = usable('');
const PAIRED = `${USABLE} AND y IS NOT NULL`;
const ERRORS = { candidateError: 'abs(c - y)', productionError: 'abs(p - y)' };
const ACCURACY = { actual: 'y', candidate: 'c', production: 'p', ...ERRORS };

export function daySumsSql({ spike_ratio, spike_floor }: Pick<ShadowConfig, 'spike_ratio' | 'spike_floor'>): string {
  const spiking = `greatest(c, p, micro(${spike_floor})) > ${spike_ratio} * greatest(least(c, p), micro(${spike_floor}))`;
  return `
WITH revised AS (
  SELECT target, c, p, lag(c) OVER before AS c_before, lag(p) OVER before AS p_before FROM shadow_rows WHERE ${USABLE}
  WINDOW before AS (PARTITION BY sku, store, target ORDER BY origin)),
moves AS (
  SELECT target, count(*) AS revisions, ${units(
    { candidateMoved: 'abs(c - c_before)', productionMoved: 'abs(p - p_before)' },
    'true',
  )}, ${units({ candidateBoth: 'c + c_before', productionBoth: 'p + p_before' }, 'true')}
  FROM revised WHERE c_before IS NOT NULL GROUP BY target),
summed AS (
  SELECT target, max(target - origin) AS longest, count(*) FILTER (versions = 1) AS keys,
    count(*) FILTER (versions > 1) AS conflicts, coalesce(sum(versions) FILTER (versions > 1), 0) AS conflicting,
    sum(repeated) AS repeated, ${kinds({ c: 'candidate', p: 'production' })},
    count(*) FILTER (versions = 1 AND y_kind = 'missing') AS "actualMissing",
    count(*) FILTER (versions = 1 AND y_kind IN ('nonfinite', 'negative')) AS "actualInvalid",
    count(*) FILTER (${PAIRED}) AS paired, ${units(ACCURACY, PAIRED)},
    count(*) FILTER (${USABLE}) AS usable, ${units({ candidateUnits: 'c', productionUnits: 'p' }, USABLE)},
    count(*) FILTER (${USABLE} AND ${spiking}) AS spikes
  FROM shadow_rows GROUP BY target)
SELECT CAST(target AS VARCHAR) AS day, * EXCLUDE (target) REPLACE (
  ${['revisions', '"candidateMoved"', '"productionMoved"', '"candidateBoth"', '"productionBoth"'].map((name) => `coalesce(${name}, 0) AS ${name}`).join(', ')})
FROM summed LEFT JOIN moves USING (target) ORDER BY target`;
}

/** `shadow_blocks`: each series in each cycle. */
export function blocksSql({ first, cycleDays }: Pick<LookScope, 'first' | 'cycleDays'>): string {
  return `
CREATE OR REPLACE TEMP TABLE shadow_blocks AS
SELECT sku, store, (target - DATE '${first}') // ${cycleDays} AS cycle, min(region) AS region, min(category) AS category,
  count(*) FILTER (${USABLE}) AS usable, ${units({ level: 'p' }, USABLE)},
  count(*) FILTER (${PAIRED}) AS paired, ${units(ACCURACY, PAIRED)}
FROM shadow_rows WHERE versions = 1 GROUP BY sku, store, cycle`;
}

/**
 * `shadow_errors`: the series of complete cycles with their errors, and the segments that they are of. `shadow_levels`:
 * production's forecasts of each series, summed over all cycles up to the last, and in how many of them there are any.
 */
export function seriesSql({ judged, upTo }: LookScope): string {
  const names = ['paired', ...Object.keys(ACCURACY).map((name) => `"${name}"`)];
  return `
CREATE OR REPLACE TEMP TABLE shadow_errors AS
SELECT min(region) AS region, min(category) AS category, ${names.map((name) => `sum(${name})::HUGEINT AS ${name}`).join(', ')}
FROM shadow_blocks WHERE cycle IN (${['NULL', ...judged].join(', ')}) AND paired > 0 GROUP BY sku, store;
CREATE OR REPLACE TEMP TABLE shadow_levels AS
SELECT sku, store, sum(usable)::HUGEINT AS n, sum("level")::HUGEINT AS total, count(*) AS blocks
FROM shadow_blocks WHERE usable > 0 ${upTo === null ? '' : `AND cycle <= ${upTo}`} GROUP BY sku, store;
`;
}

/** Parts of a product of long integers: each of them stays within 128 bits. */
const PART = '1000000000000::HUGEINT';

/** Sums over groups of a², ab and b², in three parts each (`high`, `middle`, `low`). */
function squares(): string {
  const parts = { a: '"candidateError"', b: '"productionError"' };
  const high = (name: 'a' | 'b') => `(${parts[name]} // ${PART})`;
  const low = (name: 'a' | 'b') => `(${parts[name]} % ${PART})`;
  return (
    [
      ['a', 'a'],
      ['a', 'b'],
      ['b', 'b'],
    ] as const
  )
    .map(([x, y]) =>
      [
        `coalesce(sum(${high(x)} * ${high(y)}), 0)::HUGEINT AS ${x}${y}_high`,
        `coalesce(sum(${high(x)} * ${low(y)} + ${low(x)} * ${high(y)}), 0)::HUGEINT AS ${x}${y}_middle`,
        `coalesce(sum(${low(x)} * ${low(y)}), 0)::HUGEINT AS ${x}${y}_low`,
      ].join(', '),
    )
    .join(',\n  ');
}

export const SERIES_SUMS = `SELECT count(*) AS groups, ${squares()} FROM shadow_errors`;

export const SEGMENT_SUMS = `
WITH grouped AS (
  SELECT 'region:' || region AS segment, * FROM shadow_errors WHERE region <> ''
  UNION ALL SELECT 'category:' || category, * FROM shadow_errors WHERE category <> '')
SELECT segment, sum(paired)::HUGEINT AS rows, ${Object.keys(ACCURACY)
  .map((name) => `sum("${name}")::HUGEINT AS "${name}"`)
  .join(', ')},
  count(*) AS groups, ${squares()}
FROM grouped GROUP BY segment ORDER BY segment`;

export const BLOCKS = 'SELECT coalesce(sum(blocks), 0) AS blocks FROM shadow_levels';

/** Counts and sums by bin of one side's level ratios: forecasts over production's mean of the series, at least the floor. */
export function histogramSql(side: 'c' | 'p', { first, cycleDays, upTo }: LookScope, floor: number): string {
  const scope = upTo === null ? '' : `AND (r.target - DATE '${first}') // ${cycleDays} <= ${upTo}`;
  return `
WITH ratios AS (
  SELECT CASE WHEN l.total < l.n * micro(${floor}) THEN CAST(r.${side} AS DOUBLE) / micro(${floor})
    ELSE CAST(r.${side} * l.n AS DOUBLE) / CAST(l.total AS DOUBLE) END AS ratio
  FROM shadow_rows r JOIN shadow_levels l ON l.sku = r.sku AND l.store = r.store
  WHERE ${usable('r.')} ${scope})
SELECT ${binOfSql('ratio', H2.edges)} AS bin, count(*) AS n, sum(CAST(round(ratio * 1e12) AS HUGEINT))::HUGEINT AS total
FROM ratios GROUP BY bin ORDER BY bin`;
}

/** As binOf: 0 for exactly 0, then 1 + the number of edges up to the value. */
function binOfSql(value: string, edges: readonly number[]): string {
  const search = (from: number, to: number): string => {
    if (from === to) return String(1 + from);
    const middle = (from + to) >> 1;
    const edge = (edges[middle] ?? 0).toExponential();
    return `CASE WHEN ${value} < ${edge} THEN ${search(from, middle)} ELSE ${search(middle + 1, to)} END`;
  };
  return `CASE WHEN ${value} = 0 THEN 0 ELSE ${search(0, edges.length)} END`;
}

function parsed(x: string, text: string): string {
  const kind = `cell_kind(${text}, ${x}_cell, ${MAX_UNITS})`;
  return `${kind} AS ${x}_kind, CASE WHEN ${kind} = 'ok' THEN micro(${x}_cell) END AS ${x}`;
}

function kinds(sides: Readonly<Record<'c' | 'p', string>>): string {
  return Object.entries(sides)
    .flatMap(([column, name]) =>
      [
        ['missing', 'Missing'],
        ['nonfinite', 'Nonfinite'],
        ['negative', 'Negative'],
      ].map(([kind, suffix]) => `count(*) FILTER (versions = 1 AND ${column}_kind = '${kind}') AS "${name}${suffix}"`),
    )
    .join(', ');
}

function units(columns: Readonly<Record<string, string>>, filter: string): string {
  return Object.entries(columns)
    .map(([name, term]) => `coalesce(sum(${term}) FILTER (${filter}), 0)::HUGEINT AS "${name}"`)
    .join(', ');
}
