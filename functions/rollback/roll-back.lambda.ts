import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoLedger } from '../ledger/ledger-store.ts';
import { parseEvent } from '../platform/boundary.ts';
import { appConfig, dynamo, kms } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import { AppConfigStore } from '../pointer/appconfig-store.ts';
import { ModelEnvironmentStore } from '../pointer/model-environment-store.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { rollBack } from './roll-back.ts';
import type { RollbackAnswer } from './rollback-answer.ts';
import { type RollBackPorts, rollbackEvent } from './rollback-ports.ts';
import { RollbackWrites } from './rollback-store.ts';

const environments = new ModelEnvironmentStore(appConfig(), config('APPCONFIG_APPLICATION_ID'));

const ports: RollBackPorts = {
  registry: new RegistryStore(dynamo(), config('REGISTRY_TABLE')),
  findPlace: (model) => environments.find(model),
  ledger: new DynamoLedger({
    client: dynamo(),
    table: config('LEDGER_TABLE'),
    sign: kmsSigner(kms(), config('LEDGER_KEY_ID')),
  }),
  writes: new RollbackWrites(config('REGISTRY_TABLE')),
  appConfig: new AppConfigStore(appConfig(), config('APPCONFIG_APPLICATION_ID')),
  strategyId: config('INSTANT_STRATEGY_ID'),
  publicKeyPem: config('POINTER_PUBLIC_KEY'),
  now: () => systemClock().toISOString(),
  sleep: (milliseconds) => sleep(milliseconds),
};

/** Goes back: deploys the document to go back to. */
export async function handler(event: unknown): Promise<RollbackAnswer> {
  const answer = await rollBack(ports, parseEvent(rollbackEvent, event));
  const { executionName, model, outcome, reasons } = answer;
  logger.info('Rollback', { executionName, model, outcome, reasons });
  return answer;
}
