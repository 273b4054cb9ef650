import * as z from 'zod';
import { EvidenceStore } from '../evidence/evidence-store.ts';
import { inspectBacktest, inspectHistory } from '../evidence/inspect-backtest.ts';
import { DynamoLedger } from '../ledger/ledger-store.ts';
import { parseEvent } from '../platform/boundary.ts';
import { dynamo, kms, s3 } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { evidencePaths } from '../platform/keys.ts';
import { logger } from '../platform/logger.ts';
import { retention } from '../platform/retention.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import type { RegistrationAnswer } from '../registry/registration.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { RegistryWrites } from '../registry/registry-writes.ts';
import { BUILT_STAGES, parseStages } from './life-cycle.ts';
import { type RegisterCandidatePorts, registerCandidate } from './register-candidate.ts';

const eventSchema = z.object({ promotionId: z.string(), executionArn: z.string(), input: z.unknown() });

const ports: RegisterCandidatePorts = {
  registry: new RegistryStore(dynamo(), config('REGISTRY_TABLE')),
  writes: new RegistryWrites(config('REGISTRY_TABLE')),
  ledger: new DynamoLedger({
    client: dynamo(),
    table: config('LEDGER_TABLE'),
    sign: kmsSigner(kms(), config('LEDGER_KEY_ID')),
  }),
  evidence: new EvidenceStore(s3(), config('EVIDENCE_BUCKET')),
  inspectTable: (name, { head, bytes }) =>
    (name === 'backtest' ? inspectBacktest : inspectHistory)(head, { whole: head.length === bytes }),
};

const settings = {
  stages: parseStages(config('STAGES')),
  builtStages: BUILT_STAGES,
  allowedPrefixes: [
    `s3://${config('EVIDENCE_BUCKET')}/${evidencePaths.incomingPrefix}`,
    ...(process.env['INCOMING_PREFIXES'] ?? '').split(',').filter((prefix) => prefix !== ''),
  ],
  retention: retention(config('RETENTION_DAYS'), config('RETENTION_MODE')),
};

/** Registers the candidate of one execution, or refuses it with every reason. */
export async function handler(event: unknown): Promise<RegistrationAnswer> {
  const registration = parseEvent(eventSchema, event);
  const answer = await registerCandidate(ports, settings, registration, systemClock().toISOString());
  logger.info('Registration', { ...answer });
  return answer;
}
