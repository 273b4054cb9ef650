import { EVENT_SCHEMA, type ReleaseEvent } from '../../change/events/release-event.ts';
import { severityOf } from '../../change/events/severity.ts';
import { visibleLine } from '../../platform/html.ts';
import type { AlertFacts } from './alert-facts.ts';
import type { Alert } from './alert-link.ts';

/** The alert as other systems are told it: no address, no link. It has its own id, for it is no entry of the ledger. */
export function alertEvent(
  { id, model, version, cause, trigger, headline, detail, rolledBack }: Alert,
  { serves, goesTo }: AlertFacts,
  at: string,
): ReleaseEvent {
  const event = 'alert-raised';
  return {
    ...{ schema: EVENT_SCHEMA, id: `alert/${id}`, event, severity: severityOf(event, null), model, at, version },
    summary: visibleLine(headline),
    actor: trigger,
    detail: { alertId: id, cause, trigger, detail, rolledBack, serves, goesTo },
  };
}
