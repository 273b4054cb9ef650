import { setTimeout as sleep } from 'node:timers/promises';
import { parseEvent } from '../platform/boundary.ts';
import { appConfig, dynamo, kms } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { retention } from '../platform/retention.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import * as wired from '../platform/wiring.ts';
import { RollbackStore } from '../rollback/rollback-store.ts';
import { AppConfigStore } from './appconfig-store.ts';
import { type Moved, movePointer } from './move-pointer.ts';
import type { MovePorts } from './move-ports.ts';
import { stepEvent } from './prepare-return.ts';

const approvals = wired.approvals();

const ports: MovePorts = {
  registry: wired.registry(),
  writes: wired.registryWrites(),
  ledger: wired.ledger(),
  rollbacks: new RollbackStore(dynamo(), config('REGISTRY_TABLE')),
  gates: (promotionId) => approvals.gates(promotionId),
  appConfig: new AppConfigStore(appConfig(), config('APPCONFIG_APPLICATION_ID')),
  strategyId: config('INSTANT_STRATEGY_ID'),
  evidence: wired.evidence(),
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
