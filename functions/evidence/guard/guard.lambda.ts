import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { dynamo, s3, stepFunctions } from '../../platform/clients.ts';
import { systemClock } from '../../platform/clock.ts';
import { config } from '../../platform/config.ts';
import { logger } from '../../platform/logger.ts';
import * as wired from '../../platform/wiring.ts';
import { ExecutionStore } from '../../promotion/execution-store.ts';
import { sendAlert } from '../../rollback/alert/send-alert.ts';
import { PredictionFilesStore } from '../stages/prediction-files-store.ts';
import { countForecasts, readClosedDays } from './guard-evidence-store.ts';
import { GuardItemStore } from './guard-item-store.ts';
import type { GuardPorts } from './guard-ports.ts';
import { type GuardedModel, lookAtPromoted } from './look-at-promoted.ts';

/** Lambda sets the variable; the default is for a host that does not. */
const functionMemoryMb = Number(process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? 1024);
/** Node, and what the engine takes beside its limit. */
const RESERVED_MB = 500;
const engine = { memoryMb: Math.max(256, functionMemoryMb - RESERVED_MB), threads: availableParallelism() };

const files = new PredictionFilesStore(s3(), config('PREDICTION_BUCKET'));
const alerting = wired.alerting();
const executions = new ExecutionStore(stepFunctions());

const ports: GuardPorts = {
  registry: wired.registry(),
  guards: new GuardItemStore(dynamo(), config('REGISTRY_TABLE')),
  ledger: wired.ledger(),
  files,
  withDirectory: async (use) => {
    const directory = await mkdtemp(join(tmpdir(), 'guard-'));
    try {
      return await use(directory);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
  countForecasts: (objects, of) => countForecasts({ files, engine }, objects, of),
  readClosedDays: (objects, of) => readClosedDays({ files, engine }, objects, of),
  startRollback: ({ name, input }) => executions.start(config('ROLLBACK_STATE_MACHINE_ARN'), name, input),
  sendAlert: (alert) => sendAlert(alerting, alert),
  tell: (signal, detail) => logger.warn(signal, { ...detail }),
  now: () => systemClock().toISOString(),
};

/** Looks at every version that serves; starts the rollback of one that must go, and tells people what they must know. */
export async function handler(): Promise<readonly GuardedModel[]> {
  return lookAtPromoted(ports);
}
