import * as z from 'zod';
import { type Reason, ReleaseError } from '../../platform/errors.ts';

import { MACROS } from '../tables/cell-sql.ts';
import { DuckdbStore, type EngineSettings } from '../tables/duckdb-store.ts';
import { emptyTable } from '../tables/inspect-backtest.ts';
import { judgeShadow } from './shadow.ts';
import { selectCells } from './shadow-cells.ts';
import type { ShadowConfig } from './shadow-config.ts';
import type { ShadowResult } from './shadow-result.ts';
import { COUNT_LINES, READ_CELLS, SETTLE_CONFLICTS, SETTLE_LINES, SHADOW_ROWS } from './shadow-sql.ts';
import { sumWhole } from './shadow-sums-store.ts';

const table = 'SHADOW_ROWS';
const count = z.bigint().transform(Number);
const lines = z.object({ lines: count, unreadable: count });

/**
 * Judges a local file with the forecasts of candidate and production side by side, CSV or Parquet, gzip or not.
 * @throws ReleaseError UNUSABLE_EVIDENCE with all faults
 */
export async function judgeShadowFiles(
  inputs: { readonly rows: string },
  config: ShadowConfig,
  settings: EngineSettings,
): Promise<ShadowResult> {
  const engine = await DuckdbStore.open(settings);
  try {
    const unreadable = await openShadowFile(engine, inputs.rows);
    return judgeShadow({ unreadable, ...(await sumWhole(engine, config)) }, config).result;
  } finally {
    engine.close();
  }
}

/**
 * Fills the tables of shadow-sql.ts from a file and answers how many of its rows have no readable key.
 * @throws ReleaseError UNUSABLE_EVIDENCE with all faults
 */
export async function openShadowFile(engine: DuckdbStore, path: string): Promise<number> {
  await engine.run(MACROS);
  const { source, columns } = await engine.tableSource({ table, path });
  const { select, faults } = selectCells(columns);
  if (faults.length > 0) throw unusable(faults);
  await engine.run(`CREATE TEMP VIEW shadow_cells AS SELECT ${select} FROM ${source}`);
  await engine.reading(table, READ_CELLS);
  const [read] = await engine.rows(COUNT_LINES, lines);
  if (read === undefined || read.lines === 0) throw unusable([emptyTable(table)]);
  await engine.run(SHADOW_ROWS);
  await engine.run(SETTLE_LINES);
  const conflicts = await engine.rows('SELECT 1 AS one FROM shadow_rows WHERE versions > 1 LIMIT 1', z.unknown());
  if (conflicts.length > 0) await engine.run(SETTLE_CONFLICTS);
  await engine.run('DROP TABLE shadow_lines');
  return read.unreadable;
}

function unusable(reasons: readonly Reason[]): ReleaseError {
  return new ReleaseError('UNUSABLE_EVIDENCE', 'The rows cannot be judged.', { reasons: [...reasons] });
}
