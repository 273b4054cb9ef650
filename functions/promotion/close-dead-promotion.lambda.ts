import * as z from 'zod';
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
import { RegistryStore } from '../registry/registry-store.ts';
import { RegistryWrites } from '../registry/registry-writes.ts';
import { closeDeadPromotions } from './close-dead-promotion.ts';
import { type Closed, closePromotion } from './close-promotion.ts';
import { ExecutionStore } from './execution-store.ts';

/** A status change of one execution, or a schedule's tick (which names none). */
const eventSchema = z.object({ detail: z.object({ executionArn: z.string().optional() }).optional() });

const registry = new RegistryStore(dynamo(), config('REGISTRY_TABLE'));
const ledger = new DynamoLedger({
  client: dynamo(),
  table: config('LEDGER_TABLE'),
  sign: kmsSigner(kms(), config('LEDGER_KEY_ID')),
});
const gatePorts = {
  approvals: new ApprovalStore(dynamo(), config('APPROVALS_TABLE')),
  approvalWrites: new ApprovalWrites(config('APPROVALS_TABLE')),
  ledger,
};
const executions = new ExecutionStore(stepFunctions());

/** Closes promotions and changes whose execution ended without closing them. */
export async function handler(event: unknown): Promise<readonly Closed[]> {
  const { detail } = parseEvent(eventSchema, event);
  const at = systemClock().toISOString();
  const actor = systemActor('execution-status');
  const closePorts = {
    registry,
    writes: new RegistryWrites(config('REGISTRY_TABLE')),
    ledger,
    withdrawGate: async (run: { readonly promotionId: string }, reason: { code: string; message: string }) => {
      await withdrawOpenGate(gatePorts, run.promotionId, { reason, at, actor });
    },
  };
  const ports = {
    registry,
    status: (arn: string) => executions.status(arn),
    close: (close: Parameters<typeof closePromotion>[1]) => closePromotion(closePorts, close, at),
  };
  const closed = await closeDeadPromotions(ports, detail?.executionArn);
  for (const one of closed) logger.warn('Closed a dead run', { ...one });
  return closed;
}
