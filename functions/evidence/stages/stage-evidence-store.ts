import { mkdir } from 'node:fs/promises';
import * as z from 'zod';
import { isReleaseError } from '../../platform/errors.ts';
import { MACROS } from '../tables/cell-sql.ts';
import { DuckdbStore, type EngineSettings } from '../tables/duckdb-store.ts';
import {
  type DatedObject,
  describeObjects,
  type PredictionFilesStore,
  type SavedObject,
} from './prediction-files-store.ts';
import type { MeasuredQuality, RecordFilter, StageRead, StockColumns } from './stage-evidence.ts';
import {
  EVIDENCE_QUALITY,
  OUTCOME_TEXTS,
  PARAMETERS,
  READ_OUTCOMES,
  RECORD_COLUMNS,
  readRecordsSql,
  STOCK,
} from './stage-sql.ts';

export const count = z.union([z.bigint(), z.number()]).transform(Number);
/** Millionths as units. */
export const units = z.bigint().transform((micros) => Number(micros) / 1e6);

const quality = z.object({
  ...{ records: count, unreadable: count, foreign: count, duplicates: count, conflicts: count, damagedOrigins: count },
  ...{ outcomes: count, outcomesUnreadable: count, outcomeDuplicates: count, outcomeConflicts: count },
}) satisfies z.ZodType<MeasuredQuality>;
const stock = z.object({ stockout: z.boolean(), overstock: z.boolean() });

/** Where the evidence of running stages lies. */
export type StageFiles = Pick<PredictionFilesStore, 'findPredictions' | 'findOutcomes' | 'save'>;

export interface StageRequest {
  readonly model: string;
  readonly filter: RecordFilter;
  /** Outcomes of so many days before the first target day are read as well. */
  readonly daysBefore: number;
  /** Empty, and of this run alone. */
  readonly directory: string;
}

/**
 * Reads the evidence of a running stage from the prediction bucket into tables (stage-sql.ts) and answers what `sum`
 * makes of them. Objects that are damaged are told, never guessed at: an origin date with one is left out, and a day
 * whose outcomes are damaged has none. Objects may arrive meanwhile: a day whose outcomes are read has all its forecasts.
 */
export async function readStage<T>(
  source: { readonly files: StageFiles; readonly engine: Omit<EngineSettings, 'directory'> },
  request: StageRequest,
  sum: (engine: DuckdbStore, quality: MeasuredQuality) => Promise<T>,
): Promise<StageRead<T>> {
  const { directory } = request;
  const engine = await DuckdbStore.open({ ...source.engine, directory });
  try {
    await engine.run(MACROS);
    await engine.run(PARAMETERS);
    // Before the forecasts: those of a day are in the log before anybody knows its sales.
    const known = await source.files.findOutcomes();
    const predictions = await readPredictions(engine, source.files, request);
    const outcomes = await readOutcomes(engine, source.files, { ...request, known });
    await engine.run(READ_OUTCOMES);
    const measured = await only(engine, EVIDENCE_QUALITY, quality);
    return {
      sums: await sum(engine, measured),
      objects: { predictions: describeObjects(predictions), outcomes: describeObjects(outcomes.saved) },
      damaged: [...predictions.filter(({ whole }) => !whole).map(({ key }) => key), ...outcomes.damaged],
      stock: await only<StockColumns>(engine, STOCK, stock),
    };
  } finally {
    engine.close();
  }
}

async function readPredictions(
  engine: DuckdbStore,
  files: StageFiles,
  { model, filter, directory }: StageRequest,
): Promise<readonly SavedObject[]> {
  const revisions = filter.exposures.map(({ revision }) => revision);
  const saved = await files.save(
    await files.findPredictions(model, revisions),
    await subdirectory(directory, 'predictions'),
  );
  await engine.appendTexts(
    'exposure_texts',
    filter.exposures.map(({ revision, step, until }) => [String(revision), String(step), until]),
  );
  await engine.appendTexts(
    'damaged_dates',
    saved.filter(({ whole }) => !whole).map(({ date }) => [date]),
  );
  await engine.appendJsonLines(
    'record_texts',
    RECORD_COLUMNS,
    saved.filter(({ whole }) => whole).map(({ path }) => path),
  );
  await engine.run(readRecordsSql(filter));
  return saved;
}

async function readOutcomes(
  engine: DuckdbStore,
  files: StageFiles,
  { daysBefore, directory, known }: StageRequest & { readonly known: readonly DatedObject[] },
): Promise<{ readonly saved: readonly SavedObject[]; readonly damaged: readonly string[] }> {
  // Day by day, not from the first to the last: a request with a mistyped year would be a look at every day in between.
  const days = await engine.rows(
    `SELECT DISTINCT CAST(target - CAST(ago AS INTEGER) AS VARCHAR) AS day FROM (SELECT DISTINCT target FROM pairs), range(0, ${daysBefore + 1}) earlier(ago) ORDER BY day`,
    z.object({ day: z.string() }),
  );
  const wanted = new Set(days.map(({ day }) => day));
  const objects = known.filter(({ date }) => wanted.has(date));
  const saved = await files.save(objects, await subdirectory(directory, 'outcomes'));
  const damaged: string[] = [];
  for (const [index, object] of saved.entries()) {
    if (!(object.whole && (await isRead(engine, object, `outcome_file_${index}`)))) damaged.push(object.key);
  }
  return { saved, damaged };
}

/** False when the file is not what an outcomes file should be. */
async function isRead(engine: DuckdbStore, { path, date }: SavedObject, view: string): Promise<boolean> {
  const table = 'OUTCOMES';
  try {
    await engine.openTable({ table, path, view, columns: OUTCOME_TEXTS });
    await engine.reading(
      table,
      `INSERT INTO outcome_texts SELECT '${date}', ${OUTCOME_TEXTS.map((name) => `"${name}"`).join(', ')} FROM ${view}`,
    );
    return true;
  } catch (error) {
    if (!isReleaseError(error, 'UNUSABLE_EVIDENCE')) throw error;
    return false;
  }
}

async function subdirectory(directory: string, name: string): Promise<string> {
  const path = `${directory}/${name}`;
  await mkdir(path, { recursive: true });
  return path;
}

export async function only<T>(engine: DuckdbStore, sql: string, row: z.ZodType<T>): Promise<T> {
  const [first] = await engine.rows(sql, row);
  if (first === undefined) throw new Error('A statement without grouping answered no row.');
  return first;
}
