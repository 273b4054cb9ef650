import { newSecret, type RandomBytes } from '../../approval/secret.ts';
import type { PublishEvent } from '../../change/events/release-event.ts';
import { within } from '../../platform/deadline.ts';
import { plusDuration } from '../../platform/duration.ts';
import type { SendEmail } from '../../platform/email.ts';
import { ReleaseError } from '../../platform/errors.ts';
import { normalEmail } from '../../platform/people.ts';
import type { ModelItem } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import { alertEmail } from './alert-email.ts';
import { alertEvent } from './alert-event.ts';
import { type AlertFacts, alertFacts, UNKNOWN_FACTS } from './alert-facts.ts';
import { type Alert, type AlertLink, LINK_EXPIRY, linkIdOf, rollbackLink } from './alert-link.ts';
import type { AlertStore } from './alert-store.ts';

export type { Alert } from './alert-link.ts';

export interface AlertPorts {
  readonly registry: Pick<RegistryStore, 'model' | 'versions' | 'returnDocuments'>;
  readonly alerts: Pick<AlertStore, 'link' | 'keep' | 'sent' | 'isPublished' | 'published'>;
  readonly sendEmail: SendEmail;
  readonly publish: PublishEvent;
  /** Told how many could not be reached, other systems among them; addresses stay out of the log. */
  readonly onUndelivered: (alert: Alert, count: number) => void;
  readonly random: RandomBytes;
  /** Without it links lead nowhere. */
  readonly baseUrl: string;
  readonly now: () => string;
}

/** What serves and what would is worth this much delay: an alert goes out without it. */
const FACTS_PATIENCE_MS = 2_000;

/**
 * Tells owner and approvers of a model that it may have to go back, each with a personal link that starts the rollback,
 * and tells other systems. The same alert reaches nobody twice, unless a run of this was cut between an email and its
 * mark. One mailbox that cannot be reached keeps no other from its alert.
 * @returns how many people have the alert now, from this call or an earlier one
 * @throws ReleaseError NOT_FOUND without the model; DEPENDENCY_UNAVAILABLE when nobody has it
 */
export async function sendAlert(ports: AlertPorts, alert: Alert): Promise<{ readonly recipients: number }> {
  const model = await ports.registry.model(alert.model);
  if (model === null) throw new ReleaseError('NOT_FOUND', `There is no model ${alert.model}.`);
  const facts = await factsOf(ports, alert);
  const people = concerned(model);
  const [published, ...told] = await Promise.allSettled([
    publishOnce(ports, alert, facts),
    ...people.map((person) => tell(ports, { alert, facts, person })),
  ]);
  const failed = [published, ...told].filter((one) => one.status === 'rejected');
  if (failed.length > 0) ports.onUndelivered(alert, failed.length);
  const recipients = told.filter((one) => one.status === 'fulfilled').length;
  if (recipients > 0) return { recipients };
  throw new ReleaseError('DEPENDENCY_UNAVAILABLE', 'The alert reached nobody.', { cause: failed[0]?.reason });
}

type Person = AlertLink['person'];

/** Owner and approvers, each once. */
function concerned({ owner, approvers }: ModelItem): readonly Person[] {
  const people = [owner, ...approvers].map(({ name, email }) => ({ name, email }));
  return people.filter(
    ({ email }, index) => people.findIndex((one) => normalEmail(one.email) === normalEmail(email)) === index,
  );
}

async function factsOf({ registry }: AlertPorts, alert: Alert): Promise<AlertFacts> {
  const read = await within(FACTS_PATIENCE_MS, () =>
    Promise.all([registry.versions(alert.model), registry.returnDocuments(alert.model)]),
  );
  if (!read.done) return UNKNOWN_FACTS;
  const [versions, returnDocuments] = read.value;
  return alertFacts(alert, { versions, returnDocuments, complete: true });
}

async function publishOnce(ports: AlertPorts, alert: Alert, facts: AlertFacts): Promise<void> {
  if (await ports.alerts.isPublished(alert.id)) return;
  await ports.publish(alertEvent(alert, facts, ports.now()));
  await ports.alerts.published(alert.id, ports.now());
}

async function tell(
  ports: AlertPorts,
  of: { readonly alert: Alert; readonly facts: AlertFacts; readonly person: Person },
): Promise<void> {
  const { alert, facts, person } = of;
  const linkId = linkIdOf(alert.id, person.email);
  const existing = await ports.alerts.link(linkId);
  if (existing?.sentAt !== undefined) return;
  const { secret, sha256 } = newSecret(ports.random);
  const createdAt = existing?.createdAt ?? ports.now();
  const expiresAt = existing?.expiresAt ?? plusDuration(createdAt, LINK_EXPIRY);
  const link = { linkId, alert, person, secretSha256s: [sha256], createdAt, expiresAt };
  await ports.alerts.keep(link);
  const address = rollbackLink(ports.baseUrl, linkId, secret);
  await ports.sendEmail(person.email, alertEmail({ alert, facts, link, address }));
  await ports.alerts.sent(linkId, ports.now());
}
