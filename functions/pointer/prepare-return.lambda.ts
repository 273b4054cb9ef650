import { parseEvent } from '../platform/boundary.ts';
import { appConfig, kms } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import * as wired from '../platform/wiring.ts';
import { AppConfigStore } from './appconfig-store.ts';
import { type PrepareReturnPorts, prepareReturn, stepEvent } from './prepare-return.ts';

const ports: PrepareReturnPorts = {
  registry: wired.registry(),
  writes: wired.registryWrites(),
  ledger: wired.ledger(),
  evidence: wired.evidence(),
  appConfig: new AppConfigStore(appConfig(), config('APPCONFIG_APPLICATION_ID')),
  sign: kmsSigner(kms(), config('SIGNING_KEY_ID')),
  publicKeyPem: config('POINTER_PUBLIC_KEY'),
};

/** Makes sure that the document to go back to exists before the pointer moves. */
export async function handler(event: unknown): Promise<{ readonly promotionId: string }> {
  const { promotionId } = parseEvent(stepEvent, event);
  return prepareReturn(ports, promotionId, systemClock().toISOString());
}
