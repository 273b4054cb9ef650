import { mkdir } from 'node:fs/promises';
import * as z from 'zod';
import { isReleaseError } from '../../platform/errors.ts';
import type { PredictionFilesStore, RoutedObject, SavedObject } from '../stages/prediction-files-store.ts';
import { OUTCOME_TEXTS, PARAMETERS, READ_OUTCOMES, RECORD_COLUMNS, readRecordsSql } from '../stages/stage-sql.ts';
import { H2, histogramFrom } from '../statistics/histogram.ts';
import { MACROS } from '../tables/cell-sql.ts';
import { DuckdbStore, type EngineSettings } from '../tables/duckdb-store.ts';
import {
  type ClosedDays,
  type ClosingRule,
  closedDays,
  type DayErrors,
  type InputRatios,
} from './guard-closed-days.ts';
import type { DayCounts } from './guard-counts.ts';
import {
  type Compared,
  countsSql,
  DAY_ERRORS,
  guardRowsSql,
  levelRatiosSql,
  neededDaysSql,
  referenceRatiosSql,
  seriesCountsSql,
  weekRatiosSql,
} from './guard-log-sql.ts';

/** Where the log and the outcomes lie. */
export type GuardFiles = Pick<
  PredictionFilesStore,
  'asOfDates' | 'findVersions' | 'findOutcomes' | 'save' | 'asOfArrival' | 'outcomeArrivals'
>;

export interface GuardSource {
  readonly files: GuardFiles;
  readonly engine: Omit<EngineSettings, 'directory'>;
}

const count = z.union([z.bigint(), z.number()]).transform(Number);
const units = z.bigint().transform((micros) => Number(micros) / 1e6);
const counts = z.object({
  date: z.string(),
  ...{ asked: count, missing: count, invalid: count },
  ...{ stores: count, skus: count, regions: count },
  ...{ comparatorAsked: count, comparatorMissing: count, comparatorInvalid: count },
});
const dayErrors: z.ZodType<DayErrors> = z.object({
  ...{ date: z.string(), keys: count, known: count, stores: count, knownStores: count },
  ...{ previousRows: count, previousOwn: units, previousError: units },
  ...{ naiveRows: count, naiveOwn: units, naiveError: units },
});
const bin = z.object({ bin: count, n: count, total: z.bigint() });
const series = z.object({ date: z.string(), series: count });

/** Counts of the as-of dates of these objects; those of a damaged one are left out whole. */
export async function countForecasts(
  source: GuardSource,
  objects: readonly RoutedObject[],
  of: Compared & { readonly liveFrom: number; readonly directory: string },
): Promise<readonly DayCounts[]> {
  return withLog(source, objects, of, async (engine) => {
    const live = new Set(objects.filter(({ revision }) => revision >= of.liveFrom).map(({ date }) => date));
    return (await engine.rows(countsSql(of), counts)).map((day) => ({ ...day, live: live.has(day.date) }));
  });
}

export interface ClosedEvidence {
  readonly days: ClosedDays;
  readonly input: InputRatios | null;
}

/** The closed days that these objects are about, with what is known of their demand. */
export async function readClosedDays(
  source: GuardSource,
  objects: readonly RoutedObject[],
  of: Compared & { readonly rule: ClosingRule; readonly directory: string },
): Promise<ClosedEvidence> {
  return withLog(source, objects, of, async (engine) => {
    await readOutcomes(engine, source, of);
    await engine.run(guardRowsSql(of));
    const days = closedDays(await engine.rows(DAY_ERRORS, dayErrors), of.rule);
    return { days, input: await readInput(engine, days) };
  });
}

async function withLog<T>(
  { files, engine: settings }: GuardSource,
  objects: readonly RoutedObject[],
  { version, directory }: Compared & { readonly directory: string },
  use: (engine: DuckdbStore) => Promise<T>,
): Promise<T> {
  const engine = await DuckdbStore.open({ ...settings, directory });
  try {
    await engine.run(MACROS);
    await engine.run(PARAMETERS);
    const saved = await files.save(objects, await subdirectory(directory, 'predictions'));
    const revisions = [...new Set(objects.map(({ revision }) => String(revision)))];
    // Whatever document routed them: the version is the same.
    await engine.appendTexts(
      'exposure_texts',
      revisions.map((revision) => [revision, '0', '9999-12-31 00:00:00']),
    );
    const damaged = saved.filter(({ whole }) => !whole);
    await engine.appendTexts(
      'damaged_dates',
      damaged.map(({ date }) => [date]),
    );
    const whole = saved.filter((object) => object.whole);
    await engine.appendJsonLines(
      'record_texts',
      RECORD_COLUMNS,
      whole.map(({ path }) => path),
    );
    await engine.run(readRecordsSql({ promotionId: null, candidate: version }));
    return await use(engine);
  } finally {
    engine.close();
  }
}

async function readOutcomes(
  engine: DuckdbStore,
  { files }: GuardSource,
  of: Compared & { readonly directory: string },
): Promise<void> {
  const needed = await engine.rows(neededDaysSql(of), z.object({ day: z.string() }));
  const wanted = new Set(needed.map(({ day }) => day));
  const found = (await files.findOutcomes()).filter(({ date }) => wanted.has(date));
  const saved = await files.save(found, await subdirectory(of.directory, 'outcomes'));
  for (const [index, object] of saved.entries()) {
    if (object.whole) await readDay(engine, object, `outcome_file_${index}`);
  }
  await engine.run(READ_OUTCOMES);
}

/** A file that is not what it should be says nothing: its day is not closed. */
async function readDay(engine: DuckdbStore, { path, date }: SavedObject, view: string): Promise<void> {
  try {
    await engine.openTable({ table: 'OUTCOMES', path, view, columns: OUTCOME_TEXTS });
    const texts = OUTCOME_TEXTS.map((name) => `"${name}"`).join(', ');
    await engine.reading('OUTCOMES', `INSERT INTO outcome_texts SELECT '${date}', ${texts} FROM ${view}`);
  } catch (error) {
    if (!isReleaseError(error, 'UNUSABLE_EVIDENCE')) throw error;
  }
}

async function readInput(engine: DuckdbStore, days: ClosedDays): Promise<InputRatios | null> {
  const [reference, live] = [days.reference, days.live].map((own) => own.map(({ date }) => date));
  if (reference === undefined || live === undefined || reference.length === 0 || live.length === 0) return null;
  await engine.run(levelRatiosSql({ reference, closed: [...reference, ...live] }));
  const there = await engine.rows(seriesCountsSql(reference, live), series);
  const seriesOf = new Map(there.map((one) => [one.date, one.series]));
  const bins = await engine.rows(weekRatiosSql(live), bin.extend({ date: z.string() }));
  const weeks = [...Map.groupBy(bins, ({ date }) => date)].map(
    ([date, own]) => [date, { histogram: histogramFrom(H2, own), series: seriesOf.get(date) ?? 0 }] as const,
  );
  const histogram = histogramFrom(H2, await engine.rows(referenceRatiosSql(reference), bin));
  return { reference: { histogram, series: seriesOf.get('') ?? 0 }, weeks: new Map(weeks) };
}

async function subdirectory(directory: string, name: string): Promise<string> {
  const path = `${directory}/${name}`;
  await mkdir(path, { recursive: true });
  return path;
}
