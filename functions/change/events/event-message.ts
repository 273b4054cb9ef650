import { visible } from '../../platform/html.ts';
import type { PublishEvent, ReleaseEvent } from './release-event.ts';

/** Where the bus says that an event comes from. */
export const EVENT_SOURCE = 'model-release';

/** SNS takes at most 100 ASCII characters. */
export function subjectOf({ severity, model, event }: ReleaseEvent): string {
  return `[${severity}] ${model}: ${event.replaceAll('-', ' ')}`.replace(/[^\x20-\x7e]/g, '?').slice(0, 100);
}

/** The event as an email to whoever subscribed by one, as plain text: people do not read JSON. */
export function eventText(event: ReleaseEvent): string {
  const rows = [
    ['Event', event.event],
    ['Severity', event.severity],
    ['Model', event.model],
    ['Version', event.version],
    ['Run', event.promotionId],
    ['By', event.actor],
    ['At', event.at],
    ['Ledger position', event.ledgerPosition],
    ['Id', event.id],
  ] as const;
  const facts = rows.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`${name}: ${value}`]));
  const reasons = 'reasons' in event.detail ? event.detail.reasons : [];
  const why = reasons.map(({ code, message }) => `- ${code}: ${message}`);
  return visible([event.summary, '', ...facts, ...(why.length === 0 ? [] : ['', 'Why:', ...why])].join('\n'));
}

/**
 * Both ways at once: what does not take the event keeps the other from nothing. At least once on each.
 * @throws the first failure, after both were tried
 */
export function publisherTo(...ways: readonly PublishEvent[]): PublishEvent {
  return async (event) => {
    const told = await Promise.allSettled(ways.map((way) => way(event)));
    const failed = told.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
}
