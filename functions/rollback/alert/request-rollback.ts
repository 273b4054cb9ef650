import type { Link } from '../../approval/find-request.ts';
import type { Reason } from '../../platform/errors.ts';
import type { AlertLink } from './alert-link.ts';
import type { AlertStore } from './alert-store.ts';
import { findAlert, isConcerned } from './find-alert.ts';
import { parseRollbackForm, type TypedRollback } from './rollback-form.ts';
import { readStanding, type Standing, type StandingPorts } from './standing.ts';
import { type Started, type StartPorts, startFromLink, triesOf } from './start-rollback.ts';

export interface ShowRollbackPorts extends StandingPorts, Pick<StartPorts, 'status'> {
  readonly alerts: Pick<AlertStore, 'link'>;
}
export interface RequestRollbackPorts extends ShowRollbackPorts, StartPorts {}

/** A link with everything that its page says. */
export interface OpenedAlert {
  readonly link: AlertLink;
  readonly standing: Standing;
  /** The newest rollback that was started from this link. */
  readonly started: Started | null;
  /** The person is owner or approver now. */
  readonly isConcerned: boolean;
  readonly isExpired: boolean;
}

/** What is behind a link at this moment; null: no such link. Changes nothing. */
export async function openAlert(ports: ShowRollbackPorts, given: Link): Promise<OpenedAlert | null> {
  const link = await findAlert(ports.alerts, given);
  if (link === null) return null;
  const [model, standing] = await Promise.all([
    ports.registry.model(link.alert.model),
    readStanding(ports, link.alert),
  ]);
  // Before a rollback is done what it withdraws still serves; afterwards only the alert tells what that was.
  const version = link.alert.version || standing.withdraws;
  const tries = version === null ? null : await triesOf(ports, link, version);
  return {
    link,
    standing,
    started: tries?.newest ?? null,
    isConcerned: isConcerned(model, link.person),
    isExpired: ports.now() >= link.expiresAt,
  };
}

/** How a posted form went; `status` is the HTTP status. */
export type RollbackOutcome =
  | { readonly status: 200; readonly opened: OpenedAlert; readonly started: Started; readonly withdraws: string }
  | { readonly status: 400; readonly opened: OpenedAlert; readonly faults: readonly Reason[] }
  | { readonly status: 403 | 409 | 410; readonly opened: OpenedAlert }
  | { readonly status: 404 };

/**
 * Starts the rollback that one person asks for through their link: owner and approvers may alone. Safe to repeat: while
 * one that was started here runs, posting again starts none; once the version no longer serves, nothing is left to start.
 */
export async function requestRollback(
  ports: RequestRollbackPorts,
  given: Link,
  typed: TypedRollback,
): Promise<RollbackOutcome> {
  const opened = await openAlert(ports, given);
  if (opened === null) return { status: 404 };
  if (!opened.isConcerned) return { status: 403, opened };
  if (opened.isExpired) return { status: 410, opened };
  const { standing, link } = opened;
  const { withdraws } = standing;
  if (withdraws === null) return { status: 409, opened };
  const form = parseRollbackForm(typed, link.alert.model, standing);
  if (!form.ok) return { status: 400, opened, faults: form.faults };
  const started = await startFromLink(ports, link, { withdraws, asked: form.asked });
  return { status: 200, opened, started, withdraws };
}
