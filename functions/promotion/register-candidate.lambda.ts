import * as z from 'zod';
import { inspectBacktest, inspectHistory } from '../evidence/tables/inspect-backtest.ts';
import { parseEvent } from '../platform/boundary.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { retention } from '../platform/retention.ts';
import * as wired from '../platform/wiring.ts';
import type { RegistrationAnswer } from '../registry/registration.ts';
import { type RegisterCandidatePorts, registerCandidate } from './register-candidate.ts';

const eventSchema = z.object({ promotionId: z.string(), executionArn: z.string(), input: z.unknown() });

const ports: RegisterCandidatePorts = {
  registry: wired.registry(),
  writes: wired.registryWrites(),
  ledger: wired.ledger(),
  evidence: wired.evidence(),
  inspectTable: (name, { head, bytes }) =>
    (name === 'backtest' ? inspectBacktest : inspectHistory)(head, { whole: head.length === bytes }),
};

const settings = {
  allowedPrefixes: wired.incomingPrefixes(),
  retention: retention(config('RETENTION_DAYS'), config('RETENTION_MODE')),
};

/** Registers the candidate of one execution, or refuses it with every reason. */
export async function handler(event: unknown): Promise<RegistrationAnswer> {
  const registration = parseEvent(eventSchema, event);
  const answer = await registerCandidate(ports, settings, registration, systemClock().toISOString());
  logger.info('Registration', { ...answer });
  return answer;
}
