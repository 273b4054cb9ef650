import { type EngineSettings, literal } from '../tables/duckdb-store.ts';
import { assignShards, recordedShardOf, shardOf } from './offline-sql.ts';
import type { OfflineFrame } from './offline-sums.ts';
import {
  encodeTables,
  type OfflineFiles,
  type OfflineShardFiles,
  openFiles,
  openRecordedLater,
  type ReadRecorded,
  readOrigins,
  readSkuUnits,
  setCutoff,
  settleHistory,
  volumesOf,
  withEngine,
} from './offline-tables-store.ts';

/** A backtest in parts, and what each part has to know of the whole. */
export interface SplitOffline {
  readonly frame: OfflineFrame;
  readonly shardFiles: readonly OfflineShardFiles[];
}

export interface SplitRequest {
  readonly shards: number;
  readonly directory: string;
  /** Asked once the dates are known. */
  readonly recorded?: ReadRecorded;
}

/**
 * Splits a backtest into so many parts by series, as Parquet files in the directory. `sumOfflineShard` sums one of them,
 * `mergeOffline` adds the sums up: to the same bytes, however many parts there are.
 * @throws ReleaseError UNUSABLE_EVIDENCE with every fault of the files
 */
export async function splitOffline(
  files: OfflineFiles,
  { shards, directory, recorded }: SplitRequest,
  engine: EngineSettings,
): Promise<SplitOffline> {
  return withEngine(engine, async (db) => {
    const shape = await openFiles(db, files);
    await encodeTables(db, shape);
    if (recorded !== undefined) await openRecordedLater(db, recorded);
    const known = await readOrigins(db);
    await db.run(assignShards(shards));
    const shardFiles: OfflineShardFiles[] = [];
    for (let shard = 0; shard < shards; shard += 1) {
      const paths = pathsOf(directory, shard);
      const tables = { ...shardOf(shape, shard), ...recordedShardOf(shard) };
      for (const table of TABLES) await db.run(`COPY (${tables[table]}) TO ${literal(paths[table])} (FORMAT parquet)`);
      shardFiles.push(paths);
    }
    await setCutoff(db, known.origins);
    await settleHistory(db);
    return { frame: { shape, ...known, volumes: volumesOf(await readSkuUnits(db)) }, shardFiles };
  });
}

const TABLES = ['rows', 'history', 'recordedActuals', 'recordedBaseline'] as const;

function pathsOf(directory: string, shard: number): OfflineShardFiles {
  return {
    rows: `${directory}/rows-${shard}.parquet`,
    history: `${directory}/history-${shard}.parquet`,
    recordedActuals: `${directory}/recorded-actuals-${shard}.parquet`,
    recordedBaseline: `${directory}/recorded-baseline-${shard}.parquet`,
  };
}
