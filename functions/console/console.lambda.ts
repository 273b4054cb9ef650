import { DrillStore } from '../drill/drill-store.ts';
import { ReadinessStore } from '../drill/readiness-store.ts';
import { GuardItemStore } from '../evidence/guard/guard-item-store.ts';
import { appConfigData, dynamo, s3 } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { RecallStore } from '../rollback/recall/recall-store.ts';
import { ServedPointerStore } from '../rollback/served-pointer-store.ts';
import { answerConsole } from './console.ts';
import { readNewestRows } from './read/chain-tail-store.ts';
import type { ConsolePorts } from './read/console-ports.ts';
import { readGates } from './read/gate-list-store.ts';
import { readNewestAnchors } from './read/newest-anchors-store.ts';

const table = config('REGISTRY_TABLE');
const pointers = new ServedPointerStore(appConfigData(), config('APPCONFIG_APPLICATION_ID'));

const ports: ConsolePorts = {
  registry: wired.registry(),
  gates: (promotionId) => readGates(dynamo(), config('APPROVALS_TABLE'), promotionId),
  drills: new DrillStore(dynamo(), table),
  readiness: new ReadinessStore(dynamo(), table),
  guards: new GuardItemStore(dynamo(), table),
  switches: wired.killSwitches(),
  recalls: new RecallStore(dynamo(), table),
  newestRows: (model, count) => readNewestRows(dynamo(), { table: config('LEDGER_TABLE'), model, count }),
  anchorsFrom: (model, fromSeq) => readNewestAnchors(s3(), { bucket: config('EVIDENCE_BUCKET'), model, fromSeq }),
  served: (model) => pointers.served(model),
  pointerPublicKeyPem: config('POINTER_PUBLIC_KEY'),
  ledgerPublicKeyPem: config('LEDGER_PUBLIC_KEY'),
  onUnread: (what, cause) =>
    logger.warn('CONSOLE_UNREAD', { what, error: cause instanceof Error ? cause : String(cause) }),
};

/** Answers a custom widget of a dashboard, or the page that the local platform shows. Reads only. */
export async function handler(
  event: unknown,
  { invokedFunctionArn }: { readonly invokedFunctionArn: string },
): Promise<string> {
  return answerConsole(ports, event, { at: systemClock().toISOString(), endpoint: invokedFunctionArn });
}
