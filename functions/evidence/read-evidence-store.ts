import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sumCanary } from './canary/canary-stage-store.ts';
import { sumPower } from './canary/power-store.ts';
import type { JudgePorts } from './judge-ports.ts';
import { shardsFor } from './offline/backtest-size-store.ts';
import { splitOffline } from './offline/offline-shards-store.ts';
import { readOfflineSums, sumOfflineShard } from './offline/offline-sums-store.ts';
import { type RecordedFiles, readRecorded } from './offline/recorded-store.ts';
import { sumShadow } from './shadow/shadow-sums-store.ts';
import { readStage, type StageFiles } from './stages/stage-evidence-store.ts';
import type { EngineSettings } from './tables/duckdb-store.ts';

/** Stock is compared with 28 days before the canary, and the mean demand of the first of them needs 28 days more. */
const DAYS_BEFORE = 56;

/** How the judges read evidence: through the data engine, on the function's own disk. */
export function evidenceReaders(
  source: { readonly files: StageFiles & RecordedFiles; readonly engine: Omit<EngineSettings, 'directory'> },
  split: { readonly aboveMb: number; readonly most: number },
): Omit<JudgePorts, 'registry' | 'writes' | 'ledger' | 'evidence' | 'widening'> {
  const within = (directory: string): EngineSettings => ({ ...source.engine, directory });
  return {
    withDirectory: inTemporaryDirectory,
    offlineSums: (files, { config, directory, recorded }) =>
      readOfflineSums(files, config, within(directory), recorded),
    shardsFor: (path) => shardsFor(path, split),
    splitOffline: (files, request) => splitOffline(files, request, within(request.directory)),
    offlinePartSums: (files, { frame, config, directory }) => sumOfflineShard(files, frame, config, within(directory)),
    recorded: (question) => readRecorded(source, question),
    shadowEvidence: (question, request) =>
      readStage(source, { ...question, daysBefore: 0 }, (db, quality) => sumShadow(db, quality, request)),
    powerEvidence: (question, settings) =>
      readStage(source, { ...question, daysBefore: DAYS_BEFORE }, (db) => sumPower(db, settings)),
    canaryEvidence: (question, settings) =>
      readStage(source, { ...question, daysBefore: DAYS_BEFORE }, (db, quality) => sumCanary(db, quality, settings)),
  };
}

async function inTemporaryDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'judge-'));
  try {
    return await use(directory);
  } finally {
    // A warm function keeps its disk, and the next promotion needs the room.
    await rm(directory, { recursive: true, force: true });
  }
}
