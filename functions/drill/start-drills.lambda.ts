import * as z from 'zod';
import { parseEvent } from '../platform/boundary.ts';
import { dynamo, stepFunctions } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { ExecutionStore } from '../promotion/execution-store.ts';
import { DrillStore } from './drill-store.ts';
import { type StartDrillPorts, type StartedDrill, startDueDrill, startDueDrills } from './start-drills.ts';

const executions = new ExecutionStore(stepFunctions());

const ports: StartDrillPorts = {
  registry: wired.registry(),
  drills: new DrillStore(dynamo(), config('REGISTRY_TABLE')),
  start: (name, input) => executions.start(config('DRILL_STATE_MACHINE_ARN'), name, { ...input }),
  now: () => systemClock().toISOString(),
};

/** Starts the drills that are due: of the model that an onboarding names, or of all. */
export async function handler(event: unknown): Promise<readonly StartedDrill[]> {
  const { model } = parseEvent(z.looseObject({ model: z.string().optional() }), event ?? {});
  const one = model === undefined ? null : await startDueDrill(ports, model, 'onboarding');
  const started = model === undefined ? await startDueDrills(ports) : one === null ? [] : [one];
  for (const drill of started) logger.info('Started a drill', { ...drill });
  return started;
}
