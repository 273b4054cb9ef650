import * as z from 'zod';
import { DynamoLedger } from '../ledger/ledger-store.ts';
import { parseEvent } from '../platform/boundary.ts';
import { dynamo, kms } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { RegistryWrites } from '../registry/registry-writes.ts';
import { ApprovalStore } from './approval-store.ts';
import { ApprovalWrites } from './approval-writes.ts';
import type { GateAnswer } from './gate-answer.ts';
import { gateStage } from './items.ts';
import { type ReadGatePorts, readGate } from './read-gate.ts';

const eventSchema = z.object({ promotionId: z.string(), stage: gateStage, round: z.int().min(1) });

const ports: ReadGatePorts = {
  registry: new RegistryStore(dynamo(), config('REGISTRY_TABLE')),
  registryWrites: new RegistryWrites(config('REGISTRY_TABLE')),
  approvals: new ApprovalStore(dynamo(), config('APPROVALS_TABLE')),
  approvalWrites: new ApprovalWrites(config('APPROVALS_TABLE')),
  ledger: new DynamoLedger({
    client: dynamo(),
    table: config('LEDGER_TABLE'),
    sign: kmsSigner(kms(), config('LEDGER_KEY_ID')),
  }),
  // The alarm of the stack counts this message.
  onForged: ({ promotionId, stage, round, forgedCallbacks }) =>
    logger.error('CALLBACK_FORGED', { promotionId, stage, round, count: forgedCallbacks }),
};

/** Answers what the table says of a gate, whatever woke the execution. */
export async function handler(event: unknown): Promise<GateAnswer> {
  const answer = await readGate(ports, parseEvent(eventSchema, event), systemClock());
  logger.info('Gate', {
    promotionId: answer.promotionId,
    stage: answer.stage,
    round: answer.round,
    status: answer.status,
  });
  return answer;
}
