import { stepFunctions } from '../platform/clients.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { stepFunctionsCallback } from './callback-store.ts';
import { type RepeatCallbacksPorts, type Repeated, repeatCallbacks } from './repeat-callbacks.ts';

const ports: RepeatCallbacksPorts = {
  registry: wired.registry(),
  approvals: wired.approvals(),
  wake: stepFunctionsCallback(stepFunctions()),
};

/** Runs on a schedule; takes nothing from its event. */
export async function handler(): Promise<Repeated> {
  const repeated = await repeatCallbacks(ports);
  if (repeated.woken.length > 0) logger.warn('CALLBACK_REPEATED', { woken: repeated.woken });
  if (repeated.failed.length > 0) logger.error('CALLBACKS_NOT_READ', { failed: repeated.failed });
  return repeated;
}
