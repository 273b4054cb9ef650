import { mailboxOf, normalName } from '../platform/people.ts';

/** A person as far as identity goes: requesters and owners have no id. */
export interface Identity {
  readonly email: string;
  readonly id?: string;
}

/** The names by which a person is recognised. An id that is an address counts as that address too. */
function identityKeys({ email, id }: Identity): readonly string[] {
  const keys = [`email:${mailboxOf(email)}`];
  if (id === undefined) return keys;
  keys.push(`id:${normalName(id)}`);
  if (normalName(id).includes('@')) keys.push(`email:${mailboxOf(id)}`);
  return keys;
}

/**
 * Groups records that belong to one person: two records with the same mailbox or the same id are one person,
 * and so are two that a third one links. Groups and members keep the order of the records.
 */
export function groupByPerson<T extends Identity>(records: readonly T[]): readonly (readonly T[])[] {
  let groups: readonly { readonly keys: readonly string[]; readonly members: readonly T[] }[] = [];
  for (const record of records) {
    const keys = identityKeys(record);
    const linked = groups.filter((group) => group.keys.some((key) => keys.includes(key)));
    const merged = {
      keys: [...linked.flatMap((group) => group.keys), ...keys],
      members: [...linked.flatMap((group) => group.members), record],
    };
    const first = linked[0];
    groups =
      first === undefined
        ? [...groups, merged]
        : groups.flatMap((group) => (group === first ? [merged] : linked.includes(group) ? [] : [group]));
  }
  return groups.map((group) => group.members);
}

/** True when two records belong to one person, given all records that could link them. */
export function isSamePerson(a: Identity, b: Identity, among: readonly Identity[] = []): boolean {
  const records = [a, b, ...among];
  return groupByPerson(records).some((group) => group.includes(a) && group.includes(b));
}
