import { setTimeout as sleep } from 'node:timers/promises';
import { appConfig, dynamo, kms, ses, stepFunctions } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { within } from '../platform/deadline.ts';
import { sesSender } from '../platform/email-store.ts';
import { logger } from '../platform/logger.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import * as wired from '../platform/wiring.ts';
import { AppConfigStore } from '../pointer/appconfig-store.ts';
import { ModelEnvironmentStore } from '../pointer/model-environment-store.ts';
import { closePromotion } from '../promotion/close-promotion.ts';
import { ExecutionStore } from '../promotion/execution-store.ts';
import { type Armed, armedQuestion } from './armed.ts';
import type { KillSwitchAnswer, KillSwitchPorts } from './kill-switch-ports.ts';
import { KillSwitchStore, KillSwitchWrites } from './kill-switch-store.ts';
import { proveArmed } from './prove-armed.ts';
import { tell } from './tell.ts';
import { throwKillSwitch } from './throw-kill-switch.ts';

const NOTICE_PATIENCE_MS = 10_000;
const environments = new ModelEnvironmentStore(appConfig(), config('APPCONFIG_APPLICATION_ID'));
const executions = new ExecutionStore(stepFunctions());
const closing = wired.closing('kill-switch');

const ports: KillSwitchPorts = {
  ...{ registry: wired.registry(), writes: wired.registryWrites(), ledger: wired.ledger() },
  switches: new KillSwitchStore(dynamo(), config('REGISTRY_TABLE')),
  switchWrites: new KillSwitchWrites(config('REGISTRY_TABLE')),
  findPlace: (model) => environments.find(model),
  appConfig: new AppConfigStore(appConfig(), config('APPCONFIG_APPLICATION_ID')),
  strategyId: config('INSTANT_STRATEGY_ID'),
  sign: kmsSigner(kms(), config('SIGNING_KEY_ID')),
  publicKeyPem: config('POINTER_PUBLIC_KEY'),
  closeRun: async ({ promotionId }, reasons, at) => {
    await closePromotion(closing, { promotionId, end: 'withdrawn', reasons: [...reasons] }, at);
  },
  stopExecution: (executionArn, error, cause) => executions.stop(executionArn, error, cause),
  now: () => systemClock().toISOString(),
  sleep: (milliseconds) => sleep(milliseconds),
};
const announcing = {
  sendEmail: sesSender(ses(), config('SENDER_EMAIL')),
  onUndelivered: (_: unknown, count: number) => logger.error('NOTICE_NOT_SENT', { count }),
};

/** Throws the kill switch; for a dry run, says whether it could. */
export async function handler(event: unknown): Promise<KillSwitchAnswer | Armed> {
  const asks = armedQuestion.safeParse(event);
  if (asks.success) return proveArmed(ports, asks.data.model);
  const answer = await throwKillSwitch(ports, event);
  if (answer.recorded === false) logger.error('KILL_SWITCH_NOT_RECORDED', { ...answer });
  else logger.warn('Kill switch', { ...answer });
  const told = await within(NOTICE_PATIENCE_MS, () => tell(ports, announcing, { event, answer }));
  if (!told.done) logger.error('NOTICE_NOT_SENT', { model: answer.model, cause: String(told.cause) });
  return answer;
}
