import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEvent } from '../platform/boundary.ts';
import { s3 } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { retention } from '../platform/retention.ts';
import * as wired from '../platform/wiring.ts';
import { sumCanary } from './canary/canary-stage-store.ts';
import { sumPower } from './canary/power-store.ts';
import { type JudgeAnswer, judge, judgeEvent } from './judge.ts';
import type { JudgePorts } from './judge-ports.ts';
import { readOfflineSums } from './offline/offline-sums-store.ts';
import { readRecorded } from './offline/recorded-store.ts';
import { sumShadow } from './shadow/shadow-sums-store.ts';
import { PredictionFilesStore } from './stages/prediction-files-store.ts';
import { readStage } from './stages/stage-evidence-store.ts';

/** Lambda sets the variable; the default is for a host that does not. */
const functionMemoryMb = Number(process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? 1024);
/** Node, and what the engine takes beside its limit: 390 MB were measured with two million rows. */
const RESERVED_MB = 500;
const engine = { memoryMb: Math.max(256, functionMemoryMb - RESERVED_MB), threads: availableParallelism() };

const source = { files: new PredictionFilesStore(s3(), config('PREDICTION_BUCKET')), engine };
/** Stock is compared with 28 days before the canary, and the mean demand of the first of them needs 28 days more. */
const DAYS_BEFORE = 56;

const ports: JudgePorts = {
  registry: wired.registry(),
  writes: wired.registryWrites(),
  ledger: wired.ledger(),
  evidence: wired.evidence(),
  withDirectory: async (use) => {
    const directory = await mkdtemp(join(tmpdir(), 'judge-'));
    try {
      return await use(directory);
    } finally {
      // A warm function keeps its disk, and the next promotion needs the room.
      await rm(directory, { recursive: true, force: true });
    }
  },
  offlineSums: (files, { config, directory }) => readOfflineSums(files, config, { ...engine, directory }),
  recorded: (question) => readRecorded(source, question),
  shadowEvidence: (question, request) =>
    readStage(source, { ...question, daysBefore: 0 }, (db, quality) => sumShadow(db, quality, request)),
  powerEvidence: (question, settings) =>
    readStage(source, { ...question, daysBefore: DAYS_BEFORE }, (db) => sumPower(db, settings)),
  canaryEvidence: (question, settings) =>
    readStage(source, { ...question, daysBefore: DAYS_BEFORE }, (db, quality) => sumCanary(db, quality, settings)),
};
const kept = retention(config('RETENTION_DAYS'), config('RETENTION_MODE'));

/** Judges the evidence of a gate and writes the three artifacts. */
export async function handler(event: unknown): Promise<JudgeAnswer> {
  const settings = { retention: kept, at: systemClock().toISOString() };
  const answer = await judge(ports, parseEvent(judgeEvent, event), settings);
  logger.info('Judged', { ...answer, reasons: answer.reasons.map(({ code }) => code) });
  return answer;
}
