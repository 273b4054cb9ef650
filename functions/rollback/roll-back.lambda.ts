import { setTimeout as sleep } from 'node:timers/promises';
import { type RehearsalAnswer, rehearsalPorts } from '../drill/rehearsal-ports.ts';
import { type Armed, armedQuestion } from '../kill-switch/armed.ts';
import { parseEvent } from '../platform/boundary.ts';
import { appConfig } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { ReleaseError } from '../platform/errors.ts';
import { DRILL_ENVIRONMENT } from '../platform/ids.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { AppConfigStore } from '../pointer/appconfig-store.ts';
import { ModelEnvironmentStore } from '../pointer/model-environment-store.ts';
import { proveArmed } from './prove-armed.ts';
import { rollBack } from './roll-back.ts';
import type { RollbackAnswer } from './rollback-answer.ts';
import { type RollBackPorts, type RollbackEvent, rollbackEvent } from './rollback-ports.ts';
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

/** Goes back: deploys the document to go back to; for a drill, where nothing serves; for a dry run, says whether it could. */
export async function handler(event: unknown): Promise<RollbackAnswer | RehearsalAnswer | Armed> {
  const asks = armedQuestion.safeParse(event);
  if (asks.success) return proveArmed(ports, asks.data.model);
  const asked = parseEvent(rollbackEvent, event);
  if (asked.rehearsal !== undefined) return rehearsed(asked, asked.rehearsal);
  const answer = await rollBack(ports, asked);
  const { executionName, model, outcome, reasons } = answer;
  logger.info('Rollback', { executionName, model, outcome, reasons });
  return answer;
}

/** The environment is found by its name: whoever asks for a drill cannot name another. */
async function rehearsed(
  event: RollbackEvent,
  { profileId }: { readonly profileId: string },
): Promise<RehearsalAnswer> {
  const environmentId = await environments.findShared(DRILL_ENVIRONMENT);
  if (environmentId === null) throw new ReleaseError('NOT_FOUND', 'There is no environment of drills.');
  const rehearsal = rehearsalPorts(ports, { environmentId, profileId });
  return { rollback: await rollBack(rehearsal.ports, event), decidedAt: rehearsal.decidedAt() };
}
