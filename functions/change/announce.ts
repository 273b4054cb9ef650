import type { Email, SendEmail } from '../platform/email.ts';
import { ReleaseError } from '../platform/errors.ts';
import { visible, visibleLine } from '../platform/html.ts';
import { parsePromotionId } from '../platform/ids.ts';
import type { PromotionItem } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import { endNotice, type Notice, releaseNotice } from './notice.ts';
import { noticeHtml } from './notice-html.ts';
import type { Note } from './release-note/note.ts';

export interface AnnouncePorts {
  readonly sendEmail: SendEmail;
  /** Told how many of the recipients could not be reached; addresses stay out of the log. */
  readonly onUndelivered: (notice: Notice, count: number) => void;
}

/**
 * Sends a notice to each recipient. At least once: a repeated call sends again. One mailbox that cannot be reached keeps no
 * other from its notice.
 * @throws ReleaseError DEPENDENCY_UNAVAILABLE when nobody could be reached
 */
export async function announce(ports: AnnouncePorts, notice: Notice): Promise<{ readonly recipients: number }> {
  const email = emailOf(notice);
  const sent = await Promise.allSettled(notice.recipients.map((to) => ports.sendEmail(to, email)));
  const failed = sent.filter((one) => one.status === 'rejected');
  if (failed.length > 0) ports.onUndelivered(notice, failed.length);
  if (failed.length > 0 && failed.length === sent.length) {
    throw new ReleaseError('DEPENDENCY_UNAVAILABLE', 'The notice could not be sent to anybody.', {
      cause: failed[0]?.reason,
    });
  }
  return { recipients: sent.length - failed.length };
}

/** A notice as it is emailed. */
export function emailOf({ subject, text, html, ...notice }: Notice): Email {
  return {
    subject: visibleLine(subject),
    text: visible(text),
    html: html ?? noticeHtml({ subject, text, ...notice }),
  };
}

/**
 * Sends several notices; one that nobody received keeps no other from being sent.
 * @throws ReleaseError DEPENDENCY_UNAVAILABLE when a notice reached nobody
 */
export async function announceAll(
  ports: AnnouncePorts,
  notices: readonly Notice[],
): Promise<{ readonly recipients: number }> {
  const sent = await Promise.allSettled(notices.map((notice) => announce(ports, notice)));
  const failed = sent.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return { recipients: sent.reduce((sum, one) => sum + (one.status === 'fulfilled' ? one.value.recipients : 0), 0) };
}

/**
 * The notice of how a promotion or change ended.
 * @param noteOf reads the release note of a promotion that went through; whoever only ends promotions early needs none
 * @throws ReleaseError NOT_FOUND
 */
export async function noticeOfEnd(
  registry: Pick<RegistryStore, 'run' | 'model'>,
  promotionId: string,
  noteOf: (run: PromotionItem) => Promise<Note | null> = async () => null,
): Promise<Notice> {
  const name = parsePromotionId(promotionId)?.model ?? '';
  const [run, model] = await Promise.all([registry.run(name, promotionId), registry.model(name)]);
  if (run === null) throw new ReleaseError('NOT_FOUND', `There is no promotion or change ${promotionId}.`);
  const released = run.kind === 'promotion' && run.end === 'promoted';
  return released ? releaseNotice(run, model, await noteOf(run)) : endNotice(run, model);
}
