import { DynamoLedger } from '../ledger/ledger-store.ts';
import { parseEvent } from '../platform/boundary.ts';
import { appConfig, dynamo, kms } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { RegistryWrites } from '../registry/registry-writes.ts';
import { AppConfigStore } from './appconfig-store.ts';
import { type PrepareReturnPorts, prepareReturn, stepEvent } from './prepare-return.ts';

const ports: PrepareReturnPorts = {
  registry: new RegistryStore(dynamo(), config('REGISTRY_TABLE')),
  writes: new RegistryWrites(config('REGISTRY_TABLE')),
  ledger: new DynamoLedger({
    client: dynamo(),
    table: config('LEDGER_TABLE'),
    sign: kmsSigner(kms(), config('LEDGER_KEY_ID')),
  }),
  appConfig: new AppConfigStore(appConfig(), config('APPCONFIG_APPLICATION_ID')),
  sign: kmsSigner(kms(), config('SIGNING_KEY_ID')),
  publicKeyPem: config('POINTER_PUBLIC_KEY'),
};

/** Makes sure that the document to go back to exists before the pointer moves. */
export async function handler(event: unknown): Promise<{ readonly promotionId: string }> {
  const { promotionId } = parseEvent(stepEvent, event);
  return prepareReturn(ports, promotionId, systemClock().toISOString());
}
