import * as z from 'zod';
import { parseEvent, parseStored } from '../platform/boundary.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { knownApprover } from '../platform/people.ts';
import { retention } from '../platform/retention.ts';
import * as wired from '../platform/wiring.ts';
import { type RegisterChangePorts, registerChange } from './register-change.ts';
import type { RegistrationAnswer } from './registration.ts';

const eventSchema = z.object({ promotionId: z.string(), executionArn: z.string(), input: z.unknown() });

const ports: RegisterChangePorts = {
  registry: wired.registry(),
  writes: wired.registryWrites(),
  ledger: wired.ledger(),
  evidence: wired.evidence(),
  allowedPrefixes: wired.incomingPrefixes(),
  retention: retention(config('RETENTION_DAYS'), config('RETENTION_MODE')),
  firstApprovers: parseStored(z.array(knownApprover).min(1), JSON.parse(config('FIRST_APPROVERS')), 'FIRST_APPROVERS'),
};

/** Registers the onboarding or change of one execution, or refuses it with every reason. */
export async function handler(event: unknown): Promise<RegistrationAnswer> {
  const answer = await registerChange(ports, parseEvent(eventSchema, event), systemClock().toISOString());
  logger.info('Registration', { ...answer });
  return answer;
}
