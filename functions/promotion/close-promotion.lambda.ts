import { ApprovalStore } from '../approval/approval-store.ts';
import { ApprovalWrites } from '../approval/approval-writes.ts';
import { withdrawOpenGate } from '../approval/close-gate.ts';
import { DynamoLedger } from '../ledger/ledger-store.ts';
import { parseEvent } from '../platform/boundary.ts';
import { dynamo, kms } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { systemActor } from '../platform/people.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { RegistryWrites } from '../registry/registry-writes.ts';
import { type Closed, type ClosePorts, closeEvent, closePromotion } from './close-promotion.ts';

const ledger = new DynamoLedger({
  client: dynamo(),
  table: config('LEDGER_TABLE'),
  sign: kmsSigner(kms(), config('LEDGER_KEY_ID')),
});
const approvals = new ApprovalStore(dynamo(), config('APPROVALS_TABLE'));
const approvalWrites = new ApprovalWrites(config('APPROVALS_TABLE'));

const ports: ClosePorts = {
  registry: new RegistryStore(dynamo(), config('REGISTRY_TABLE')),
  writes: new RegistryWrites(config('REGISTRY_TABLE')),
  ledger,
  withdrawGate: async (run, reason, at) => {
    const actor = systemActor('promotion');
    await withdrawOpenGate({ approvals, approvalWrites, ledger }, run.promotionId, { reason, at, actor });
  },
};

/** Records the end of a promotion or change and frees its model. */
export async function handler(event: unknown): Promise<Closed> {
  const closed = await closePromotion(ports, parseEvent(closeEvent, event), systemClock().toISOString());
  logger.info('Closed', { ...closed });
  return closed;
}
