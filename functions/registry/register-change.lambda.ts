import * as z from 'zod';
import { DynamoLedger } from '../ledger/ledger-store.ts';
import { parseEvent, parseStored } from '../platform/boundary.ts';
import { dynamo, kms } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { approver } from '../platform/people.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import { type RegisterChangePorts, registerChange } from './register-change.ts';
import type { RegistrationAnswer } from './registration.ts';
import { RegistryStore } from './registry-store.ts';
import { RegistryWrites } from './registry-writes.ts';

const eventSchema = z.object({ promotionId: z.string(), executionArn: z.string(), input: z.unknown() });

const ports: RegisterChangePorts = {
  registry: new RegistryStore(dynamo(), config('REGISTRY_TABLE')),
  writes: new RegistryWrites(config('REGISTRY_TABLE')),
  ledger: new DynamoLedger({
    client: dynamo(),
    table: config('LEDGER_TABLE'),
    sign: kmsSigner(kms(), config('LEDGER_KEY_ID')),
  }),
  firstApprovers: parseStored(z.array(approver).min(1), JSON.parse(config('FIRST_APPROVERS')), 'FIRST_APPROVERS'),
};

/** Registers the onboarding or change of one execution, or refuses it with every reason. */
export async function handler(event: unknown): Promise<RegistrationAnswer> {
  const answer = await registerChange(ports, parseEvent(eventSchema, event), systemClock().toISOString());
  logger.info('Registration', { ...answer });
  return answer;
}
