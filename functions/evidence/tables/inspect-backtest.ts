import type { Reason } from '../../platform/errors.ts';
import { endsAsParquet, sniffTable, type TableFormat } from './table-file.ts';

export const BACKTEST_COLUMNS = [
  'origin_date',
  'sku',
  'store',
  'region',
  'target_date',
  'horizon',
  'actual',
  'candidate',
  'baseline',
] as const;
export const HISTORY_COLUMNS = ['sku', 'store', 'date', 'units'] as const;

/** What an outcomes file must say of each series; the rest may be absent. */
export const OUTCOME_COLUMNS = ['date', 'sku', 'store', 'units'] as const;

/** What the shadow judge needs of a file in which both forecasts of a key stand side by side. */
export const SHADOW_COLUMNS = [
  ...(['origin_date', 'sku', 'store', 'region', 'target_date', 'actual', 'candidate', 'production'] as const),
] as const;

/** What the production guard needs of a closed business day; the rest may be absent. */
export const DAILY_COLUMNS = ['date', 'abs_err', 'comparator_abs_err', 'invalid', 'rows', 'expected_rows'] as const;

/** What the canary judge needs of files: outcomes of both arms, and of operations and the frozen cohort where they come along. */
export const CANARY_OUTCOME_COLUMNS = [
  ...(['period', 'date', 'sku', 'store', 'region', 'arm', 'units', 'forecast', 'stockout'] as const),
  'overstock_units',
] as const;
export const OPS_COLUMNS = [
  ...(['window', 'arm', 'requests', 'errors', 'slow', 'expected', 'missing', 'nonfinite'] as const),
  'negative',
] as const;
/** What was recorded for the dates of a backtest: sales of a day, and forecasts of the baseline. */
export const RECORDED_ACTUALS_COLUMNS = ['sku', 'store', 'date', 'units'] as const;
export const RECORDED_BASELINE_COLUMNS = ['origin_date', 'sku', 'store', 'target_date', 'units'] as const;
export const ASSIGNMENT_COLUMNS = ['cluster', 'arm'] as const;

/** The two tables that a candidate hands in, and what is learnt of days afterwards, as named in reason codes. */
export type TableName =
  | 'BACKTEST'
  | 'HISTORY'
  | 'OUTCOMES'
  | 'DAILY'
  | 'SHADOW_ROWS'
  | 'CANARY_OUTCOMES'
  | 'OPS'
  | 'ASSIGNMENT'
  | 'RECORDED_ACTUALS'
  | 'RECORDED_BASELINE';

const REQUIRED: Readonly<Record<TableName, readonly string[]>> = {
  BACKTEST: BACKTEST_COLUMNS,
  HISTORY: HISTORY_COLUMNS,
  OUTCOMES: OUTCOME_COLUMNS,
  DAILY: DAILY_COLUMNS,
  SHADOW_ROWS: SHADOW_COLUMNS,
  CANARY_OUTCOMES: CANARY_OUTCOME_COLUMNS,
  OPS: OPS_COLUMNS,
  ASSIGNMENT: ASSIGNMENT_COLUMNS,
  RECORDED_ACTUALS: RECORDED_ACTUALS_COLUMNS,
  RECORDED_BASELINE: RECORDED_BASELINE_COLUMNS,
};

/** What is at hand of a file: all of it, or only its start (64 KiB are enough). */
interface Extent {
  readonly whole: boolean;
}

/**
 * Whether a backtest file can be judged at all, by its first bytes and without a data engine: CSV or Parquet, gzip or
 * not, every column there, at least one row. All faults at once, none when it can: BACKTEST_UNREADABLE, BACKTEST_EMPTY,
 * BACKTEST_COLUMN_MISSING:<column>. The columns of a Parquet file and the values of any file are checked by the judge.
 */
export function inspectBacktest(head: Uint8Array, extent: Extent = { whole: true }): readonly Reason[] {
  return inspect('BACKTEST', head, extent);
}

/** As inspectBacktest, for the demand history; codes start with HISTORY_. */
export function inspectHistory(head: Uint8Array, extent: Extent = { whole: true }): readonly Reason[] {
  return inspect('HISTORY', head, extent);
}

function inspect(table: TableName, head: Uint8Array, { whole }: Extent): readonly Reason[] {
  const format = sniffTable(head);
  if (format === null) return [unreadable(table, head.length === 0 ? 'an empty file' : 'other content')];
  if (format.kind === 'csv') return csvFaults(table, whole ? format : { ...format, headerOnly: false });
  const cutOff = whole && !format.gzip && !endsAsParquet(head);
  return cutOff ? [unreadable(table, 'a Parquet file that is cut off')] : [];
}

function csvFaults(table: TableName, format: TableFormat): readonly Reason[] {
  const missing = missingColumns(table, format.columns);
  return format.headerOnly ? [...missing, emptyTable(table)] : missing;
}

export function missingColumns(table: TableName, columns: readonly string[]): readonly Reason[] {
  return REQUIRED[table]
    .filter((column) => columns.filter((name) => name === column).length !== 1)
    .map((column) => ({
      code: `${table}_COLUMN_MISSING:${column}`,
      path: pathOf(table),
      message: `The ${pathOf(table)} needs exactly one column named ${column}.`,
      got: columns.join(',').slice(0, 200),
      allowed: REQUIRED[table].join(','),
      next: 'Write the file with a header of these names, in lower case, separated by commas.',
    }));
}

/** A column of a Parquet file whose type cannot hold what the contract wants of it. */
export function wrongType(table: TableName, column: string, got: string): Reason {
  return {
    code: `${table}_COLUMN_TYPE:${column}`,
    path: pathOf(table),
    message: `The column ${column} of the ${pathOf(table)} has a type that cannot hold its values.`,
    got,
    allowed: 'numbers for units and horizons, dates for days, text for names; text is fine for all of them',
    next: 'Write the column with such a type.',
  };
}

export function emptyTable(table: TableName): Reason {
  return {
    code: `${table}_EMPTY`,
    path: pathOf(table),
    message: `The ${pathOf(table)} has no rows.`,
    got: '0 rows',
    allowed: 'at least 1 row',
    next: 'Check the export that wrote the file, and start again with a complete one.',
  };
}

export function unreadable(table: TableName, got: string): Reason {
  return {
    code: `${table}_UNREADABLE`,
    path: pathOf(table),
    message: `The ${pathOf(table)} cannot be read as a table.`,
    got,
    allowed: 'CSV (UTF-8, comma, header row) or Parquet, either of them gzip or not',
    next: 'Write the file again in one of these forms; a file cut off while uploading looks like this too.',
  };
}

function pathOf(table: TableName): string {
  return table.toLowerCase();
}
