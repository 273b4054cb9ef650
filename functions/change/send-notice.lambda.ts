import * as z from 'zod';
import { parseEvent } from '../platform/boundary.ts';
import { dynamo, ses } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { sesSender } from '../platform/email-store.ts';
import { ReleaseError } from '../platform/errors.ts';
import { logger } from '../platform/logger.ts';
import * as wired from '../platform/wiring.ts';
import type { PromotionItem } from '../registry/items.ts';
import { type AnnouncePorts, announce, announceAll, noticeOfEnd } from './announce.ts';
import { LetterMarkStore } from './events/letter-mark-store.ts';
import { tellEvent } from './events/tell-once.ts';
import { type Notice, rollbackNotice } from './notice.ts';
import { noteToTell } from './release-note/write-promotion-note.ts';

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
/** A step of a run or of a rollback, or an event of the bus. */
const eventSchema = z.union([
  z.object({ promotionId: z.string() }),
  z.object({ rollback }),
  z.object({ detail: z.object({ model: z.string(), ledgerPosition: z.int().min(1) }) }),
]);

const registry = wired.registry();
const ledger = wired.ledgerReader();
const evidence = wired.evidence();
const ports: AnnouncePorts = {
  sendEmail: sesSender(ses(), config('SENDER_EMAIL')),
  onUndelivered: ({ subject }, count) => logger.error('NOTICE_NOT_SENT', { subject, count }),
};
const marks = new LetterMarkStore(dynamo(), config('REGISTRY_TABLE'));
const now = () => systemClock().toISOString();
const noteOf = (run: PromotionItem) =>
  noteToTell({ registry, ledger, evidence }, run, (error) => logger.error('NOTE_NOT_TOLD', { error: String(error) }));

/** Tells the people concerned of an event, or how a promotion, change or rollback ended. Of an event once; else at least once. */
export async function handler(event: unknown): Promise<{ readonly recipients: number }> {
  const parsed = parseEvent(eventSchema, event);
  if ('promotionId' in parsed) return announce(ports, await noticeOfEnd(registry, parsed.promotionId, noteOf));
  if ('detail' in parsed) return tellEvent({ ...ports, registry, ledger, marks, now }, parsed.detail);
  const ends = parsed.rollback.closed.map((promotionId) => noticeOfEnd(registry, promotionId));
  return announceAll(ports, await Promise.all([ofRollback(parsed.rollback), ...ends]));
}

async function ofRollback(facts: z.infer<typeof rollback>): Promise<Notice> {
  const model = await registry.model(facts.model);
  if (model === null) throw new ReleaseError('NOT_FOUND', `There is no model ${facts.model}.`);
  return rollbackNotice(facts, model);
}
