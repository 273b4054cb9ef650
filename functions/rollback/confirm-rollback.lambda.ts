import { setTimeout as sleep } from 'node:timers/promises';
import { parseEvent } from '../platform/boundary.ts';
import { appConfigData } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { type Confirmation, type ConfirmPorts, confirmEvent, confirmRollback } from './confirm-rollback.ts';
import { ServedPointerStore } from './served-pointer-store.ts';

const dataPlane = new ServedPointerStore(appConfigData(), config('APPCONFIG_APPLICATION_ID'));

const ports: ConfirmPorts = {
  served: (model) => dataPlane.served(model),
  publicKeyPem: config('POINTER_PUBLIC_KEY'),
  now: () => systemClock().toISOString(),
  sleep: (milliseconds) => sleep(milliseconds),
};

/** Reads the data plane until it serves the document that was gone back to. */
export async function handler(event: unknown): Promise<Confirmation> {
  return confirmRollback(ports, parseEvent(confirmEvent, event).rollback);
}
