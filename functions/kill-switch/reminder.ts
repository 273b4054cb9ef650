import type { Notice } from '../change/notice.ts';
import { normalEmail } from '../platform/people.ts';
import type { ModelItem } from '../registry/items.ts';
import type { KillSwitchItem } from './items.ts';

const DAY_MS = 86_400_000;

/** `soon`: its expiry is less than a day away; `expired`: it has passed, and nothing ended by that. */
export type Reminder = 'soon' | 'expired';

/**
 * Whether people are reminded now: of a switch that stands once a day, from the day before its expiry on, until it is left or
 * renewed; of a candidate that was stopped once, since nothing is held back by that.
 */
export function dueReminder(item: KillSwitchItem, now: string): Reminder | null {
  const leftMs = Date.parse(item.expiresAt) - Date.parse(now);
  const again = item.level === 'model' ? item.remindedOn === dateOf(now) : item.remindedOn !== undefined;
  if (leftMs >= DAY_MS || again) return null;
  return leftMs > 0 ? 'soon' : 'expired';
}

export function dateOf(instant: string): string {
  return instant.slice(0, 10);
}

/** What is said: before the expiry to the owner and whoever threw it, after it to the approvers too. */
export function reminderNotice(item: KillSwitchItem, reminder: Reminder, model: ModelItem): Notice {
  const { requestedBy, reason, thrownAt, expiresAt, level } = item;
  const when =
    reminder === 'soon'
      ? `has to be looked at again before ${expiresAt}`
      : `should have been left or renewed by ${expiresAt}`;
  const people = [model.owner, requestedBy, ...(reminder === 'expired' && level === 'model' ? model.approvers : [])];
  return {
    subject: `${reminder === 'soon' ? 'Expires soon' : 'Expired'}: kill switch of ${model.model}${level === 'model' ? '' : ` (${level} ${item.version})`}`,
    text: [
      `${stopped(item)} It ${when}.`,
      '',
      `Reason: ${reason}`,
      `Thrown by ${requestedBy.name} <${requestedBy.email}> at ${thrownAt}, ledger position ${item.ledgerSeq}.`,
      '',
      next(item),
    ].join('\n'),
    recipients: [...new Map(people.map(({ email }) => [normalEmail(email), email])).values()],
  };
}

function stopped(item: KillSwitchItem): string {
  if (item.level !== 'model') return `The ${item.level} of version ${item.version} of ${item.model} was stopped.`;
  const what = item.fallbackSegments.length === 0 ? 'everything' : item.fallbackSegments.join(', ');
  return `The safe forecast ${item.fallback} serves ${what} of ${item.model} by a kill switch, and goes on until it is left.`;
}

function next({ level }: KillSwitchItem): string {
  if (level === 'model') {
    return 'To leave it, start the onboarding machine with kind restore; approvers are asked then. To keep it, throw it again with a later expiresAt.';
  }
  return level === 'candidate'
    ? 'The version is withdrawn for good. See to it that whatever was wrong with it is known.'
    : 'Nothing is held back by it: start a new attempt, or leave the version.';
}
