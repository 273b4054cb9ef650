import { cloudTrail, dynamo, globalCloudTrail, stepFunctions } from '../../../platform/clients.ts';
import { systemClock } from '../../../platform/clock.ts';
import { config } from '../../../platform/config.ts';
import { logger } from '../../../platform/logger.ts';
import * as wired from '../../../platform/wiring.ts';
import { ExecutionStore } from '../../../promotion/execution-store.ts';
import { type PrincipalPorts, recordPrincipal } from '../../../promotion/record-principal.ts';
import { TrailMarkStore } from './trail-mark-store.ts';
import { TrailStore } from './trail-store.ts';
import { type Noticed, type WatchPorts, watchTrail } from './watch-trail.ts';

const registry = wired.registry();
const ledger = wired.ledger();
const marks = new TrailMarkStore(dynamo(), config('REGISTRY_TABLE'));
const executions = new ExecutionStore(stepFunctions());
const names = (list: string) => list.split(',').filter((name) => name !== '');

const principals: PrincipalPorts = {
  ...{ registry, ledger, marks },
  writes: wired.registryWrites(),
  inputOf: (executionArn) => executions.input(executionArn),
};
const ports: WatchPorts = {
  ...{ registry, ledger, marks },
  trail: new TrailStore(cloudTrail()),
  globalTrail: new TrailStore(globalCloudTrail()),
  own: {
    stackName: config('STACK_NAME'),
    names: names(config('OWN_NAMES')),
    deployers: names(config('DEPLOYING_FUNCTIONS')),
    stoppers: names(config('STOPPING_FUNCTIONS')),
  },
  recordPrincipal: (started, now) => recordPrincipal(principals, started, now),
  // The alarm's metric filter matches this message.
  noticed: (change) => logger.error('ACCOUNT_CHANGED', { ...change }),
};

/** Reads who changed what in the account since the last look, and who started which execution. */
export async function handler(): Promise<readonly Noticed[]> {
  return watchTrail(ports, systemClock().toISOString());
}
