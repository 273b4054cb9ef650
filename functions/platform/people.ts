import * as z from 'zod';

const name = z.string().trim().min(1).max(120);
// Header injection and display tricks have no place in an address that decides who may approve.
const email = z.email().max(254);

/** Somebody who asks: a pipeline passes the person on whose behalf it runs. */
export const requester = z.strictObject({ name, email });
export type Requester = z.infer<typeof requester>;

/**
 * A principal of AWS that is one person: an IAM user, or the session that a person has of a role. A role as such is nobody:
 * whoever may assume it is it.
 */
export const principalArn = z
  .string()
  .max(2048)
  .regex(
    /^arn:aws[a-z-]*:(iam::\d{12}:user\/\S+|sts::\d{12}:(assumed-role\/[^\s/]+\/[^\s/]+|federated-user\/\S+))$/,
    'Expected the ARN of an IAM user, of a federated user, or of a role session (assumed-role/<role>/<session name>).',
  );
/** Under which principals a person starts executions, as CloudTrail names them. */
const principals = z.array(principalArn).min(1).max(20);

export const owner = z.strictObject({
  name,
  email,
  team: z.string().trim().min(1).max(120),
  principals: principals.exactOptional(),
});
export type Owner = z.infer<typeof owner>;

export const approver = z.strictObject({ id: z.string().trim().min(1).max(64), name, email });
export type Approver = z.infer<typeof approver>;

/** An approver of a model as far as identity goes. */
export const knownApprover = approver.extend({ principals: principals.exactOptional() });
export type KnownApprover = z.infer<typeof knownApprover>;

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

/** A name in the form in which names are compared: trimmed, Unicode NFKC, lower case, without characters that nobody sees. */
export function normalName(name: string): string {
  return name
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .trim()
    .toLowerCase();
}

/** The form in which addresses are compared when they are written to: trimmed, Unicode NFKC, lower case. */
export function normalEmail(address: string): string {
  return address.normalize('NFKC').trim().toLowerCase();
}

/**
 * The mailbox that an address leads to, for telling people apart: `ana+work@x` is read by whoever reads `ana@x`, and a dot
 * after the domain changes nothing. Who reads one mailbox is one person.
 */
export function mailboxOf(address: string): string {
  const whole = normalName(address);
  const at = whole.lastIndexOf('@');
  if (at < 0) return whole;
  const tag = whole.indexOf('+', 1);
  const local = whole.slice(0, tag > 0 && tag < at ? tag : at);
  return `${local}@${whole.slice(at + 1).replace(/\.+$/, '')}`;
}
