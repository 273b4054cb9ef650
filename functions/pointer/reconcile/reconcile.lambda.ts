import { setTimeout as sleep } from 'node:timers/promises';
import { appConfig, appConfigData, dynamo, kms, stepFunctions } from '../../platform/clients.ts';
import { systemClock } from '../../platform/clock.ts';
import { config } from '../../platform/config.ts';
import { logger } from '../../platform/logger.ts';
import { kmsSigner } from '../../platform/signing-store.ts';
import * as wired from '../../platform/wiring.ts';
import { closePromotion } from '../../promotion/close-promotion.ts';
import { ExecutionStore } from '../../promotion/execution-store.ts';
import { sendAlert } from '../../rollback/alert/send-alert.ts';
import { ServedPointerStore } from '../../rollback/served-pointer-store.ts';
import { AppConfigStore } from '../appconfig-store.ts';
import { endExposure } from '../end-exposure.ts';
import { keepBooks } from './books.ts';
import { type AllPorts, reconcile } from './reconcile.ts';
import { ReconcileStore } from './reconcile-store.ts';
import { RollbackExecutions } from './rollback-execution-store.ts';
import { SharedPartsStore } from './shared-parts-store.ts';

const [registry, ledger, exposures, alerts] = [
  wired.registry(),
  wired.ledger(),
  wired.exposureEnding(),
  wired.alerting(),
];
const closing = wired.closing('reconcile');
const executions = new ExecutionStore(stepFunctions());
const rollbacks = new RollbackExecutions(stepFunctions(), config('ROLLBACK_STATE_MACHINE_ARN'));
const pointer = new AppConfigStore(appConfig(), config('APPCONFIG_APPLICATION_ID'));
const served = new ServedPointerStore(appConfigData(), config('APPCONFIG_APPLICATION_ID'));
const shared = new SharedPartsStore(appConfig());
const store = new ReconcileStore(dynamo(), config('REGISTRY_TABLE'));
const common = {
  ...{ ledger, store, bookOf: keepBooks(ledger), now: () => systemClock().toISOString() },
  // The alarm's metric filter matches this message.
  noticed: (chain: string, finding: object) => logger.error('CHANGE_NOTICED', { chain, ...finding }),
};
const strategyId = config('INSTANT_STRATEGY_ID');
const ports: AllPorts = {
  ...{ ...common, registry, strategyId, appConfig: pointer, publicKeyPem: config('POINTER_PUBLIC_KEY') },
  ...{ sign: kmsSigner(kms(), config('SIGNING_KEY_ID')), sleep: (milliseconds: number) => sleep(milliseconds) },
  served: (model) => served.served(model),
  isRollback: (name) => rollbacks.exists(name),
  rollingBack: () => rollbacks.models(),
  completeRollback: rollbacks.complete,
  endExposure: (promotionId) => endExposure(exposures, promotionId),
  closeRun: async ({ promotionId, executionArn }, reason) => {
    await closePromotion(closing, { promotionId, end: 'withdrawn', reasons: [reason] }, common.now());
    await executions.stop(executionArn, reason.code, reason.message);
  },
  alert: (alert) => sendAlert(alerts, alert),
  stack: {
    ...{ ...common, vouchArn: config('VOUCH_FUNCTION_ARN') },
    sharedParts: () => shared.seen(strategyId, config('APPCONFIG_APPLICATION_ARN')),
  },
};

/** Looks for what runs and was not decided, every five minutes. */
export const handler = () => reconcile(ports);
