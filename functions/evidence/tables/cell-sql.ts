/**
 * Cells of a table file as values, in SQL. Text has to be what the contract says: the engine takes more forms of dates
 * and numbers than that. No list of constants is compared with here: the engine turns `IN` into a join for each column,
 * which costs more than reading the file.
 */

/** More than any series sells in a day; larger numbers are taken for defects, and sums of them stay exact. */
export const MAX_UNITS = 1e12;
/** History is squared as well, hence the narrower bound. */
export const MAX_HISTORY_UNITS = 1e9;

/** How a column of units says that a cell is neither a number nor missing. */
export const NONFINITE = '-9223372036854775807';

/**
 * A units cell is coded as one integer: null is missing, NONFINITE what is no finite number, other negatives are negative
 * numbers of units (returns), and everything from 0 on is a millionth of a unit. No kind is ever turned into another.
 */
export const MACROS = `
CREATE TEMP MACRO is_missing(t) AS strlen(trim(t)) <= 4 AND regexp_full_match(trim(t), 'null|NULL|None|none|NA|N/A|');
CREATE TEMP MACRO cell_text(t) AS CASE WHEN is_missing(t) THEN NULL ELSE trim(t) END;
CREATE TEMP MACRO cell_number(t) AS CASE WHEN NOT contains(t, '_') THEN TRY_CAST(t AS DOUBLE) END;
CREATE TEMP MACRO cell_kind(t, x, bound) AS
  CASE WHEN t IS NULL THEN 'missing' WHEN x IS NULL OR NOT isfinite(x) OR abs(x) > bound THEN 'nonfinite'
       WHEN x < 0 THEN 'negative' ELSE 'ok' END;
CREATE TEMP MACRO strict_date(t) AS
  CASE WHEN t LIKE '____-__-__' AND t >= '0001' AND NOT contains(t, ' ') THEN TRY_CAST(t AS DATE) END;
CREATE TEMP MACRO cell_date(t) AS
  CASE WHEN strlen(t) = 10 THEN strict_date(t)
       WHEN strlen(trim(t)) = 10 OR substr(trim(t), 11) = ' 00:00:00' THEN strict_date(left(trim(t), 10)) END;
CREATE TEMP MACRO micro(x) AS CAST(round(x * 1000000) AS BIGINT);
CREATE TEMP MACRO coded_number(x, bound) AS
  CASE WHEN x >= 0 AND x <= bound THEN micro(x) WHEN x IS NULL THEN NULL
       WHEN x < 0 AND x >= -bound THEN least(-1, micro(x)) ELSE ${NONFINITE} END;
CREATE TEMP MACRO coded_text(t, x, bound) AS
  CASE WHEN x >= 0 AND x <= bound AND NOT contains(t, '_') THEN micro(x) WHEN t IS NULL OR is_missing(t) THEN NULL
       WHEN x < 0 AND x >= -bound AND NOT contains(t, '_') THEN least(-1, micro(x)) ELSE ${NONFINITE} END;
`;

/** A column of a table file: the SQL that names it, and its type there. */
export interface TableColumn {
  readonly sql: string;
  readonly type: string;
}

/** What a column is expected to hold; units with the number beyond which they are taken for defects. */
export type CellKind = 'key' | 'day' | 'days' | { readonly unitsUpTo: number };

const TEXT = /^(VARCHAR|"?NULL"?)$/;
const WHOLE = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;
const REAL = /^(FLOAT|DOUBLE|DECIMAL\(.*\))$/;
const NAMED = /^(ENUM\(.*\)|UUID|DATE)$/;
const MOMENT = /^TIMESTAMP(_S|_MS|_NS)?$/;

/** SQL for the values of a column; null when its type cannot hold such values. */
export function cellSql(kind: CellKind, { sql, type }: TableColumn): string | null {
  const text = TEXT.test(type);
  const number = WHOLE.test(type) || REAL.test(type);
  if (kind === 'key') return text || WHOLE.test(type) || NAMED.test(type) ? `CAST(${sql} AS VARCHAR)` : null;
  if (kind === 'day') return daySql(sql, type);
  if (!text && !number) return null;
  const value = `TRY_CAST(${sql} AS DOUBLE)`;
  if (kind !== 'days') {
    return text ? `coded_text(${sql}, ${value}, ${kind.unitsUpTo})` : `coded_number(${value}, ${kind.unitsUpTo})`;
  }
  const checked = text ? `cell_number(${sql})` : value;
  return `CASE WHEN abs(${checked}) < 1e6 AND ${checked} = floor(${checked}) THEN CAST(${checked} AS INTEGER) END`;
}

function daySql(sql: string, type: string): string | null {
  if (TEXT.test(type)) return `cell_date(${sql})`;
  if (type === 'DATE') return `CASE WHEN isfinite(${sql}) THEN ${sql} END`;
  if (!MOMENT.test(type)) return null;
  return `CASE WHEN isfinite(${sql}) AND CAST(CAST(${sql} AS DATE) AS TIMESTAMP) = ${sql} THEN CAST(${sql} AS DATE) END`;
}
