import * as z from 'zod';
import { ReleaseError } from '../../platform/errors.ts';

import { MACROS } from '../tables/cell-sql.ts';
import { DuckdbStore, type EngineSettings } from '../tables/duckdb-store.ts';
import { emptyTable } from '../tables/inspect-backtest.ts';
import { judgeShadow } from './shadow.ts';
import type { ShadowConfig } from './shadow-config.ts';
import type { ShadowResult } from './shadow-result.ts';
import { READ_LINES, ROW_TEXTS, SETTLE_LINES, SHADOW_ROWS, UNREADABLE_LINES } from './shadow-sql.ts';
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
    const unreadable = await readRows(engine, inputs.rows);
    return judgeShadow({ unreadable, ...(await sumWhole(engine, config)) }, config).result;
  } finally {
    engine.close();
  }
}

/** Fills `shadow_rows` and answers how many rows of the file have no readable key. */
async function readRows(engine: DuckdbStore, path: string): Promise<number> {
  await engine.run(MACROS);
  await engine.run(SHADOW_ROWS);
  await engine.openTable({ table, path, view: 'shadow_file', columns: ROW_TEXTS });
  await engine.reading(table, READ_LINES);
  const [read] = await engine.rows(UNREADABLE_LINES, lines);
  if (read === undefined || read.lines === 0) {
    throw new ReleaseError('UNUSABLE_EVIDENCE', 'The rows cannot be judged.', { reasons: [emptyTable(table)] });
  }
  await engine.run(SETTLE_LINES);
  await engine.run('DROP TABLE shadow_lines');
  return read.unreadable;
}
