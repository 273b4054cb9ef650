import * as z from 'zod';
import { streamRecord } from '../../ledger/anchor-ledger.ts';
import { parseEvent } from '../../platform/boundary.ts';
import { config } from '../../platform/config.ts';
import { logger } from '../../platform/logger.ts';
import { verifySignature } from '../../platform/signing.ts';
import * as wired from '../../platform/wiring.ts';
import { type PublishEventsPorts, publishAgain, publishRecords } from './publish-events.ts';

/** The ledger table's stream; or, by hand, a part of a ledger that is to be told again. */
const eventSchema = z.union([
  z.object({ Records: z.array(streamRecord) }),
  z.object({ model: z.string(), fromSeq: z.int().min(1), toSeq: z.int().min(1) }),
]);

const publicKey = config('LEDGER_PUBLIC_KEY');
const ports: PublishEventsPorts = {
  registry: wired.registry(),
  ledger: wired.ledgerReader(),
  isSigned: ({ body, signature }) => verifySignature(publicKey, Buffer.from(body, 'utf8'), signature),
  publish: wired.eventPublisher(),
  // The alarm's metric filter matches this message.
  unreadable: (position, cause) => logger.error('EVENT_NOT_PUBLISHED', { ...position, cause: String(cause) }),
};

/** Tells other systems of each new entry of the ledger, on the topic and on the bus. */
export async function handler(event: unknown): Promise<{ readonly published: number }> {
  const parsed = parseEvent(eventSchema, event);
  const published = 'Records' in parsed ? publishRecords(ports, parsed.Records) : publishAgain(ports, parsed);
  return { published: await published };
}
