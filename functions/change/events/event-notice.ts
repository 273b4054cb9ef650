import type { Ledger } from '../../ledger/ledger.ts';
import { normalEmail } from '../../platform/people.ts';
import type { ModelItem } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { Notice } from '../notice.ts';
import { eventText } from './event-message.ts';
import { eventOfEntry, runOfEntry } from './event-of-entry.ts';
import type { EventName, ReleaseEvent } from './release-event.ts';

/**
 * Events that are emailed to owner and teams downstream, because what they are handed changes by them. How promotions,
 * changes and rollbacks end, kill switches and recalls are told by whoever does them, with letters of their own.
 */
export const MAILED_EVENTS = [
  'stage-entered',
  'canary-step',
  'change-noticed',
  'change-undone',
] as const satisfies readonly EventName[];

/**
 * The notice of the entry that an event of the bus names. What the event says besides is not believed: whoever may put
 * events there could write to the teams in our name. Null where there is no such entry or model, or nobody is concerned.
 * @throws ReleaseError CORRUPT_ITEM
 */
export async function noticeOfEntry(
  {
    registry,
    ledger,
  }: { readonly registry: Pick<RegistryStore, 'run' | 'model'>; readonly ledger: Pick<Ledger, 'read'> },
  { model: name, ledgerPosition }: Pick<ReleaseEvent, 'model'> & { readonly ledgerPosition: number },
): Promise<Notice | null> {
  const [entry, model] = await Promise.all([ledger.read(name, ledgerPosition), registry.model(name)]);
  if (entry === null || model === null) return null;
  const promotionId = runOfEntry(entry.body);
  const event = eventOfEntry(entry.body, promotionId === '' ? null : await registry.run(name, promotionId));
  return event === null ? null : eventNotice(event, model);
}

/** The notice of an event; null where nothing changes for the teams: a shadow is served to nobody. */
export function eventNotice(event: ReleaseEvent, model: ModelItem): Notice | null {
  const subject = subjectFor(event);
  if (subject === null) return null;
  const people = [model.owner, ...model.downstream];
  return {
    subject: `${subject}: ${event.model}${event.version ? ` version ${event.version}` : ''}`,
    text: `${eventText(event)}\n\nIf forecasts look wrong to you, tell ${model.owner.name} <${model.owner.email}>: one person can have the version before serve again within minutes.`,
    recipients: [...new Map(people.map(({ email }) => [normalEmail(email), email])).values()],
  };
}

function subjectFor(event: ReleaseEvent): string | null {
  switch (event.event) {
    case 'stage-entered':
      // Its promotion into production is told when it has ended, with what goes on beside it.
      return event.detail.stage === 'canary' ? 'Canary begins' : null;
    case 'canary-step':
      return 'Canary widened';
    case 'change-noticed':
      return event.detail.serving ? 'Changed by nobody' : null;
    case 'change-undone':
      return 'Undone';
    default:
      return null;
  }
}
