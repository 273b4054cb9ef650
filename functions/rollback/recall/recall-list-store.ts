import { mkdir, rm } from 'node:fs/promises';
import * as z from 'zod';
import type { PredictionFilesStore } from '../../evidence/stages/prediction-files-store.ts';
import { MACROS } from '../../evidence/tables/cell-sql.ts';
import { DuckdbStore, type EngineSettings } from '../../evidence/tables/duckdb-store.ts';
import { predictionPaths } from '../../platform/keys.ts';
import type { RecallCounts, Unreadable } from './recall-item.ts';
import {
  byStoreSql,
  byTargetDateSql,
  COUNTED_MEMBERS,
  countListSql,
  LISTED_OBJECTS,
  NAMING_MEMBERS,
  RECALLED_KEYS,
  REPLACE,
  readListsSql,
  recallSql,
  SERVED_TEXTS,
  TABLES,
  UNREAD,
  writeListSql,
} from './recall-sql.ts';
import type { CountedList } from './recall-summary.ts';
import type { ServedObject } from './served-log-store.ts';

/** What of the log a list is made from. */
export interface ListSource {
  readonly version: string;
  /** What the version served: each line is recalled. */
  readonly own: readonly ServedObject[];
  /** What else was served since: what came later for the same unit and day replaces. */
  readonly others: readonly ServedObject[];
}

export interface MadeList {
  /** Lines of the list; with none, no file was written. */
  readonly forecasts: number;
  readonly unreadable: Unreadable;
}

/** Loaded at a time: what lies on the disk, and as text in memory, besides what is kept of it. */
const OBJECTS_AT_ONCE = 500;
const BYTES_AT_ONCE = 64_000_000;
const MAX_KEYS = 100;

const count = z.union([z.bigint(), z.number()]).transform(Number);
const sums = { forecasts: count, replaced: count, toCome: count };
const span = { firstTargetDate: z.string(), lastTargetDate: z.string() };
const whole = z.object({
  ...{ ...sums, units: count, stores: count, days: count },
  ...{ ...span, servedFrom: z.string(), servedUntil: z.string() },
}) satisfies z.ZodType<RecallCounts>;
const day = z.object({ targetDate: z.string(), ...sums });
const shop = z.object({ store: z.string(), region: z.string(), ...sums, ...span });
const listedObject = z.object({
  ...{ asOf: z.string(), arm: z.string(), version: z.string(), requestId: z.string(), revision: z.string() },
});

/** Makes and counts lists of recalled forecasts with the data engine; what does not fit into memory is spilled to the disk. */
export class RecallListStore {
  readonly #files: Pick<PredictionFilesStore, 'save'>;
  readonly #engine: Omit<EngineSettings, 'directory'>;

  constructor(files: Pick<PredictionFilesStore, 'save'>, engine: Omit<EngineSettings, 'directory'>) {
    this.#files = files;
    this.#engine = engine;
  }

  /** Writes the list to `path`. `directory` is empty, and of this run alone. */
  async make(source: ListSource, to: { readonly path: string; readonly directory: string }): Promise<MadeList> {
    return this.#with(to.directory, async (engine) => {
      await engine.useCompressedTables();
      await engine.run(MACROS);
      await engine.run(TABLES);
      const damaged = await this.#load(engine, source.own, recallSql(source.version), to.directory);
      const [own] = await engine.rows(UNREAD, z.object({ lines: count, recalled: count }));
      const { lines = 0, recalled = 0 } = own ?? {};
      const unreadable = { objects: damaged.length, keys: damaged.slice(0, MAX_KEYS), lines };
      if (recalled === 0) return { forecasts: 0, unreadable };
      await engine.run(RECALLED_KEYS);
      // One of them that cannot be read replaces nothing: its units and days are told as still to be acted on.
      await this.#load(engine, source.others, REPLACE, to.directory);
      await engine.run(writeListSql(to.path));
      return { forecasts: recalled, unreadable };
    });
  }

  /** @param from the first business date that was still to come */
  async count(path: string, of: { readonly from: string; readonly directory: string }): Promise<CountedList> {
    return this.#with(of.directory, async (engine) => {
      await engine.useCompressedTables();
      await engine.run(readListsSql([path], COUNTED_MEMBERS));
      await engine.compressWhenTight();
      const [counts] = await engine.rows(countListSql(of.from), whole);
      if (counts === undefined) throw new Error('A statement without grouping answered no row.');
      const byTargetDate = await engine.rows(byTargetDateSql(of.from), day);
      const byStore = await engine.rows(byStoreSql(of.from), shop);
      return { counts, byTargetDate, byStore };
    });
  }

  /** Keys of the log's objects that lists were made from. */
  async objectsOf(model: string, paths: readonly string[], directory: string): Promise<ReadonlySet<string>> {
    if (paths.length === 0) return new Set();
    return this.#with(directory, async (engine) => {
      await engine.run(readListsSql(paths, NAMING_MEMBERS));
      const found = await engine.rows(LISTED_OBJECTS, listedObject);
      return new Set(
        found.map((object) => predictionPaths.prediction({ ...object, model, revision: Number(object.revision) })),
      );
    });
  }

  /** Runs a statement on the lines of each load of objects; answers the keys of those that are damaged. */
  async #load(
    engine: DuckdbStore,
    objects: readonly ServedObject[],
    sql: string,
    directory: string,
  ): Promise<readonly string[]> {
    const damaged: string[] = [];
    for (const load of loadsOf(objects)) {
      const folder = `${directory}/load`;
      await mkdir(folder, { recursive: true });
      const saved = await this.#files.save(load, folder);
      damaged.push(...saved.filter(({ whole }) => !whole).map(({ key }) => key));
      const whole = saved.filter((one) => one.whole).map(({ path }) => path);
      await engine.appendJsonLines('served_texts', SERVED_TEXTS, whole);
      await engine.run(sql);
      await rm(folder, { recursive: true, force: true });
      await engine.compressWhenTight();
    }
    return damaged;
  }

  async #with<T>(directory: string, use: (engine: DuckdbStore) => Promise<T>): Promise<T> {
    const engine = await DuckdbStore.open({ ...this.#engine, directory });
    try {
      return await use(engine);
    } finally {
      engine.close();
    }
  }
}

/** Objects in their order, cut into loads that fit. */
function loadsOf(objects: readonly ServedObject[]): readonly (readonly ServedObject[])[] {
  const loads: ServedObject[][] = [];
  let bytes = 0;
  for (const object of objects) {
    const last = loads.at(-1);
    if (last === undefined || last.length >= OBJECTS_AT_ONCE || bytes + object.bytes > BYTES_AT_ONCE) {
      loads.push([object]);
      bytes = object.bytes;
    } else {
      last.push(object);
      bytes += object.bytes;
    }
  }
  return loads;
}
