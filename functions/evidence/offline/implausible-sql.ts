import { FAMILIES, type Family, pairsOf } from './implausible-sums.ts';
import type { OfflineConfig } from './offline-config.ts';

/**
 * The statements behind `implausibleSums`. They start from `paired` and `series` and run in the order of this file.
 * Units are thousandths here, so that products within a week are integers of 64 bits.
 */

/**
 * More than any series sells in a day. What lies above counts as so many, which no honest candidate is helped or harmed by;
 * and products of the sums of a week are integers of 64 bits.
 */
const MOST_UNITS = 100_000_000;
/** What one cluster counts at most, so that sums of products stay within 128 bits. */
const MOST_OF_CLUSTER = '100000000000000000::HUGEINT';

const WEEKDAYS = [0, 1, 2, 3, 4, 5, 6] as const;

/** `watched`: the rows of the series that are looked at, by their position in the window. */
export function watchRows(oneOf: number): string {
  const drawn = `CAST('0x' || substr(md5(sku || chr(31) || store), 9, 8) AS UBIGINT) % ${oneOf} = 0`;
  const thousandths = (x: string) => `least((${x} + 500) // 1000, ${MOST_UNITS}) AS ${x}`;
  return `CREATE OR REPLACE TEMP MACRO capped(x) AS CASE WHEN x > ${MOST_OF_CLUSTER} THEN ${MOST_OF_CLUSTER} WHEN x < -${MOST_OF_CLUSTER} THEN -${MOST_OF_CLUSTER} ELSE x END;
CREATE OR REPLACE TEMP TABLE watched_series AS SELECT series FROM series WHERE ${drawn};
CREATE OR REPLACE TEMP VIEW watched AS SELECT series, origin_day, target_day - origin_day - 1 AS ahead,
  ${['y', 'c', 'b'].map(thousandths).join(', ')}, y % 1000000 AS part
  FROM paired SEMI JOIN watched_series USING (series) WHERE target_day > origin_day`;
}

/** `window_weeks`: weeks of a window, counted from its first day, with each day apart. */
export const SUM_WEEKS = `CREATE OR REPLACE TEMP TABLE window_weeks AS SELECT series, origin_day, ahead // 7 AS week, count(*) AS n,
  ${weekdays((day) => `max(y) FILTER (ahead % 7 = ${day}) AS y${day}, max(c) FILTER (ahead % 7 = ${day}) AS c${day}`)},
  ${['y', 'c', 'b'].map((x) => `CAST(sum(${x}) AS BIGINT) AS ${x}`).join(', ')},
  ${['yy', 'cy', 'cc'].map((xx) => `CAST(sum(${xx[0]} * ${xx[1]}) AS BIGINT) AS ${xx}`).join(', ')}, max(part) AS part,
  ${lagged('c', 'y')} AS before, ${lagged('y', 'c')} AS after
  FROM watched GROUP BY series, origin_day, week`;

/** Products of each day of a week with the day before it. */
function lagged(x: string, earlier: string): string {
  return WEEKDAYS.slice(1)
    .map((day) => `${x}${day} * ${earlier}${day - 1}`)
    .join(' + ');
}

/**
 * `windows`: squared surprises and moves, and what counting noise of the same demand would have. With two whole weeks the
 * means of weeks and weekdays are taken out, as in an analysis of variance with two ways and one value a cell:
 * m weeks leave 6 (m - 1) of 7 m degrees of freedom, and Poisson noise of rate r has 6 (m - 1) r.
 */
export const SUM_WINDOWS = `
CREATE OR REPLACE TEMP TABLE window_sums AS SELECT series, origin_day, CAST(sum(n) AS BIGINT) AS n, count(*) FILTER (n = 7) AS weeks,
  ${['y', 'c', 'b'].map((x) => `CAST(sum(${x}) AS BIGINT) AS ${x}`).join(', ')}, sum(yy) AS yy, sum(cy) AS cy, sum(cc) AS cc,
  max(part) = 0 AS whole,
  ${['y', 'c'].map((x) => `sum(${x}) FILTER (n = 7) AS w${x}`).join(', ')},
  ${['yy', 'cy', 'cc'].map((x) => `sum(${x}) FILTER (n = 7) AS w${x}`).join(', ')},
  sum(y * y) FILTER (n = 7) AS weekly_yy, sum(c * y) FILTER (n = 7) AS weekly_cy, sum(c * c) FILTER (n = 7) AS weekly_cc,
  sum(49 * before - 7 * c * (y - y6) - 7 * y * (c - c0) + 6 * c * y) FILTER (n = 7) AS before,
  sum(49 * after - 7 * y * (c - c6) - 7 * c * (y - y0) + 6 * c * y) FILTER (n = 7) AS after,
  ${weekdays((day) => `sum(y${day}) FILTER (n = 7) AS y${day}, sum(c${day}) FILTER (n = 7) AS c${day}`)},
  ${['c', 'b'].map((x) => `max(abs(${x} - y)) FILTER (n = 7 AND week = 0) AS ${x}_first, arg_max(abs(${x} - y), week) FILTER (n = 7) AS ${x}_last`).join(', ')}
  FROM window_weeks GROUP BY series, origin_day;
CREATE OR REPLACE TEMP TABLE windows AS SELECT series, origin_day, n, y, c, whole, weeks >= 2 AS weekly, yy - 2 * cy + cc AS sq,
  c_first, c_last, b_first, b_last,
  ${twoWay('y', 'y')} AS syy, ${twoWay('c', 'y')} AS scy, ${twoWay('c', 'c')} AS scc,
  ${dayOff('before', 'c', 'y')} AS sbefore, ${dayOff('after', 'y', 'c')} AS safter,
  CASE WHEN weeks >= 2 THEN 6 * (weeks - 1) WHEN n >= 3 THEN n - 1 ELSE 0 END AS freedom,
  CASE WHEN weeks >= 2 THEN 6000 * (weeks - 1) * wy // (7 * weeks) WHEN n >= 3 THEN 1000 * (n - 1) * y::HUGEINT // n ELSE 0 END AS floor
  FROM window_sums;
`;

function twoWay(a: string, b: string): string {
  const days = WEEKDAYS.map((day) => `${a}${day} * ${b}${day}`).join(' + ');
  const rest = `7 * weeks * w${a}${b} - weeks * weekly_${a}${b} - 7 * (${days}) + w${a} * w${b}`;
  return `CASE WHEN weeks >= 2 THEN (${rest}) // (7 * weeks) WHEN n >= 3 THEN (n * ${a}${b} - ${a}::HUGEINT * ${b}) // n ELSE 0 END`;
}

/**
 * Of the moves of a day with the surprises of the day before within the same week (or the other way round), of which there
 * are six a week: here times 7/6, so that it compares with that of the day itself.
 */
function dayOff(sum: string, x: string, earlier: string): string {
  const ofWeekdays = `49 * (${lagged(x, earlier)}) - 7 * w${x} * (w${earlier} - ${earlier}6) - 7 * w${earlier} * (w${x} - ${x}0) + 6 * wc * wy`;
  return `CASE WHEN weeks >= 2 THEN (weeks * ${sum} - (${ofWeekdays})) // (42 * weeks) ELSE 0 END`;
}

/** Units forecast for a window from which on its total is not mostly luck, and up to which counting noise is the most of it. */
const TOTALS = { from: 20_000, to: 1_000_000 };

/**
 * `judged_windows`: windows by how much is forecast for them, which is known at the origin, unlike how much is sold. Only
 * whole units can be counted. A total is met within half its counting noise, or within half of what the series itself
 * varies from day to day where that is less.
 */
export function classWindows({ implausible_slow_units, implausible_medium_units }: OfflineConfig): string {
  const limit = (units: number) => `${Math.round(units * 1000)} * n`;
  return `
CREATE OR REPLACE TEMP TABLE steadiness AS SELECT series, least(1000000, sum(syy) * 1000000 // sum(floor)) AS steady
  FROM windows WHERE floor > 0 GROUP BY series;
CREATE OR REPLACE TEMP TABLE judged_windows AS SELECT *, counted AND c < ${limit(implausible_slow_units)} AS slow,
  counted AND c >= ${limit(implausible_slow_units)} AND c < ${limit(implausible_medium_units)} AS medium,
  total AND 4000000 * (y - c)::HUGEINT * (y - c) < 1000 * c::HUGEINT * coalesce(steady, 1000000) AS met
  FROM (SELECT *, whole AND c >= 1000 AS counted, whole AND c BETWEEN ${TOTALS.from} AND ${TOTALS.to} AS total FROM windows)
  LEFT JOIN steadiness USING (series);
`;
}

/** A series with less left unexplained than this share of counting noise hardly has a surprise. */
const UNEXPLAINED = 0.25;
/** Only where that is beyond the sampling error of a dispersion, 2 / df + 1 / units (Poisson), at a level of 0.001. */
const TOLD = ((1 - UNEXPLAINED) / 3.09) ** 2;
/** Demand that varies less than this share of counting noise is not told from one that is known. */
export const LEAST_VARIATION = 0.9;

/** `clusters`: the variables of each family by series, within each group. Null where a series has no part in a family. */
export function sumClusters(group: string): string {
  const sums = (columns: Readonly<Record<string, string>>, where: string) =>
    Object.entries(columns)
      .map(([name, term]) => `capped(sum(${term}) FILTER (${where})) AS ${name}`)
      .join(', ');
  const moved = (prefix: string, where: string) =>
    sums(
      { [`${prefix}_yy`]: 'syy', [`${prefix}_cy`]: 'scy', [`${prefix}_cc`]: 'scc', [`${prefix}_floor`]: 'floor' },
      where,
    );
  return `CREATE OR REPLACE TEMP TABLE clusters AS SELECT *,
  CASE WHEN told THEN CAST(CASE WHEN all_cy > 0 THEN all_yy * all_cc - all_cy * all_cy < ${UNEXPLAINED} * all_floor * all_cc ELSE false END AS INTEGER) END AS known_explained,
  CASE WHEN told THEN 1 END AS known_told,
  ${correlation('weekly_cy')} AS moves_r, CASE WHEN weekly_cc > 0 AND weekly_yy > 0 THEN 1000000000 END AS moves_one,
  ${correlation('weekly_before - weekly_cy')} AS moves_before, ${correlation('weekly_after - weekly_cy')} AS moves_after
FROM (SELECT *, all_yy >= ${LEAST_VARIATION} * all_floor AND 2.0 / all_freedom + 1e6 / all_floor::DOUBLE < ${TOLD} AS told FROM (
  SELECT ${group} AS name, series, CAST(sum(n) AS BIGINT) AS n,
  ${sums({ noise_sq: 'sq', noise_y: '1000 * y::HUGEINT' }, 'slow')},
  ${moved('slow', 'slow AND floor > 0')}, ${moved('medium', 'medium AND floor > 0')},
  ${moved('all', '(slow OR medium) AND floor > 0')}, sum(freedom) FILTER ((slow OR medium) AND floor > 0) AS all_freedom,
  nullif(count(*) FILTER (total), 0) AS totals_windows, CASE WHEN totals_windows > 0 THEN count(*) FILTER (met) END AS totals_met,
  ${moved('weekly', 'weekly')}, ${sums({ weekly_before: 'sbefore', weekly_after: 'safter' }, 'weekly')},
  ${sums({ weeks_c_first: 'c_first', weeks_c_last: 'c_last', weeks_b_first: 'b_first', weeks_b_last: 'b_last' }, 'weekly AND c_first IS NOT NULL')}
  FROM judged_windows GROUP BY name, series))`;
}

function correlation(covariance: string): string {
  return `CASE WHEN weekly_cc > 0 AND weekly_yy > 0
    THEN CAST(round(1e9 * (${covariance})::DOUBLE / (sqrt(weekly_cc::DOUBLE) * sqrt(weekly_yy::DOUBLE))) AS BIGINT) END`;
}

/** Totals and products of the given families over `clusters`, as columns `<family>:<variable>` and `<family>:<a>*<b>`. */
export function sumFamilies(families: readonly Family[]): string {
  const columns = families.flatMap((family) => {
    const variables: readonly string[] = FAMILIES[family];
    const of = (variable: string) => `${family}_${variable}::HUGEINT`;
    const text = (term: string, name: string) => `CAST(coalesce(sum(${term}), 0) AS VARCHAR) AS "${family}:${name}"`;
    return [
      `count(${family}_${variables[0]}) AS "${family}:clusters"`,
      ...variables.map((variable) => text(of(variable), variable)),
      ...pairsOf(variables).map(([a, b]) => text(`${of(a)} * ${of(b)}`, `${a}*${b}`)),
    ];
  });
  return `SELECT CAST(name AS VARCHAR) AS name, CAST(sum(n) AS BIGINT) AS rows, count(*) AS series, ${columns.join(', ')}
FROM clusters GROUP BY name`;
}

function weekdays(column: (day: number) => string): string {
  return WEEKDAYS.map(column).join(', ');
}
