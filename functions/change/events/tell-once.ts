import type { Email } from '../../platform/email.ts';
import { ReleaseError } from '../../platform/errors.ts';
import { type AnnouncePorts, emailOf } from '../announce.ts';
import type { Notice } from '../notice.ts';
import { noticeOfEntry } from './event-notice.ts';

/** One letter: about an event, to one address. */
export interface Letter {
  readonly eventId: string;
  readonly to: string;
}

/** Which letters went out. Instants are UTC. */
export interface LetterMarks {
  /**
   * Marks a letter as about to leave: once, unless the attempt that did so began before `staleBefore` and left nothing.
   * @returns whether it is this call that sends it
   */
  readonly begin: (letter: Letter, of: { readonly at: string; readonly staleBefore: string }) => Promise<boolean>;
  readonly sent: (letter: Letter, at: string) => Promise<void>;
  /** The attempt that began at `at` did not leave: the next one may try at once. */
  readonly failed: (letter: Letter, at: string) => Promise<void>;
}

export interface SendOncePorts extends Pick<AnnouncePorts, 'sendEmail'> {
  readonly marks: LetterMarks;
  readonly now: () => string;
}

export type TellOncePorts = AnnouncePorts & SendOncePorts;

/**
 * An attempt of which nothing is known after so long was cut: longer than a letter may take where events are told (30 s), and
 * shorter, with room, than the minute after which Lambda repeats a run that ended at once: a repetition that finds the mark too
 * young sends nothing, ends well, and is the last one.
 */
const CUT_AFTER_SECONDS = 45;

/**
 * Sends the notice of an event to each recipient, once each, however often the event is delivered and to how many at once.
 * Again only where an attempt was cut between the letter and its mark. A letter that did not leave keeps no other.
 * @throws ReleaseError DEPENDENCY_UNAVAILABLE when a letter did not leave: a repeated call sends what is left
 */
export async function tellOnce(
  ports: TellOncePorts,
  notice: Notice,
  eventId: string,
): Promise<{ readonly recipients: number }> {
  const email = emailOf(notice);
  const told = await Promise.allSettled(notice.recipients.map((to) => sendOnce(ports, { eventId, to }, email)));
  const failed = told.filter((one) => one.status === 'rejected');
  if (failed.length > 0) {
    ports.onUndelivered(notice, failed.length);
    const [first] = failed;
    throw new ReleaseError('DEPENDENCY_UNAVAILABLE', `${failed.length} letters about ${eventId} did not leave.`, {
      cause: first?.reason,
    });
  }
  return { recipients: told.filter((one) => one.status === 'fulfilled' && one.value).length };
}

/**
 * Tells of the entry that an event of the bus names, once to each recipient.
 * @throws ReleaseError CORRUPT_ITEM; DEPENDENCY_UNAVAILABLE as `tellOnce`
 */
export async function tellEvent(
  ports: TellOncePorts & Parameters<typeof noticeOfEntry>[0],
  entry: Parameters<typeof noticeOfEntry>[1],
): Promise<{ readonly recipients: number }> {
  const notice = await noticeOfEntry(ports, entry);
  return notice === null ? { recipients: 0 } : tellOnce(ports, notice, `${entry.model}/${entry.ledgerPosition}`);
}

/**
 * Sends one letter, unless it left before or is about to.
 * @returns whether this call sent it
 * @throws whatever the email service or the marks throw: a repeated call sends it
 */
export async function sendOnce(
  { marks, sendEmail, now }: SendOncePorts,
  letter: Letter,
  email: Email,
): Promise<boolean> {
  const at = now();
  const staleBefore = new Date(Date.parse(at) - CUT_AFTER_SECONDS * 1000).toISOString();
  if (!(await marks.begin(letter, { at, staleBefore }))) return false;
  try {
    await sendEmail(letter.to, email);
  } catch (error) {
    await marks.failed(letter, at);
    throw error;
  }
  await marks.sent(letter, now());
  return true;
}
