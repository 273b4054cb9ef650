import { setTimeout as sleep } from 'node:timers/promises';
import { parseEvent } from '../platform/boundary.ts';
import { appConfig, appConfigData, dynamo, lambda } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config, configNumber } from '../platform/config.ts';
import { DRILL_ENVIRONMENT } from '../platform/ids.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { AppConfigStore } from '../pointer/appconfig-store.ts';
import { ModelEnvironmentStore } from '../pointer/model-environment-store.ts';
import { ServedPointerStore } from '../rollback/served-pointer-store.ts';
import { DrillStore } from './drill-store.ts';
import { type RehearseAnswer, type RehearsePorts, rehearse, rehearseEvent } from './rehearse.ts';
import { rehearseRollback } from './roll-back-store.ts';
import { watchDrill } from './watching-reader-store.ts';

const application = config('APPCONFIG_APPLICATION_ID');
const publicKeyPem = config('POINTER_PUBLIC_KEY');
const environments = new ModelEnvironmentStore(appConfig(), application);
const dataPlane = new ServedPointerStore(appConfigData(), application);
const now = () => systemClock().toISOString();
const pause = (milliseconds: number) => sleep(milliseconds);
const pollSeconds = configNumber('POINTER_POLL_SECONDS');

const ports: RehearsePorts = {
  registry: wired.registry(),
  lease: new DrillStore(dynamo(), config('REGISTRY_TABLE')),
  environment: () =>
    environments.ensureShared(DRILL_ENVIRONMENT, 'Rollbacks are rehearsed here; nothing is served from it.'),
  appConfig: new AppConfigStore(appConfig(), application),
  strategyId: config('INSTANT_STRATEGY_ID'),
  rollBack: (event) => rehearseRollback({ client: lambda(), functionName: config('ROLL_BACK_FUNCTION') }, event),
  watch: (model) =>
    watchDrill({ client: appConfigData(), application, publicKeyPem, pollSeconds, now, sleep: pause }, model),
  served: (model) => dataPlane.served(model, DRILL_ENVIRONMENT),
  ...{ publicKeyPem, pollSeconds, now, sleep: pause },
};

/** Rehearses a rollback of one model in the environment of drills. */
export async function handler(event: unknown): Promise<RehearseAnswer> {
  const answer = await rehearse(ports, parseEvent(rehearseEvent, event));
  logger.info('Rehearsed', { ...answer });
  return answer;
}
