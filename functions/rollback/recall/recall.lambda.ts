import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { PredictionFilesStore } from '../../evidence/stages/prediction-files-store.ts';
import { parseEvent } from '../../platform/boundary.ts';
import { dynamo, s3, ses } from '../../platform/clients.ts';
import { systemClock } from '../../platform/clock.ts';
import { config } from '../../platform/config.ts';
import { sesSender } from '../../platform/email-store.ts';
import { logger } from '../../platform/logger.ts';
import * as wired from '../../platform/wiring.ts';
import { RecallLinkStore } from './recall-link-store.ts';
import { RecallListStore } from './recall-list-store.ts';
import { RecallObjectStore } from './recall-object-store.ts';
import { RecallStore, RecallWrites } from './recall-store.ts';
import { ServedLogStore } from './served-log-store.ts';
import { type MadeRecall, type WorkOffPorts, workOffRecalls } from './work-off-recalls.ts';

/** Lambda sets the variable; the default is for a host that does not. */
const functionMemoryMb = Number(process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? 1024);
/** Node, and what the engine takes beside its limit: sorting millions of lines takes more of that than summing them. */
const RESERVED_MB = 1100;
const engine = { memoryMb: Math.max(256, functionMemoryMb - RESERVED_MB), threads: availableParallelism() };
const bucket = config('PREDICTION_BUCKET');

const ports: WorkOffPorts = {
  registry: wired.registry(),
  recalls: new RecallStore(dynamo(), config('REGISTRY_TABLE')),
  writes: new RecallWrites(config('REGISTRY_TABLE')),
  ledger: wired.ledger(),
  log: new ServedLogStore(s3(), bucket),
  lists: new RecallListStore(new PredictionFilesStore(s3(), bucket), engine),
  objects: new RecallObjectStore(s3(), bucket),
  links: new RecallLinkStore(dynamo(), config('APPROVALS_TABLE')),
  withDirectory: async (use) => {
    const directory = await mkdtemp(join(tmpdir(), 'recall-'));
    return use(directory).finally(() => rm(directory, { recursive: true, force: true }));
  },
  sendEmail: sesSender(ses(), config('SENDER_EMAIL')),
  onUndelivered: ({ model, executionName, part }, count, error) =>
    logger.error('RECALL_NOT_SENT', { model, executionName, part, count, error: nameOf(error) }),
  onFailed: ({ model, executionName }, error) =>
    logger.error('RECALL_FAILED', { model, executionName, error: error instanceof Error ? error : String(error) }),
  random: randomBytes,
  baseUrl: config('APPROVAL_BASE_URL'),
  now: () => systemClock().toISOString(),
};
const nameOf = (error: unknown) => (error instanceof Error ? error.name : 'Error');

/** Lists and announces what withdrawn versions had handed downstream; of one model, or, by schedule, of all. */
export async function handler(event: unknown): Promise<{ readonly recalls: readonly MadeRecall[] }> {
  return { recalls: await workOffRecalls(ports, parseEvent(z.object({ model: z.string().optional() }), event)) };
}
