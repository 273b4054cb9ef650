import * as z from 'zod';
import type { Reason } from '../../platform/errors.ts';
import { type CellKind, cellSql, MAX_HISTORY_UNITS, MAX_UNITS, type TableColumn } from '../tables/cell-sql.ts';
import { type TableName, wrongType } from '../tables/inspect-backtest.ts';

/** Forecast quantiles of one model: the column of the canonical table, and the share of demand that lies below it. */
const level = z.object({ column: z.string().regex(/^(cand|base)_q\d+$/), tau: z.number().gt(0).lt(1) });

/** Which of the optional columns a backtest has. */
export const offlineShape = z.object({
  category: z.boolean(),
  fold: z.boolean(),
  trained: z.boolean(),
  features: z.boolean(),
  /** Ascending by share. */
  quantiles: z.object({ cand: z.array(level), base: z.array(level) }),
});
export type OfflineShape = z.infer<typeof offlineShape>;
export type Model = keyof OfflineShape['quantiles'];

type Columns = ReadonlyMap<string, TableColumn>;

/** `cand_q10` is the 10 % quantile, `cand_q025` that of 2.5 %: the digits behind the decimal point of the share. */
const QUANTILE = /^(cand|base)_q(\d{2}|\d{2,5}[1-9])$/;

export function shapeOf(columns: Columns): OfflineShape {
  return {
    category: columns.has('category'),
    fold: columns.has('fold_id'),
    trained: columns.has('trained_through'),
    features: columns.has('features_asof'),
    quantiles: { cand: levels(columns, 'cand'), base: levels(columns, 'base') },
  };
}

function levels(columns: Columns, model: Model): OfflineShape['quantiles'][Model] {
  return [...columns.keys()]
    .flatMap((column) => {
      const [, of, digits] = QUANTILE.exec(column) ?? [];
      const tau = Number(`0.${digits}`);
      return of === model && tau > 0 ? [{ column, tau }] : [];
    })
    .toSorted((a, b) => a.tau - b.tau);
}

/** A column of the canonical table, the column of a file that it is made of, and what that has to hold. */
type Mapping = readonly [canonical: string, column: string, kind: CellKind];

function rowMapping(shape: OfflineShape): readonly Mapping[] {
  const units = { unitsUpTo: MAX_UNITS };
  const optional = (present: boolean, mapping: Mapping) => (present ? [mapping] : []);
  return [
    ['origin_day', 'origin_date', 'day'],
    ['sku', 'sku', 'key'],
    ['store', 'store', 'key'],
    ['region', 'region', 'key'],
    ...optional(shape.category, ['category', 'category', 'key']),
    ...optional(shape.fold, ['fold', 'fold_id', 'key']),
    ['target_day', 'target_date', 'day'],
    ['horizon', 'horizon', 'days'],
    ...optional(shape.trained, ['trained', 'trained_through', 'day']),
    ...optional(shape.features, ['features', 'features_asof', 'day']),
    ['y', 'actual', units],
    ['c', 'candidate', units],
    ['b', 'baseline', units],
    ...quantileColumns(shape).map((column) => [column, column, units] as const),
  ];
}

const HISTORY: readonly Mapping[] = [
  ['sku', 'sku', 'key'],
  ['store', 'store', 'key'],
  ['day', 'date', 'day'],
  ['units', 'units', { unitsUpTo: MAX_HISTORY_UNITS }],
];

const RECORDED_ACTUALS: readonly Mapping[] = [
  ['sku', 'sku', 'key'],
  ['store', 'store', 'key'],
  ['target_day', 'date', 'day'],
  ['units', 'units', { unitsUpTo: MAX_UNITS }],
];

const RECORDED_BASELINE: readonly Mapping[] = [['origin_day', 'origin_date', 'day'], ...targeted(RECORDED_ACTUALS)];

function targeted(mappings: readonly Mapping[]): readonly Mapping[] {
  return mappings.map(([name, column, kind]) => [name, column === 'date' ? 'target_date' : column, kind]);
}

/** Names of all quantile columns, of both models. */
export function quantileColumns({ quantiles }: OfflineShape): readonly string[] {
  return [...quantiles.cand, ...quantiles.base].map(({ column }) => column);
}

/** What a file is read as: the select list of its canonical table, or what is wrong with the types of its columns. */
export interface CanonicalSelect {
  readonly select: string;
  readonly faults: readonly Reason[];
}

export function selectRows(columns: Columns, shape: OfflineShape): CanonicalSelect {
  return select('BACKTEST', rowMapping(shape), columns);
}

export function selectHistory(columns: Columns): CanonicalSelect {
  return select('HISTORY', HISTORY, columns);
}

export function selectRecorded(table: 'RECORDED_ACTUALS' | 'RECORDED_BASELINE', columns: Columns): CanonicalSelect {
  return select(table, table === 'RECORDED_ACTUALS' ? RECORDED_ACTUALS : RECORDED_BASELINE, columns);
}

function select(table: TableName, mappings: readonly Mapping[], columns: Columns): CanonicalSelect {
  const read = mappings.map(([canonical, name, kind]) => {
    const column = columns.get(name) ?? { sql: 'NULL', type: 'VARCHAR' };
    const sql = cellSql(kind, column);
    return sql === null ? { fault: wrongType(table, name, column.type) } : { sql: `${sql} AS ${canonical}` };
  });
  return {
    select: read.flatMap(({ sql }) => (sql === undefined ? [] : [sql])).join(',\n  '),
    faults: read.flatMap(({ fault }) => (fault === undefined ? [] : [fault])),
  };
}
