import * as z from 'zod';
import { parseEvent } from '../platform/boundary.ts';
import { systemClock } from '../platform/clock.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { gateStage } from './items.ts';
import { type RequestApprovalPorts, type Requested, requestApproval } from './request-approval.ts';

const eventSchema = z.object({
  promotionId: z.string(),
  stage: gateStage,
  round: z.int().min(1),
  taskToken: z.string().min(1).max(2048),
});

const ports: RequestApprovalPorts = wired.writingToApprovers();

/** Keeps the task token and emails one link to each approver. */
export async function handler(event: unknown): Promise<Requested> {
  const requested = await requestApproval(ports, parseEvent(eventSchema, event), systemClock());
  logger.info('Approval requested', { ...requested });
  if (requested.failed.length > 0) logger.error('EMAIL_NOT_SENT', { ...requested });
  return requested;
}
