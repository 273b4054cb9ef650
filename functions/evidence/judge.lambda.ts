import { availableParallelism } from 'node:os';
import { parseEvent } from '../platform/boundary.ts';
import { s3 } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config, configNumber } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { retention } from '../platform/retention.ts';
import * as wired from '../platform/wiring.ts';
import { MAX_SHARDS } from '../registry/history-budget.ts';
import { readWidening } from './canary/widening.ts';
import { type JudgeAnswer, judge, judgeEvent, type PartEvent, partEvent, sumPartOfGate } from './judge.ts';
import type { JudgePorts } from './judge-ports.ts';
import { evidenceReaders } from './read-evidence-store.ts';
import { PredictionFilesStore } from './stages/prediction-files-store.ts';

/** Lambda sets the variable; the default is for a host that does not. */
const functionMemoryMb = Number(process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? 1024);
/** Node, and what the engine takes beside its limit: 610 MB were measured with ten million rows of 90,000 series. */
const RESERVED_MB = 700;
const engine = { memoryMb: Math.max(256, functionMemoryMb - RESERVED_MB), threads: availableParallelism() };

const registry = wired.registry();
const freezes = wired.freezes();
const ports: JudgePorts = {
  registry,
  writes: wired.registryWrites(),
  ledger: wired.ledger(),
  widening: (run, now) => readWidening({ registry, freezes }, run, now),
  evidence: wired.evidence(),
  ...evidenceReaders(
    { files: new PredictionFilesStore(s3(), config('PREDICTION_BUCKET')), engine },
    { aboveMb: configNumber('SPLIT_ABOVE_MB'), most: MAX_SHARDS },
  ),
};
const kept = retention(config('RETENTION_DAYS'), config('RETENTION_MODE'));

/** Judges the evidence of a gate and writes its artifacts, or sums one part of a large backtest for that. */
export async function handler(event: unknown): Promise<JudgeAnswer | PartEvent> {
  const settings = { retention: kept, at: systemClock().toISOString() };
  const part = partEvent.safeParse(event);
  if (part.success) return sumPartOfGate(ports, part.data, settings);
  const answer = await judge(ports, parseEvent(judgeEvent, event), settings);
  logger.info('Judged', { ...answer, reasons: answer.reasons.map(({ code }) => code) });
  return answer;
}
