import { dynamo, stepFunctions } from '../platform/clients.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { ApprovalStore } from './approval-store.ts';
import { stepFunctionsCallback } from './callback-store.ts';
import { type RepeatCallbacksPorts, type Repeated, repeatCallbacks } from './repeat-callbacks.ts';

const ports: RepeatCallbacksPorts = {
  registry: new RegistryStore(dynamo(), config('REGISTRY_TABLE')),
  approvals: new ApprovalStore(dynamo(), config('APPROVALS_TABLE')),
  wake: stepFunctionsCallback(stepFunctions()),
};

/** Runs on a schedule; takes nothing from its event. */
export async function handler(): Promise<Repeated> {
  const repeated = await repeatCallbacks(ports);
  if (repeated.woken.length > 0) logger.warn('CALLBACK_REPEATED', { woken: repeated.woken });
  if (repeated.failed.length > 0) logger.error('CALLBACKS_NOT_READ', { failed: repeated.failed });
  return repeated;
}
