import * as z from 'zod';
import { parseEvent } from '../platform/boundary.ts';
import { systemClock } from '../platform/clock.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import type { GateAnswer } from './gate-answer.ts';
import { gateStage } from './items.ts';
import { type ReadGatePorts, readGate } from './read-gate.ts';

const eventSchema = z.object({ promotionId: z.string(), stage: gateStage, round: z.int().min(1) });

const ports: ReadGatePorts = {
  registry: wired.registry(),
  registryWrites: wired.registryWrites(),
  approvals: wired.approvals(),
  approvalWrites: wired.approvalWrites(),
  ledger: wired.ledger(),
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
