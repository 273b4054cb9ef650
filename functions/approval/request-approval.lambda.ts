import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { parseEvent } from '../platform/boundary.ts';
import { dynamo, ses } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { sesSender } from '../platform/email-store.ts';
import { logger } from '../platform/logger.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { ApprovalStore } from './approval-store.ts';
import { ApprovalWrites } from './approval-writes.ts';
import { gateStage } from './items.ts';
import { type RequestApprovalPorts, type Requested, requestApproval } from './request-approval.ts';

const eventSchema = z.object({
  promotionId: z.string(),
  stage: gateStage,
  round: z.int().min(1),
  taskToken: z.string().min(1).max(2048),
});

const ports: RequestApprovalPorts = {
  registry: new RegistryStore(dynamo(), config('REGISTRY_TABLE')),
  approvals: new ApprovalStore(dynamo(), config('APPROVALS_TABLE')),
  approvalWrites: new ApprovalWrites(config('APPROVALS_TABLE')),
  sendEmail: sesSender(ses(), config('SENDER_EMAIL')),
  random: randomBytes,
  baseUrl: config('APPROVAL_BASE_URL'),
};

/** Keeps the task token and emails one link to each approver. */
export async function handler(event: unknown): Promise<Requested> {
  const requested = await requestApproval(ports, parseEvent(eventSchema, event), systemClock());
  logger.info('Approval requested', { ...requested });
  if (requested.failed.length > 0) logger.error('EMAIL_NOT_SENT', { ...requested });
  return requested;
}
