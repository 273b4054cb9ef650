import * as z from 'zod';
import { plusDuration } from '../platform/duration.ts';
import { sha256 } from '../platform/ids.ts';

/** What every personal link that is sent by email keeps. The secret is known to the recipient alone; only digests are stored. */
export const sentLink = z.object({
  linkId: z.string(),
  /** One digest per email that was tried, the newest last: links of earlier emails go on working. */
  secretSha256s: z.array(sha256).min(1).readonly(),
  /** Emails that were tried. Writers condition on it. */
  attempts: z.int().min(1),
  attemptedAt: z.string(),
  /** When the newest email was accepted for delivery. */
  sentAt: z.string().exactOptional(),
});
export type SentLink = Readonly<z.infer<typeof sentLink>>;

/** Links of so many letters of a recipient work; older ones do not. */
const MAX_SECRETS = 20;
/** A letter that did not leave is tried again so long after the attempt. */
const RETRY_AFTER = 'PT15M';

/** The attempt after the one before (null: none) as it is kept, by the digest of its secret. */
export function nextAttempt(before: SentLink | null, secretSha256: string, now: string): Omit<SentLink, 'linkId'> {
  return {
    secretSha256s: [...(before?.secretSha256s ?? []).slice(1 - MAX_SECRETS), secretSha256],
    attempts: (before?.attempts ?? 0) + 1,
    attemptedAt: now,
    ...(before?.sentAt === undefined ? {} : { sentAt: before.sentAt }),
  };
}

/** Whether a letter is due: the first one, one that did not leave, or, every `remindAfter`, the next; null: one is enough. */
export function isLetterDue(before: SentLink | null, now: string, remindAfter: string | null): boolean {
  if (before === null) return true;
  const { attemptedAt, sentAt } = before;
  if (plusDuration(attemptedAt, RETRY_AFTER) > now) return false;
  return sentAt === undefined || (remindAfter !== null && plusDuration(sentAt, remindAfter) <= now);
}
