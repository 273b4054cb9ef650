import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { parseEvent } from '../platform/boundary.ts';
import { systemClock } from '../platform/clock.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import type { GateAnswer } from './gate-answer.ts';
import { type OpenGatePorts, openGate } from './open-gate.ts';

const eventSchema = z.object({ promotionId: z.string() });

const ports: OpenGatePorts = {
  registry: wired.registry(),
  registryWrites: wired.registryWrites(),
  approvals: wired.approvals(),
  approvalWrites: wired.approvalWrites(),
  ledger: wired.ledger(),
  random: randomBytes,
};

/** Opens the gate at which people let a run into its next stage. */
export async function handler(event: unknown): Promise<GateAnswer> {
  const answer = await openGate(ports, parseEvent(eventSchema, event), systemClock());
  logger.info('Gate', {
    promotionId: answer.promotionId,
    stage: answer.stage,
    round: answer.round,
    status: answer.status,
  });
  return answer;
}
