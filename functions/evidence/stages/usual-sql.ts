/**
 * Share of the usual series that a day needs to count: somebody who asks for a few of them, of a date long ago, makes no
 * business day of it. The usual number is that of the days on which half of all rows lie (as the N50 of lengths).
 */
const LEAST_OF_USUAL = 0.1;

/** The groups (`day`, `rows`, …) of a table with whether they have not much fewer rows than a usual one. */
export function usualSql(groups: string): string {
  return `SELECT *, rows >= ${LEAST_OF_USUAL} * min(rows) FILTER (2 * above < total) OVER () AS usual
  FROM (SELECT *, sum(rows) OVER (ORDER BY rows DESC, day) - rows AS above, sum(rows) OVER () AS total FROM ${groups})`;
}
