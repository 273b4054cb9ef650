import * as z from 'zod';
import { parseEvent } from '../platform/boundary.ts';
import { ses, sns } from '../platform/clients.ts';
import { config } from '../platform/config.ts';
import { sesSender } from '../platform/email-store.ts';
import { ReleaseError } from '../platform/errors.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import { type AnnouncePorts, announce, announceAll, noticeOfEnd } from './announce.ts';
import { type Notice, rollbackNotice } from './notice.ts';
import { topicPublisher } from './notice-store.ts';

const rollback = z.object({
  model: z.string(),
  from: z.string(),
  to: z.string(),
  cause: z.string(),
  requestedBy: z.string(),
  detail: z.string().exactOptional(),
  seconds: z.number(),
  /** Promotions that it ended; their requesters are told. */
  closed: z.array(z.string()).default([]),
});
const eventSchema = z.union([z.object({ promotionId: z.string() }), z.object({ rollback })]);

const registry = wired.registry();
const ports: AnnouncePorts = {
  publish: topicPublisher(sns(), config('NOTIFICATION_TOPIC_ARN')),
  sendEmail: sesSender(ses(), config('SENDER_EMAIL')),
  onUndelivered: ({ subject }, count) => logger.error('NOTICE_NOT_SENT', { subject, count }),
};

/** Tells the people concerned how a promotion, change or rollback ended. At least once: a retry sends again. */
export async function handler(event: unknown): Promise<{ readonly recipients: number }> {
  const parsed = parseEvent(eventSchema, event);
  if ('promotionId' in parsed) return announce(ports, await noticeOfEnd(registry, parsed.promotionId));
  const ends = parsed.rollback.closed.map((promotionId) => noticeOfEnd(registry, promotionId));
  return announceAll(ports, await Promise.all([ofRollback(parsed.rollback), ...ends]));
}

async function ofRollback(facts: z.infer<typeof rollback>): Promise<Notice> {
  const model = await registry.model(facts.model);
  if (model === null) throw new ReleaseError('NOT_FOUND', `There is no model ${facts.model}.`);
  return rollbackNotice(facts, model);
}
