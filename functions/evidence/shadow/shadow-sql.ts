import { usualSql } from '../stages/usual-sql.ts';
import { H2 } from '../statistics/histogram.ts';
import { NONFINITE } from '../tables/cell-sql.ts';
import type { ShadowConfig } from './shadow-config.ts';
import type { LookScope } from './shadow-sums.ts';

/**
 * The statements that turn the canonical tables of a shadow into sums. Units are integers of a millionth, ratios of them
 * integers of 1e-12, so that sums are exact.
 *
 * `shadow_series`: SKU and store by number, with the region and the category that they are of. `shadow_rows`: one row per
 * key; actual `y`, candidate `c` and production `p` are coded cells (cell-sql.ts). `versions`: different values that the
 * key appears with; with more than one it counts as a conflict and nothing else. `repeated`: rows beyond those.
 */
export const SHADOW_ROWS = `
CREATE TEMP TABLE shadow_rows (origin DATE, target DATE, series INTEGER, y BIGINT, c BIGINT, p BIGINT,
  versions INTEGER, repeated INTEGER);
CREATE TEMP VIEW shadow_usable AS SELECT origin, target, series, c, p, CASE WHEN y >= 0 THEN y END AS y
  FROM shadow_rows WHERE versions = 1 AND c >= 0 AND p >= 0`;

/** Fills `shadow_series` and `shadow_lines`, every row of the view `shadow_cells`. */
export const READ_CELLS = `
CREATE TEMP TABLE shadow_series AS SELECT CAST(row_number() OVER () AS INTEGER) AS series, *
  FROM (SELECT cell_text(sku) AS sku, cell_text(store) AS store, min(cell_text(region)) AS region, min(cell_text(category)) AS category
    FROM shadow_cells GROUP BY ALL) WHERE sku IS NOT NULL AND store IS NOT NULL;
CREATE TEMP TABLE shadow_lines AS SELECT s.series, l.origin, l.target, l.y, l.c, l.p
  FROM shadow_cells l LEFT JOIN shadow_series s ON s.sku = cell_text(l.sku) AND s.store = cell_text(l.store)`;

const KEYED = 'series IS NOT NULL AND origin IS NOT NULL AND target IS NOT NULL';

/** Rows of the file, and those of them that have no readable key. */
export const COUNT_LINES = `SELECT count(*) AS lines, count(*) FILTER (NOT (${KEYED})) AS unreadable FROM shadow_lines`;

/** Fills `shadow_rows` from `shadow_lines`: rows that repeat another collapse. */
export const SETTLE_LINES = `
INSERT INTO shadow_rows
SELECT origin, target, series, min(y), min(c), min(p), CASE WHEN ${['y', 'c', 'p'].map(differs).join(' OR ')} THEN 2 ELSE 1 END, count(*) - 1
FROM shadow_lines WHERE ${KEYED} GROUP BY series, target, origin`;

/** How many values the keys have that have more than one; most often there is no such key. */
export const SETTLE_CONFLICTS = `
CREATE TEMP TABLE shadow_conflicts AS
SELECT series, target, origin, count(*) AS versions, sum(lines) - count(*) AS repeated FROM (
  SELECT series, target, origin, y, c, p, count(*) AS lines
  FROM shadow_lines SEMI JOIN (FROM shadow_rows WHERE versions > 1) USING (series, target, origin) GROUP BY ALL) GROUP BY ALL;
UPDATE shadow_rows SET versions = k.versions, repeated = k.repeated FROM shadow_conflicts k
WHERE k.series = shadow_rows.series AND k.target = shadow_rows.target AND k.origin = shadow_rows.origin`;

/**
 * Fills both tables from those of a stage (stage-sql.ts), from the first target day that both versions forecast for about as
 * many series as usual: what was logged for days before says nothing of the candidate, and a request for a few series of
 * long ago begins no cycle. An outcome that contradicts itself is not known yet.
 */
export const SETTLE_PAIRS = `
CREATE TEMP TABLE shadow_targets AS SELECT target AS day, count(DISTINCT (sku, store)) AS rows FROM pairs WHERE c_there AND p_there GROUP BY target;
CREATE TEMP TABLE shadow_series AS SELECT CAST(row_number() OVER () AS INTEGER) AS series, * FROM series;
INSERT INTO shadow_rows
SELECT p.origin, p.target, s.series, ${coded("coalesce(o.y_kind, 'missing')", 'o.y')}, ${coded('p.c_kind', 'p.c')}, ${coded('p.p_kind', 'p.p')},
  CASE WHEN p.c_kind = 'conflict' OR p.p_kind = 'conflict' THEN 2 ELSE 1 END, p.repeated
FROM pairs p JOIN shadow_series s ON s.sku = p.sku AND s.store = p.store
LEFT JOIN outcomes o ON o.day = p.target AND o.sku = p.sku AND o.store = p.store
WHERE p.target >= (SELECT min(day) FROM (${usualSql('shadow_targets')}) WHERE usual)`;

const ACCURACY = {
  ...{ actual: 'y', candidate: 'CASE WHEN y IS NOT NULL THEN c END', production: 'CASE WHEN y IS NOT NULL THEN p END' },
  ...{ candidateError: 'abs(c - y)', productionError: 'abs(p - y)' },
};
const MOVES = {
  ...{ candidateMoved: 'abs(c - c_before)', productionMoved: 'abs(p - p_before)' },
  ...{ candidateBoth: 'c + c_before', productionBoth: 'p + p_before' },
};

export function daySumsSql({ spike_ratio, spike_floor }: Pick<ShadowConfig, 'spike_ratio' | 'spike_floor'>): string {
  const spiking = `greatest(c, p, micro(${spike_floor})) > ${spike_ratio} * greatest(least(c, p), micro(${spike_floor}))`;
  return `
WITH counted AS (
  SELECT target, max(target - origin) AS longest, count(*) FILTER (versions = 1) AS keys,
    count(*) FILTER (versions > 1) AS conflicts, coalesce(sum(versions) FILTER (versions > 1), 0) AS conflicting,
    sum(repeated) AS repeated, ${kinds({ c: 'candidate', p: 'production' })},
    count(*) FILTER (versions = 1 AND y IS NULL) AS "actualMissing",
    count(*) FILTER (versions = 1 AND y < 0) AS "actualInvalid"
  FROM shadow_rows GROUP BY target),
compared AS (
  SELECT target, count(y) AS paired, ${units(ACCURACY)}, count(*) AS usable,
    ${units({ candidateUnits: 'c', productionUnits: 'p' })}, count(*) FILTER (${spiking}) AS spikes
  FROM shadow_usable GROUP BY target),
revised AS (
  SELECT target, c, p, lag(c) OVER before AS c_before, lag(p) OVER before AS p_before FROM shadow_usable
  WINDOW before AS (PARTITION BY series, target ORDER BY origin)),
moves AS (
  SELECT target, count(*) AS revisions, ${units(MOVES)} FROM revised WHERE c_before IS NOT NULL GROUP BY target)
SELECT CAST(target AS VARCHAR) AS day, counted.* EXCLUDE (target), ${[
    ...['paired', ...Object.keys(ACCURACY), 'usable', 'candidateUnits', 'productionUnits', 'spikes', 'revisions'],
    ...Object.keys(MOVES),
  ]
    .map((name) => `coalesce("${name}", 0) AS "${name}"`)
    .join(', ')}
FROM counted LEFT JOIN compared USING (target) LEFT JOIN moves USING (target) ORDER BY target`;
}

/** `shadow_blocks`: each series in each cycle. */
export function blocksSql({ first, cycleDays }: Pick<LookScope, 'first' | 'cycleDays'>): string {
  return `
CREATE OR REPLACE TEMP TABLE shadow_blocks AS
SELECT series, CAST((target - DATE '${first}') // ${cycleDays} AS INTEGER) AS cycle,
  count(*) AS usable, ${units({ level: 'p' })}, count(y) AS paired, ${units(ACCURACY)}
FROM shadow_usable GROUP BY series, cycle`;
}

/**
 * `shadow_errors`: the series of complete cycles with their errors, and the segments that they are of. `shadow_levels`:
 * production's forecasts of each series, summed over all cycles up to the last, and in how many of them there are any.
 */
export function seriesSql({ judged, upTo }: LookScope): string {
  const names = ['paired', ...Object.keys(ACCURACY).map((name) => `"${name}"`)];
  return `
CREATE OR REPLACE TEMP TABLE shadow_errors AS
SELECT series, ${names.map((name) => `sum(${name})::HUGEINT AS ${name}`).join(', ')}
FROM shadow_blocks WHERE cycle IN (${['NULL', ...judged].join(', ')}) AND paired > 0 GROUP BY series;
CREATE OR REPLACE TEMP TABLE shadow_levels AS
SELECT series, sum(usable)::HUGEINT AS n, sum("level")::HUGEINT AS total, count(*) AS blocks
FROM shadow_blocks ${upTo === null ? '' : `WHERE cycle <= ${upTo}`} GROUP BY series;
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
  SELECT 'region:' || s.region AS segment, e.* FROM shadow_errors e JOIN shadow_series s USING (series) WHERE s.region <> ''
  UNION ALL SELECT 'category:' || s.category, e.* FROM shadow_errors e JOIN shadow_series s USING (series) WHERE s.category <> '')
SELECT segment, sum(paired)::HUGEINT AS rows, ${Object.keys(ACCURACY)
  .map((name) => `sum("${name}")::HUGEINT AS "${name}"`)
  .join(', ')},
  count(*) AS groups, ${squares()}
FROM grouped GROUP BY segment ORDER BY segment`;

export const BLOCKS = 'SELECT coalesce(sum(blocks), 0) AS blocks FROM shadow_levels';

/** Counts and sums by bin of one side's level ratios: forecasts over production's mean of the series, at least the floor. */
export function histogramSql(side: 'c' | 'p', { first, cycleDays, upTo }: LookScope, floor: number): string {
  const scope = upTo === null ? '' : `WHERE (r.target - DATE '${first}') // ${cycleDays} <= ${upTo}`;
  return `
WITH ratios AS (
  SELECT CASE WHEN l.total < l.n * micro(${floor}) THEN CAST(r.${side} AS DOUBLE) / micro(${floor})
    ELSE CAST(r.${side} * l.n AS DOUBLE) / CAST(l.total AS DOUBLE) END AS ratio
  FROM shadow_usable r JOIN shadow_levels l USING (series) ${scope})
SELECT ${binOfSql('ratio', H2.edges)} AS bin, count(*) AS n, sum(CAST(round(ratio * 1e12) AS HUGEINT))::HUGEINT AS total
FROM ratios GROUP BY bin ORDER BY bin`;
}

/** As binOf: 0 for exactly 0, then 1 + the number of edges up to the value. */
export function binOfSql(value: string, edges: readonly number[]): string {
  const search = (from: number, to: number): string => {
    if (from === to) return String(1 + from);
    const middle = (from + to) >> 1;
    const edge = (edges[middle] ?? 0).toExponential();
    return `CASE WHEN ${value} < ${edge} THEN ${search(from, middle)} ELSE ${search(middle + 1, to)} END`;
  };
  return `CASE WHEN ${value} = 0 THEN 0 ELSE ${search(0, edges.length)} END`;
}

/** Whether a coded cell has more than one value in a group; missing is one as well. */
function differs(x: string): string {
  return `min(${x}) <> max(${x}) OR count(${x}) > 0 AND count(${x}) < count(*)`;
}

/** Kind and value as a coded cell. */
function coded(kind: string, value: string): string {
  return `CASE ${kind} WHEN 'ok' THEN ${value} WHEN 'missing' THEN NULL WHEN 'negative' THEN -1 ELSE ${NONFINITE} END`;
}

function kinds(sides: Readonly<Record<'c' | 'p', string>>): string {
  return Object.entries(sides)
    .flatMap(([x, name]) => [
      `count(*) FILTER (versions = 1 AND ${x} IS NULL) AS "${name}Missing"`,
      `count(*) FILTER (versions = 1 AND ${x} = ${NONFINITE}) AS "${name}Nonfinite"`,
      `count(*) FILTER (versions = 1 AND ${x} < 0 AND ${x} <> ${NONFINITE}) AS "${name}Negative"`,
    ])
    .join(', ');
}

function units(columns: Readonly<Record<string, string>>): string {
  return Object.entries(columns)
    .map(([name, term]) => `coalesce(sum(${term}), 0)::HUGEINT AS "${name}"`)
    .join(', ');
}
