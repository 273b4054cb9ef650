import { mkdir } from 'node:fs/promises';
import * as z from 'zod';
import { isReleaseError } from '../../platform/errors.ts';
import {
  describeObjects,
  type PredictionFilesStore,
  type SavedObject,
  type SizedObject,
} from '../stages/prediction-files-store.ts';
import { MACROS } from '../tables/cell-sql.ts';
import { DuckdbStore, type EngineSettings, literal } from '../tables/duckdb-store.ts';
import {
  exportSql,
  FORECAST_TEXTS,
  RECORDED_TABLES,
  SALES_TEXTS,
  SETTLE_SALES,
  settleForecasts,
} from './recorded-sql.ts';

/** What of a backtest could be recorded here: its dates, and whose forecasts its baseline column claims to hold. */
export interface RecordedQuestion {
  readonly model: string;
  /** The version that the candidate is compared with, or the name of the safe forecast. */
  readonly baseline: string;
  /** Origin and target dates of the backtest, each once. */
  readonly origins: readonly string[];
  readonly targets: readonly string[];
  /** Empty, and of this run alone. */
  readonly directory: string;
}

interface ObjectsRead {
  readonly objects: number;
  readonly digest: string;
}

/** Tables of what was recorded, as local Parquet files; null where nothing was. */
export interface Recorded {
  /** sku, store, date, units. */
  readonly actuals: string | null;
  /** origin_date, sku, store, target_date, units. */
  readonly baseline: string | null;
  /** The object versions that were read. */
  readonly evidence: { readonly outcomes: ObjectsRead; readonly predictions: ObjectsRead };
  /** Keys of objects that are damaged, or are not what they should be. */
  readonly damaged: readonly string[];
  /** Objects that were not looked at, because there are more than one comparison needs. */
  readonly leftOut: number;
}

/** Where the prediction log and the outcomes lie. */
export type RecordedFiles = Pick<PredictionFilesStore, 'findForecasts' | 'findOutcomesOf' | 'save'>;

/** Bytes as stored that are read of the log, and of the outcomes; the newest dates come first. */
const MAX_BYTES = 1_500_000_000;
const MAX_OBJECTS = 20_000;

const count = z.object({ n: z.bigint().transform(Number) });

/**
 * Reads what the system itself recorded for the dates of a backtest: what was sold, and what the version in production
 * forecast at these origins. Only objects of the dates that are asked for are listed, and at most so many are read.
 */
export async function readRecorded(
  source: {
    readonly files: RecordedFiles;
    readonly engine: Omit<EngineSettings, 'directory'>;
    /** Less of it in tests. */
    readonly most?: { readonly bytes: number; readonly objects: number };
  },
  question: RecordedQuestion,
): Promise<Recorded> {
  const { files, most = { bytes: MAX_BYTES, objects: MAX_OBJECTS } } = source;
  const { model, baseline, directory } = question;
  const sold = within(await files.findOutcomesOf(question.targets), most);
  const forecast = within(await files.findForecasts(model, baseline, question.origins), most);
  const engine = await DuckdbStore.open({ ...source.engine, directory: await subdirectory(directory, 'recorded') });
  try {
    await engine.run(MACROS);
    await engine.run(RECORDED_TABLES);
    const outcomes = await files.save(sold.taken, await subdirectory(directory, 'recorded-outcomes'));
    const predictions = await files.save(forecast.taken, await subdirectory(directory, 'recorded-predictions'));
    const damaged = await readSales(engine, outcomes);
    const whole = predictions.filter((object) => object.whole);
    await engine.appendJsonLines('forecast_texts', FORECAST_TEXTS, paths(whole));
    await engine.run(SETTLE_SALES);
    await engine.run(settleForecasts(baseline));
    return {
      actuals: await exported(engine, 'recorded_actuals', directory),
      baseline: await exported(engine, 'recorded_baseline', directory),
      evidence: { outcomes: describeObjects(outcomes), predictions: describeObjects(predictions) },
      damaged: [...damaged, ...predictions.filter((object) => !object.whole).map(({ key }) => key)],
      leftOut: sold.leftOut + forecast.leftOut,
    };
  } finally {
    engine.close();
  }
}

/** As many objects as may be read, of the newest dates. */
function within(
  found: readonly SizedObject[],
  most: { readonly bytes: number; readonly objects: number },
): { readonly taken: readonly SizedObject[]; readonly leftOut: number } {
  const newest = found.toSorted((a, b) => (a.date === b.date ? 0 : a.date < b.date ? 1 : -1));
  const taken: SizedObject[] = [];
  let bytes = 0;
  for (const object of newest) {
    bytes += object.bytes;
    if (bytes > most.bytes || taken.length === most.objects) break;
    taken.push(object);
  }
  return { taken, leftOut: found.length - taken.length };
}

/** Answers the keys of the objects that are no outcomes. */
async function readSales(engine: DuckdbStore, saved: readonly SavedObject[]): Promise<readonly string[]> {
  const damaged: string[] = [];
  for (const [index, { key, date, path, whole }] of saved.entries()) {
    const view = `sales_file_${index}`;
    const texts = SALES_TEXTS.map((name) => `"${name}"`).join(', ');
    if (!whole) {
      damaged.push(key);
      continue;
    }
    try {
      await engine.openTable({ table: 'OUTCOMES', path, view, columns: SALES_TEXTS });
      await engine.reading('OUTCOMES', `INSERT INTO sales_texts SELECT ${literal(date)}, ${texts} FROM ${view}`);
    } catch (error) {
      if (!isReleaseError(error, 'UNUSABLE_EVIDENCE')) throw error;
      damaged.push(key);
    }
  }
  return damaged;
}

async function exported(
  engine: DuckdbStore,
  table: 'recorded_baseline' | 'recorded_actuals',
  directory: string,
): Promise<string | null> {
  const [rows] = await engine.rows(`SELECT count(*) AS n FROM ${table}`, count);
  if (rows === undefined || rows.n === 0) return null;
  const path = `${directory}/${table.replace('_', '-')}.parquet`;
  await engine.run(exportSql(table, path));
  return path;
}

function paths(saved: readonly SavedObject[]): readonly string[] {
  return saved.map(({ path }) => path);
}

async function subdirectory(directory: string, name: string): Promise<string> {
  const path = `${directory}/${name}`;
  await mkdir(path, { recursive: true });
  return path;
}
