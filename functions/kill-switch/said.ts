import type { KillSwitchInput } from './input.ts';
import type { KillSwitchItem } from './items.ts';

/** Whether a throw says what a recorded one says: the same person, reason and expiry. */
export function isSaidIn(
  { reason, requestedBy, expiresAt }: Pick<KillSwitchItem, 'reason' | 'requestedBy' | 'expiresAt'>,
  input: KillSwitchInput,
): boolean {
  const samePerson = requestedBy.name === input.requestedBy.name && requestedBy.email === input.requestedBy.email;
  return samePerson && reason === input.reason && expiresAt === input.expiresAt;
}
