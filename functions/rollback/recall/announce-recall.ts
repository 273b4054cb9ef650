import { newSecret, type RandomBytes } from '../../approval/secret.ts';
import { plusDuration } from '../../platform/duration.ts';
import type { SendEmail } from '../../platform/email.ts';
import { isReleaseError } from '../../platform/errors.ts';
import { type Asked, type RecallItem, type RecallLink, recallLinkAddress, waitedFor } from './recall-item.ts';
import { recallEmail } from './recall-letter.ts';
import type { RecallLinkStore } from './recall-link-store.ts';
import type { RecallObjectStore } from './recall-object-store.ts';
import type { RecallSummary } from './recall-summary.ts';

export interface AnnounceRecallPorts {
  readonly links: Pick<RecallLinkStore, 'link' | 'keep' | 'sent'>;
  readonly objects: Pick<RecallObjectStore, 'readSummary'>;
  readonly sendEmail: SendEmail;
  /** Told how many could not be reached; addresses stay out of the log. */
  readonly onUndelivered: (recall: RecallItem, count: number, cause: unknown) => void;
  readonly random: RandomBytes;
  readonly baseUrl: string;
  readonly now: () => string;
}

/** A team that has not acknowledged is told again so long after the last letter. */
const REMIND_AFTER = 'P1D';
/** A letter that did not leave is tried again so long after the attempt. */
const RETRY_AFTER = 'PT15M';
/** Links of so many letters of a recipient work; older ones do not. */
const MAX_SECRETS = 20;

/**
 * Tells whoever is due: each recipient once, and who still has to acknowledge once a day. One mailbox that cannot be reached
 * keeps no other from its letter, and is tried again later. At least once: a run that was cut
 * between a letter and its mark leads to another letter, and both links work. Never throws for a letter.
 */
export async function announceRecall(ports: AnnounceRecallPorts, recall: RecallItem): Promise<void> {
  const now = ports.now();
  const waited = waitedFor(recall);
  const failures: unknown[] = [];
  const trying = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      // Another run sends the same letter.
      if (!isReleaseError(error, 'CONDITION_FAILED')) failures.push(error);
    }
  };
  let summary: Promise<RecallSummary | null> | undefined;
  const summaryOnce = () => {
    summary ??= recall.summary === undefined ? Promise.resolve(null) : ports.objects.readSummary(recall.summary);
    return summary;
  };
  for (const asked of recall.asked) {
    await trying(async () => {
      const before = await ports.links.link(asked.linkId);
      if (!isDue(before, waited.includes(asked), now)) return;
      await write(ports, { recall, asked, before, summary: await summaryOnce(), now });
    });
  }
  if (failures.length > 0) ports.onUndelivered(recall, failures.length, failures[0]);
}

function isDue(before: RecallLink | null, isWaitedFor: boolean, now: string): boolean {
  if (before === null) return true;
  const { attemptedAt, sentAt } = before;
  if (plusDuration(attemptedAt, RETRY_AFTER) > now) return false;
  return sentAt === undefined || (isWaitedFor && plusDuration(sentAt, REMIND_AFTER) <= now);
}

interface Writing {
  readonly recall: RecallItem;
  readonly asked: Asked;
  readonly before: RecallLink | null;
  readonly summary: RecallSummary | null;
  readonly now: string;
}

/** The digest is kept before the letter leaves, so that no link leads nowhere. */
async function write(ports: AnnounceRecallPorts, { recall, asked, before, summary, now }: Writing): Promise<void> {
  const { model, executionName, part } = recall;
  const { linkId } = asked;
  const { secret, sha256 } = newSecret(ports.random);
  const link: RecallLink = {
    ...{ linkId, model, executionName, part },
    secretSha256s: [...(before?.secretSha256s ?? []).slice(1 - MAX_SECRETS), sha256],
    attempts: (before?.attempts ?? 0) + 1,
    attemptedAt: now,
    ...(before?.sentAt === undefined ? {} : { sentAt: before.sentAt }),
  };
  await ports.links.keep(link);
  const address = recallLinkAddress(ports.baseUrl, linkId, secret);
  const isReminder = before?.sentAt !== undefined;
  await ports.sendEmail(asked.email, recallEmail({ recall, summary, asked, address, isReminder }));
  await ports.links.sent(linkId, now);
}
