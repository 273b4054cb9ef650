import { setTimeout as sleep } from 'node:timers/promises';
import { parseEvent } from '../platform/boundary.ts';
import { appConfig } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { AppConfigStore } from '../pointer/appconfig-store.ts';
import { ModelEnvironmentStore } from '../pointer/model-environment-store.ts';
import { rollBack } from './roll-back.ts';
import type { RollbackAnswer } from './rollback-answer.ts';
import { type RollBackPorts, rollbackEvent } from './rollback-ports.ts';
import { RollbackWrites } from './rollback-store.ts';

const environments = new ModelEnvironmentStore(appConfig(), config('APPCONFIG_APPLICATION_ID'));

const ports: RollBackPorts = {
  registry: wired.registry(),
  findPlace: (model) => environments.find(model),
  ledger: wired.ledger(),
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
