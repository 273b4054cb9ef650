import * as z from 'zod';

const name = z.string().trim().min(1).max(120);
// Header injection and display tricks have no place in an address that decides who may approve.
const email = z.email().max(254);

/** Somebody who asks: a pipeline passes the person on whose behalf it runs. */
export const requester = z.strictObject({ name, email });
export type Requester = z.infer<typeof requester>;

export const owner = z.strictObject({ name, email, team: z.string().trim().min(1).max(120) });
export type Owner = z.infer<typeof owner>;

export const approver = z.strictObject({ id: z.string().trim().min(1).max(64), name, email });
export type Approver = z.infer<typeof approver>;

export const downstreamTeam = z.strictObject({ team: z.string().trim().min(1).max(120), email });

/** Whose name stands under a ledger entry: a person, or a part of the system named `system:<what>`. Never absent. */
export type Actor =
  | { readonly kind: 'person'; readonly name: string; readonly email: string; readonly id?: string }
  | { readonly kind: 'system'; readonly name: `system:${string}` };

export function personActor(person: { readonly name: string; readonly email: string; readonly id?: string }): Actor {
  return {
    kind: 'person',
    name: person.name,
    email: person.email,
    ...(person.id === undefined ? {} : { id: person.id }),
  };
}

export function systemActor(what: string): Actor {
  return { kind: 'system', name: `system:${what}` };
}

/** The form in which addresses are compared: trimmed, Unicode NFKC, lower case. */
export function normalEmail(address: string): string {
  return address.normalize('NFKC').trim().toLowerCase();
}
