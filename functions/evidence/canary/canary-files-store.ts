import * as z from 'zod';
import { isReleaseError, type Reason, ReleaseError } from '../../platform/errors.ts';
import { MACROS } from '../tables/cell-sql.ts';
import { DuckdbStore, type EngineSettings } from '../tables/duckdb-store.ts';
import { emptyTable } from '../tables/inspect-backtest.ts';
import { FIRST_LOOK, judgeCanary } from './canary.ts';
import { CANARY_METRICS, type CanaryConfig } from './canary-config.ts';
import {
  ASSIGNMENT_FAULTS,
  ASSIGNMENT_TEXTS,
  CANARY_TEXTS,
  DROP_TYPED,
  OPS_FAULTS,
  OPS_TEXTS,
  OPS_WINDOWS,
  OUTCOME_QUALITY,
  READ_ASSIGNMENT,
  READ_OPS,
  readOutcomesSql,
  SETTLE_OUTCOMES,
} from './canary-files-sql.ts';
import type { CanaryResult, CanaryState } from './canary-result.ts';
import { CANARY_TABLES } from './canary-sql.ts';
import { type CanarySums, NO_OPS, type OpsCounts, type OpsWindow } from './canary-sums.ts';
import { sumWhole } from './canary-sums-store.ts';

export interface CanaryFiles {
  readonly outcomes: string;
  readonly ops?: string;
  /** The frozen cohort. */
  readonly assignment?: string;
}

const count = z.union([z.bigint(), z.number()]).transform(Number);
const quality = z.object({ rows: count, bad_rows: count, duplicate_rows: count, conflicting_keys: count });
const opsRow = z.object({
  ...{ window: z.string(), arm: z.enum(['canary', 'control']), requests: count, errors: count, slow: count.nullable() },
  ...{ expected: count, missing: count, nonfinite: count, negative: count },
});

/**
 * One look at a canary by local files, CSV or Parquet, gzip or not. `state` is what the look before left behind; null:
 * this is the first.
 * @throws ReleaseError UNUSABLE_EVIDENCE with all faults
 */
export async function judgeCanaryFiles(
  inputs: CanaryFiles,
  config: CanaryConfig,
  settings: EngineSettings,
  state: CanaryState | null = null,
): Promise<CanaryResult> {
  const engine = await DuckdbStore.open(settings);
  try {
    await engine.run(MACROS);
    const faults: Reason[] = [];
    const { ops: path } = inputs;
    const ops = await attempt(faults, async () => (path === undefined ? [] : readOps(engine, path)));
    const sums = await attempt(faults, () => sumCanaryFiles(engine, inputs, config));
    if (ops === null || sums === null) throw unusable(faults);
    return judgeCanary({ sums, ops, state: state ?? FIRST_LOOK }, config).result;
  } finally {
    engine.close();
  }
}

/** Sums of the outcomes alone, up to their last day. The engine has to know the macros of offline-sql.ts. */
export async function sumCanaryFiles(
  engine: DuckdbStore,
  inputs: Pick<CanaryFiles, 'outcomes' | 'assignment'>,
  { cluster, metrics }: Pick<CanaryConfig, 'cluster' | 'metrics'>,
): Promise<CanarySums> {
  await engine.run(CANARY_TABLES);
  const { outcomes, assignment } = inputs;
  const faults: Reason[] = [];
  const measured = await attempt(faults, () => readOutcomes(engine, outcomes, cluster));
  const frozen = await attempt(
    faults,
    async () => assignment !== undefined && (await readAssignment(engine, assignment)),
  );
  if (measured === null || frozen === null) throw unusable(faults);
  return sumWhole(engine, measured, {
    frozen,
    metrics: CANARY_METRICS.filter((metric) => metrics[metric] !== undefined),
  });
}

async function readOutcomes(
  engine: DuckdbStore,
  path: string,
  cluster: CanaryConfig['cluster'],
): Promise<z.infer<typeof quality>> {
  const table = 'CANARY_OUTCOMES';
  await engine.openTable({ table, path, view: 'outcomes_file', columns: CANARY_TEXTS });
  await engine.reading(table, readOutcomesSql(cluster));
  await engine.run(SETTLE_OUTCOMES);
  const [measured] = await engine.rows(OUTCOME_QUALITY, quality);
  if (measured === undefined || measured.rows === 0) throw unusable([emptyTable(table)]);
  await engine.run(DROP_TYPED);
  return measured;
}

/** True: the cohort was read. */
async function readAssignment(engine: DuckdbStore, path: string): Promise<true> {
  const table = 'ASSIGNMENT';
  await engine.openTable({ table, path, view: 'assignment_file', columns: ASSIGNMENT_TEXTS });
  await engine.reading(table, READ_ASSIGNMENT);
  const [faults] = await engine.rows(ASSIGNMENT_FAULTS, z.object({ rows: count, unreadable: count }));
  if (faults === undefined || faults.rows === 0) throw unusable([emptyTable(table)]);
  if (faults.unreadable > 0) {
    throw unusable([
      unreadableRows(table, `${faults.unreadable} rows`, 'a cluster, and canary or control, in each row'),
    ]);
  }
  return true;
}

/** Null, with the faults added, when a file cannot be used. */
async function attempt<T>(faults: Reason[], read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (!isReleaseError(error, 'UNUSABLE_EVIDENCE')) throw error;
    faults.push(...error.reasons);
    return null;
  }
}

async function readOps(engine: DuckdbStore, path: string): Promise<readonly OpsWindow[]> {
  const table = 'OPS';
  await engine.openTable({ table, path, view: 'ops_file', columns: OPS_TEXTS });
  await engine.reading(table, READ_OPS);
  const [faults] = await engine.rows(OPS_FAULTS, z.object({ unreadable: count, contradicting: count }));
  if (faults !== undefined && faults.unreadable > 0) {
    throw unusable([
      unreadableRows(table, `${faults.unreadable} rows`, 'whole numbers of at least 0; slow may be empty'),
    ]);
  }
  if (faults !== undefined && faults.contradicting > 0) {
    throw unusable([
      unreadableRows(table, `${faults.contradicting} repeated rows that differ`, 'one row per window and arm'),
    ]);
  }
  return opsWindows(await engine.rows(OPS_WINDOWS, opsRow));
}

function opsWindows(rows: readonly z.infer<typeof opsRow>[]): readonly OpsWindow[] {
  return [...Map.groupBy(rows, ({ window }) => window)].map(([window, ofWindow]) => {
    const of = (wanted: 'canary' | 'control'): OpsCounts => ofWindow.find(({ arm }) => arm === wanted) ?? NO_OPS;
    return { window, canary: of('canary'), control: of('control') };
  });
}

function unreadableRows(table: 'OPS' | 'ASSIGNMENT', got: string, allowed: string): Reason {
  const path = table.toLowerCase();
  const message = `Rows of the ${path} cannot be used, and are not guessed at.`;
  return { code: `${table}_INVALID_ROWS`, path, message, got, allowed, next: 'Check the export that wrote the file.' };
}

function unusable(reasons: readonly Reason[]): ReleaseError {
  return new ReleaseError('UNUSABLE_EVIDENCE', 'The canary cannot be judged.', { reasons });
}
