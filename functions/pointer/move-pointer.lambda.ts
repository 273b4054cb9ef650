import { setTimeout as sleep } from 'node:timers/promises';
import { ApprovalStore } from '../approval/approval-store.ts';
import { EvidenceStore } from '../evidence/evidence-store.ts';
import { DynamoLedger } from '../ledger/ledger-store.ts';
import { parseEvent } from '../platform/boundary.ts';
import { appConfig, dynamo, kms, s3 } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { retention } from '../platform/retention.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { RegistryWrites } from '../registry/registry-writes.ts';
import { AppConfigStore } from './appconfig-store.ts';
import { type Moved, movePointer } from './move-pointer.ts';
import type { MovePorts } from './move-ports.ts';
import { stepEvent } from './prepare-return.ts';

const approvals = new ApprovalStore(dynamo(), config('APPROVALS_TABLE'));

const ports: MovePorts = {
  registry: new RegistryStore(dynamo(), config('REGISTRY_TABLE')),
  writes: new RegistryWrites(config('REGISTRY_TABLE')),
  ledger: new DynamoLedger({
    client: dynamo(),
    table: config('LEDGER_TABLE'),
    sign: kmsSigner(kms(), config('LEDGER_KEY_ID')),
  }),
  gates: (promotionId) => approvals.gates(promotionId),
  appConfig: new AppConfigStore(appConfig(), config('APPCONFIG_APPLICATION_ID')),
  strategyId: config('INSTANT_STRATEGY_ID'),
  evidence: new EvidenceStore(s3(), config('EVIDENCE_BUCKET')),
  retention: retention(config('RETENTION_DAYS'), config('RETENTION_MODE')),
  sign: kmsSigner(kms(), config('SIGNING_KEY_ID')),
  publicKeyPem: config('POINTER_PUBLIC_KEY'),
  now: () => systemClock().toISOString(),
  sleep: (milliseconds) => sleep(milliseconds),
};

/** Moves the pointer to what a run was approved for. */
export async function handler(event: unknown): Promise<Moved> {
  const moved = await movePointer(ports, parseEvent(stepEvent, event).promotionId);
  logger.info('Moved the pointer', { ...moved });
  return moved;
}
