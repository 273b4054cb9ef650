import { LedgerReader } from '../ledger/ledger-reader-store.ts';
import { dynamo } from '../platform/clients.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { type Veto, type VouchPorts, vouchDeployment } from './vouch-deployment.ts';

const ports: VouchPorts = {
  registry: wired.registry(),
  ledger: new LedgerReader(dynamo(), config('LEDGER_TABLE')),
  applicationId: config('APPCONFIG_APPLICATION_ID'),
  pointerPublicKeyPem: config('POINTER_PUBLIC_KEY'),
  ledgerPublicKeyPem: config('LEDGER_PUBLIC_KEY'),
};

/** AppConfig asks before each deployment (PRE_START_DEPLOYMENT); an answer is a veto, none lets it start. */
export async function handler(event: unknown): Promise<Veto | undefined> {
  const veto = await vouchDeployment(ports, event);
  if (veto !== undefined) logger.warn('Refused a deployment', { veto });
  return veto;
}
