import * as z from 'zod';
import { ReleaseError } from '../../platform/errors.ts';
import { MACROS } from '../tables/cell-sql.ts';
import { DuckdbStore, type EngineSettings } from '../tables/duckdb-store.ts';
import { emptyTable } from '../tables/inspect-backtest.ts';
import { judgeGuard } from './guard.ts';
import type { GuardConfig } from './guard-config.ts';
import { type GuardRow, guardDays } from './guard-days.ts';
import type { GuardResult } from './guard-result.ts';
import { DAILY, DAILY_TEXTS, READ_DAILY } from './guard-sql.ts';

const cell = z.number().nullable();
const row: z.ZodType<GuardRow> = z.object({
  date: z.string().nullable(),
  ...{ absError: cell, comparatorAbsError: cell, invalid: cell, rows: cell, expectedRows: cell },
  ...{ comparatorInvalid: cell, comparatorRows: cell, inputPsi: cell, inputPsiCritical: cell },
});

/**
 * Judges a local file with one row per closed business day, CSV or Parquet, gzip or not.
 * @throws ReleaseError UNUSABLE_EVIDENCE with all faults
 */
export async function judgeGuardFiles(
  inputs: { readonly daily: string },
  config: GuardConfig,
  settings: EngineSettings,
): Promise<GuardResult> {
  const engine = await DuckdbStore.open(settings);
  try {
    await engine.run(MACROS);
    await engine.openTable({ table: 'DAILY', path: inputs.daily, view: 'daily_file', columns: DAILY_TEXTS });
    await engine.reading('DAILY', READ_DAILY);
    const rows = await engine.rows(DAILY, row);
    if (rows.length === 0) {
      throw new ReleaseError('UNUSABLE_EVIDENCE', 'The daily rows cannot be judged.', {
        reasons: [emptyTable('DAILY')],
      });
    }
    return judgeGuard(guardDays(rows), config).result;
  } finally {
    engine.close();
  }
}
