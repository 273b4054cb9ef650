import type { Reason } from '../../platform/errors.ts';
import { type CellKind, cellSql, MAX_UNITS, type TableColumn } from '../tables/cell-sql.ts';
import { wrongType } from '../tables/inspect-backtest.ts';

const units = { unitsUpTo: MAX_UNITS };

/** Columns of the view `shadow_cells`, the columns of a file that they are made of, and what those have to hold. */
const CELLS: readonly (readonly [cell: string, column: string, kind: CellKind])[] = [
  ['origin', 'origin_date', 'day'],
  ['target', 'target_date', 'day'],
  ['sku', 'sku', 'key'],
  ['store', 'store', 'key'],
  ['region', 'region', 'key'],
  ['category', 'category', 'key'],
  ['y', 'actual', units],
  ['c', 'candidate', units],
  ['p', 'production', units],
];

/** What a file with both forecasts side by side is read as: a select list, or what is wrong with the types of its columns. */
export function selectCells(columns: ReadonlyMap<string, TableColumn>): {
  readonly select: string;
  readonly faults: readonly Reason[];
} {
  const read = CELLS.map(([cell, name, kind]) => {
    const column = columns.get(name) ?? { sql: 'NULL', type: 'VARCHAR' };
    const sql = cellSql(kind, column);
    return sql === null ? { fault: wrongType('SHADOW_ROWS', name, column.type) } : { sql: `${sql} AS ${cell}` };
  });
  return {
    select: read.flatMap(({ sql }) => (sql === undefined ? [] : [sql])).join(', '),
    faults: read.flatMap(({ fault }) => (fault === undefined ? [] : [fault])),
  };
}
