import * as z from 'zod';
import { type Parsed, parseInput } from '../platform/boundary.ts';
import type { Reason } from '../platform/errors.ts';
import { modelName, versionName } from '../platform/ids.ts';
import { type Actor, personActor, systemActor } from '../platform/people.ts';

export const CAUSES = [
  'metric-degradation',
  'data-drift',
  'data-corruption',
  'infrastructure',
  'business-escalation',
  'safety',
] as const;
export type Cause = (typeof CAUSES)[number];

/** Half a character cannot be recorded, and nothing that is recorded may stand in the way of going back. */
const whole = (text: string) => text.toWellFormed();

const AUTOMATION = /^system:(?=\S)/;

const person = z.strictObject({
  name: z
    .string()
    .trim()
    .overwrite(whole)
    .min(1)
    .max(120)
    .regex(/^(?!system:)/, 'Automation gives its name as a text, not as a person.'),
  email: z.email().max(254),
});
const automation = z
  .string()
  .overwrite(whole)
  .regex(/^system:\S[^\n]{0,100}$/, 'Expected a person with name and email, or the text system:<trigger>.');

/** Input of a rollback: two fields and a name are enough (going back is easier than going forward). */
export const rollbackInput = z.strictObject({
  model: modelName,
  cause: z.enum(CAUSES),
  /** A person, or automation that names itself `system:<trigger>`. */
  requestedBy: z.union([automation, person], 'Expected a person with name and email, or the text system:<trigger>.'),
  /** The version that must not serve any more; a rollback without it withdraws the one that serves. */
  withdrawVersion: versionName.optional(),
  /** The retained version to go back to, instead of the one that served before. */
  targetVersion: versionName.optional(),
  detail: z.string().trim().overwrite(whole).min(1).max(4000).optional(),
});

/** A parsed input; whoever asked has a name, and an email when it is a person. */
export interface RollbackInput extends Omit<z.infer<typeof rollbackInput>, 'requestedBy'> {
  readonly requestedBy: { readonly name: string; readonly email?: string };
}

const NEXT = 'Correct the fields and start the rollback again under a new name.';

/** Parses the input of a rollback; a rejection lists every fault at once. */
export function parseRollbackInput(value: unknown): Parsed<RollbackInput> {
  const parsed = parseInput(rollbackInput, value, NEXT);
  const across = acrossFields(value);
  if (!parsed.ok) return { ok: false, reasons: [...parsed.reasons.flatMap((one) => inDetail(one, value)), ...across] };
  if (across.length > 0) return { ok: false, reasons: across };
  const { requestedBy } = parsed.value;
  const asked = typeof requestedBy === 'string' ? { name: requestedBy } : requestedBy;
  return { ok: true, value: { ...parsed.value, requestedBy: asked } };
}

/** A choice that nothing fits says only that; whoever gave a person is told what is wrong with the person. */
function inDetail(fault: Reason, value: unknown): readonly Reason[] {
  const given = z.looseObject({ requestedBy: z.looseObject({}) }).safeParse(value);
  if (fault.path !== 'requestedBy' || !given.success) return [fault];
  const parsed = parseInput(person, given.data.requestedBy, NEXT);
  return parsed.ok ? [fault] : parsed.reasons.map((one) => ({ ...one, path: `requestedBy.${one.path}` }));
}

export function isAutomation(name: string): boolean {
  return AUTOMATION.test(name);
}

export function actorOf({ requestedBy }: Pick<RollbackInput, 'requestedBy'>): Actor {
  const { name, email = '' } = requestedBy;
  return isAutomation(name) ? systemActor(name.slice('system:'.length)) : personActor({ name, email });
}

/** What a look at the fields one by one cannot say; asked of the raw value, since another field may be wrong as well. */
function acrossFields(value: unknown): readonly Reason[] {
  const raw = z.looseObject({}).safeParse(value);
  if (!raw.success) return [];
  const { withdrawVersion, targetVersion, requestedBy } = raw.data;
  const reasons: Reason[] = [];
  if (withdrawVersion === undefined && typeof requestedBy === 'string' && isAutomation(requestedBy)) {
    reasons.push({
      code: 'WITHDRAW_VERSION_MISSING',
      path: 'withdrawVersion',
      message: 'Automation must say which version it found at fault, or a repeated alarm would go back a second step.',
      allowed: 'the version that was observed',
      next: NEXT,
    });
  }
  if (typeof targetVersion === 'string' && targetVersion === withdrawVersion) {
    reasons.push({
      code: 'TARGET_IS_WITHDRAWN',
      path: 'targetVersion',
      message: 'The version to go back to is the one to withdraw.',
      got: targetVersion,
      next: NEXT,
    });
  }
  return reasons;
}
