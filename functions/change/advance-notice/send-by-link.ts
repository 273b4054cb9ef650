import type { LinkStore } from '../../approval/link-store.ts';
import { newSecret, type RandomBytes } from '../../approval/secret.ts';
import { isLetterDue, nextAttempt } from '../../approval/sent-link.ts';
import type { Email, SendEmail } from '../../platform/email.ts';
import { isReleaseError } from '../../platform/errors.ts';
import { type NoticeLink, noticeAddress, noticeLinkId } from './notice-item.ts';

export interface SendByLinkPorts {
  readonly links: Pick<LinkStore<NoticeLink>, 'link' | 'keep' | 'sent'>;
  readonly sendEmail: SendEmail;
  readonly random: RandomBytes;
  readonly baseUrl: string;
  readonly now: () => string;
  /** Told of a letter that did not leave; the address stays out of the log. */
  readonly onUndelivered: (promotionId: string, cause: unknown) => void;
}

export interface ByLink {
  readonly model: string;
  readonly promotionId: string;
  readonly whose: NoticeLink['for'];
  /** ISO 8601 duration after which a letter that left is followed by a reminder; null: never. */
  readonly remindAfter: string | null;
  readonly email: (address: string, isReminder: boolean) => Email;
}

/**
 * Sends one person a letter with a link of their own, where one is due. The digest is kept before the letter leaves, so that
 * no link leads nowhere. At least once; never throws for a letter.
 * @returns whether a letter had left before or has now
 */
export async function sendByLink(ports: SendByLinkPorts, of: ByLink): Promise<boolean> {
  const { model, promotionId, whose } = of;
  const linkId = noticeLinkId(promotionId, whose);
  const now = ports.now();
  const before = await ports.links.link(linkId);
  if (!isLetterDue(before, now, of.remindAfter)) return before?.sentAt !== undefined;
  const { secret, sha256 } = newSecret(ports.random);
  try {
    await ports.links.keep({ linkId, model, promotionId, for: whose, ...nextAttempt(before, sha256, now) });
    const address = noticeAddress(ports.baseUrl, linkId, secret);
    const to = whose.kind === 'team' ? whose.email : whose.approver.email;
    await ports.sendEmail(to, of.email(address, before?.sentAt !== undefined));
    await ports.links.sent(linkId, now);
    return true;
  } catch (cause) {
    // Another run sends the same letter.
    if (!isReleaseError(cause, 'CONDITION_FAILED')) ports.onUndelivered(promotionId, cause);
    return before?.sentAt !== undefined;
  }
}
