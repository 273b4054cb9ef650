import { ApprovalStore } from '../approval/approval-store.ts';
import { ApprovalWrites } from '../approval/approval-writes.ts';
import { withdrawOpenGate } from '../approval/close-gate.ts';
import { DynamoLedger } from '../ledger/ledger-store.ts';
import { parseEvent } from '../platform/boundary.ts';
import { dynamo, kms, stepFunctions } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { systemActor } from '../platform/people.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import { type ClosePorts, closePromotion } from '../promotion/close-promotion.ts';
import { ExecutionStore } from '../promotion/execution-store.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { RegistryWrites } from '../registry/registry-writes.ts';
import { type Recorded, type RecordPorts, recordEvent, recordRollback } from './record-rollback.ts';
import { RollbackStore, RollbackWrites } from './rollback-store.ts';

const sign = kmsSigner(kms(), config('LEDGER_KEY_ID'));
const ledger = new DynamoLedger({ client: dynamo(), table: config('LEDGER_TABLE'), sign });
const registry = new RegistryStore(dynamo(), config('REGISTRY_TABLE'));
const writes = new RegistryWrites(config('REGISTRY_TABLE'));
const approvals = new ApprovalStore(dynamo(), config('APPROVALS_TABLE'));
const approvalWrites = new ApprovalWrites(config('APPROVALS_TABLE'));
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
