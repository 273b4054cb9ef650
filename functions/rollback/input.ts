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

const AUTOMATION = /^system:(?=\S)/;

/** A person, or automation that names itself `system:<trigger>` (as a text, or as the name of an object). */
const asker = z.preprocess(
  (value) => (typeof value === 'string' ? { name: value } : value),
  z
    .strictObject({
      name: z.string().trim().min(1).max(120),
      email: z.email().max(254).exactOptional(),
    })
    .superRefine(({ name, email }, context) => {
      if (AUTOMATION.test(name) || email !== undefined) return;
      const allowed = 'the email of a person, or a name of the form system:<trigger>';
      context.addIssue({ code: 'custom', path: ['email'], message: `Expected ${allowed}.`, params: { allowed } });
    }),
);

/** Input of a rollback: two fields and a name are enough (going back is easier than going forward). */
export const rollbackInput = z.strictObject({
  model: modelName,
  cause: z.enum(CAUSES),
  requestedBy: asker,
  /** The version that must not serve any more; a rollback without it withdraws the one that serves. */
  withdrawVersion: versionName.optional(),
  /** The retained version to go back to, instead of the one that served before. */
  targetVersion: versionName.optional(),
  detail: z.string().trim().min(1).max(4000).optional(),
});
export type RollbackInput = z.infer<typeof rollbackInput>;

const NEXT = 'Correct the fields and start the rollback again under a new name.';

/** Parses the input of a rollback; a rejection lists every fault at once. */
export function parseRollbackInput(value: unknown): Parsed<RollbackInput> {
  const parsed = parseInput(rollbackInput, value, NEXT);
  const across = acrossFields(value);
  if (parsed.ok && across.length === 0) return parsed;
  return { ok: false, reasons: [...(parsed.ok ? [] : parsed.reasons), ...across] };
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
  if (withdrawVersion === undefined && isAutomation(nameOf(requestedBy))) {
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

function nameOf(requestedBy: unknown): string {
  const parsed = z.union([z.string(), z.looseObject({ name: z.string() })]).safeParse(requestedBy);
  if (!parsed.success) return '';
  return typeof parsed.data === 'string' ? parsed.data : parsed.data.name;
}
