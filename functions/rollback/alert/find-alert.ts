import type { Link } from '../../approval/find-request.ts';
import { isSecret } from '../../approval/secret.ts';
import { sha256Hex } from '../../platform/json.ts';
import { normalEmail } from '../../platform/people.ts';
import type { ModelItem } from '../../registry/items.ts';
import type { AlertLink } from './alert-link.ts';
import type { AlertStore } from './alert-store.ts';

/** Compared with when there is no such link, so that both cases do the same work. */
const NOBODYS = sha256Hex('no secret has this digest');

/** The link that somebody opened; null when there is none or the secret is not its own, which nobody can tell apart. */
export async function findAlert(alerts: Pick<AlertStore, 'link'>, given: Link): Promise<AlertLink | null> {
  const wellFormed = /^[0-9a-f]{32}$/.test(given.requestId);
  const link = await alerts.link(wellFormed ? given.requestId : '0'.repeat(32));
  const proved = isSecret(given.secret, link?.secretSha256s ?? [NOBODYS]);
  return proved ? link : null;
}

/** Whether the person of a link is owner or approver now: who lost the part may not go back any more. */
export function isConcerned(model: ModelItem | null, { email }: AlertLink['person']): boolean {
  if (model === null) return false;
  return [model.owner, ...model.approvers].some((one) => normalEmail(one.email) === normalEmail(email));
}
