import { randomBytes } from 'node:crypto';
import { ses } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { sesSender } from '../platform/email-store.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { type Attended, type AttendPorts, attendGates } from './attend-gates.ts';

const ports: AttendPorts = {
  registry: wired.registry(),
  approvals: wired.approvals(),
  approvalWrites: wired.approvalWrites(),
  evidence: wired.evidence(),
  sendEmail: sesSender(ses(), config('SENDER_EMAIL')),
  random: randomBytes,
  baseUrl: config('APPROVAL_BASE_URL'),
};

/** Reminds approvers at half-time, and tells everybody who was asked how it ended. Decides nothing. */
export async function handler(): Promise<Attended> {
  const attended = await attendGates(ports, systemClock());
  if (attended.failed.length > 0) logger.error('APPROVER_NOT_TOLD', { ...attended });
  return attended;
}
