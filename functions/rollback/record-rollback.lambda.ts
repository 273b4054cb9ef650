import { withdrawOpenGate } from '../approval/close-gate.ts';
import { parseEvent } from '../platform/boundary.ts';
import { dynamo, stepFunctions } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { systemActor } from '../platform/people.ts';
import * as wired from '../platform/wiring.ts';
import { type ClosePorts, closePromotion } from '../promotion/close-promotion.ts';
import { ExecutionStore } from '../promotion/execution-store.ts';
import { RecallWrites } from './recall/recall-store.ts';
import { type Recorded, type RecordPorts, recordEvent, recordRollback } from './record-rollback.ts';
import { RollbackStore, RollbackWrites } from './rollback-store.ts';

const ledger = wired.ledger();
const registry = wired.registry();
const writes = wired.registryWrites();
const approvals = wired.approvals();
const approvalWrites = wired.approvalWrites();
const executions = new ExecutionStore(stepFunctions());

const closing: ClosePorts = {
  registry,
  writes,
  ledger,
  withdrawGate: async (run, reason, at) => {
    const actor = systemActor('rollback');
    await withdrawOpenGate({ approvals, approvalWrites, ledger }, run.promotionId, { reason, at, actor });
  },
};

const ports: RecordPorts = {
  registry,
  writes,
  rollbacks: new RollbackStore(dynamo(), config('REGISTRY_TABLE')),
  rollbackWrites: new RollbackWrites(config('REGISTRY_TABLE')),
  recallWrites: new RecallWrites(config('REGISTRY_TABLE')),
  ledger,
  closeRun: async ({ promotionId }, reasons, at) => {
    await closePromotion(closing, { promotionId, end: 'rolled-back', reasons: [...reasons] }, at);
  },
  stopExecution: (executionArn, error, cause) => executions.stop(executionArn, error, cause),
};

/** Closes what was in flight, withdraws the version, and records the rollback with its seconds. */
export async function handler(event: unknown): Promise<Recorded> {
  const recorded = await recordRollback(ports, parseEvent(recordEvent, event), systemClock().toISOString());
  const { model, from, to, seconds } = recorded;
  logger.info('Rolled back', { model, from, to, seconds });
  return recorded;
}
