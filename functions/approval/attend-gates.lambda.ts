import { systemClock } from '../platform/clock.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { type Attended, type AttendPorts, attendGates } from './attend-gates.ts';

const ports: AttendPorts = wired.writingToApprovers();

/** Reminds approvers at half-time, and tells everybody who was asked how it ended. Decides nothing. */
export async function handler(): Promise<Attended> {
  const attended = await attendGates(ports, systemClock());
  if (attended.failed.length > 0) logger.error('APPROVER_NOT_TOLD', { ...attended });
  return attended;
}
