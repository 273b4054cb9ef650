import * as z from 'zod';
import { parseEvent } from '../platform/boundary.ts';
import { dynamo } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { STACK_CHAIN } from '../platform/ids.ts';
import { logger } from '../platform/logger.ts';
import { verifySignature } from '../platform/signing.ts';
import * as wired from '../platform/wiring.ts';
import { type AnchorPorts, anchorEvent, anchorHeads, followStream } from './anchor-ledger.ts';
import { AnchorStore } from './anchor-store.ts';
import { LedgerReader } from './ledger-reader-store.ts';

const registry = wired.registry();
const ledger = new LedgerReader(dynamo(), config('LEDGER_TABLE'));
const anchors = new AnchorStore(wired.evidence(), {
  days: z.coerce.number().int().positive().parse(config('RETENTION_DAYS')),
  mode: z.enum(['COMPLIANCE', 'GOVERNANCE']).parse(config('RETENTION_MODE')),
});

const publicKey = config('LEDGER_PUBLIC_KEY');

const ports: AnchorPorts = {
  modelNames: async () => [...(await registry.modelNames()), STACK_CHAIN],
  head: (model) => ledger.head(model),
  write: (anchor) => anchors.write(anchor, systemClock().toISOString()),
  isSigned: ({ body, signature }) => verifySignature(publicKey, Buffer.from(body, 'utf8'), signature),
  // The alarm's metric filter matches this message.
  tampered: (finding) => logger.error('LEDGER_TAMPERED', { ...finding }),
};

/** Follows the ledger's stream; on the hourly schedule, anchors the newest entry of every model. */
export async function handler(event: unknown): Promise<void> {
  const { Records } = parseEvent(anchorEvent, event);
  await (Records === undefined ? anchorHeads(ports) : followStream(Records, ports));
}
