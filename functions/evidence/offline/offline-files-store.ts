import type { EngineSettings } from '../tables/duckdb-store.ts';
import { judgeOffline } from './offline.ts';
import type { OfflineConfig } from './offline-config.ts';
import type { OfflineResult } from './offline-result.ts';
import { readOfflineSums } from './offline-sums-store.ts';
import type { OfflineFiles } from './offline-tables-store.ts';

/**
 * Judges a backtest and a demand history in local files: CSV or Parquet, gzip or not.
 * @throws ReleaseError UNUSABLE_EVIDENCE with every fault of the files
 */
export async function judgeOfflineFiles(
  files: OfflineFiles,
  config: OfflineConfig,
  engine: EngineSettings,
): Promise<OfflineResult> {
  return judgeOffline(await readOfflineSums(files, config, engine), config).result;
}
