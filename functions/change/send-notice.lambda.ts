import * as z from 'zod';
import { parseEvent } from '../platform/boundary.ts';
import { dynamo, ses, sns } from '../platform/clients.ts';
import { config } from '../platform/config.ts';
import { sesSender } from '../platform/email-store.ts';
import { ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { endNotice, type Notice, rollbackNotice } from './notice.ts';
import { noticeHtml } from './notice-html.ts';
import { topicPublisher } from './notice-store.ts';

const rollback = z.object({
  model: z.string(),
  from: z.string(),
  to: z.string(),
  cause: z.string(),
  requestedBy: z.string(),
  detail: z.string().exactOptional(),
  seconds: z.number(),
});
const eventSchema = z.union([z.object({ promotionId: z.string() }), z.object({ rollback })]);

const registry = new RegistryStore(dynamo(), config('REGISTRY_TABLE'));
const sendEmail = sesSender(ses(), config('SENDER_EMAIL'));
const publish = topicPublisher(sns(), config('NOTIFICATION_TOPIC_ARN'));

async function noticeOf(event: z.infer<typeof eventSchema>): Promise<Notice> {
  if ('rollback' in event) {
    const model = await registry.model(event.rollback.model);
    if (model === null) throw new ReleaseError('NOT_FOUND', `There is no model ${event.rollback.model}.`);
    return rollbackNotice(event.rollback, model);
  }
  const name = parsePromotionId(event.promotionId)?.model ?? '';
  const [run, model] = await Promise.all([registry.run(name, event.promotionId), registry.model(name)]);
  if (run === null) throw new ReleaseError('NOT_FOUND', `There is no promotion or change ${event.promotionId}.`);
  return endNotice(run, model);
}

/** Tells the people concerned how a promotion, change or rollback ended. At least once: a retry sends again. */
export async function handler(event: unknown): Promise<{ readonly recipients: number }> {
  const notice = await noticeOf(parseEvent(eventSchema, event));
  await publish(notice);
  for (const to of notice.recipients) {
    await sendEmail(to, { subject: notice.subject, text: notice.text, html: noticeHtml(notice) });
  }
  return { recipients: notice.recipients.length };
}
