import * as z from 'zod';
import type { Reason } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { requester } from '../platform/people.ts';
import type { ModelItem, Run } from '../registry/items.ts';
import { peopleFor, standInsFor } from './eligible-approvers.ts';
import type { GateItem, RequestItem } from './items.ts';
import { isSamePerson } from './separation-of-duties.ts';
import { startersOf } from './starter.ts';

/** So often one request may be sent anew: whoever needs more has another problem than a lost email. */
export const MAX_RESENDS = 10;

const personId = z.string().trim().min(1).max(64);

/**
 * What the owner of a model asks for: the request of `approver` is sent anew, or, with `standIn`, given to that stand-in of
 * the model. Both are ids of people whom the model's settings name.
 */
export const askAgainInput = z.strictObject({
  promotionId: z
    .string()
    .refine((id) => parsePromotionId(id) !== null, 'Expected <model>_<version with hyphens for dots>_<attempt>.'),
  approver: personId,
  standIn: personId.exactOptional(),
  reason: z.string('Say why.').trim().min(10, 'Say why in at least 10 characters.').max(4000),
  requestedBy: requester,
});
export type AskAgainInput = z.infer<typeof askAgainInput>;

interface Known {
  readonly run: Run;
  readonly model: ModelItem | null;
  readonly gate: GateItem | undefined;
  readonly request: RequestItem | null;
}

/** Everything that stands against it, at once. */
export function askAgainFaults(known: Known, input: AskAgainInput, now: Date): readonly Reason[] {
  const { run, model, gate } = known;
  if (gate === undefined || gate.status !== 'open' || now.toISOString() >= gate.expiresAt) return [notOpen(gate)];
  const people = peopleFor(run, model, gate.stage);
  const owner = isSamePerson(input.requestedBy, people.owner) ? [] : [notOwner(people.owner.name)];
  return [
    ...owner,
    ...(input.standIn === undefined
      ? resendFaults(known, gate, input)
      : standInFaults(known, gate, input, input.standIn)),
  ];
}

function resendFaults({ request }: Known, gate: GateItem, { approver }: AskAgainInput): readonly Reason[] {
  const asked = askedFault(gate, approver);
  if (asked !== null) return [asked];
  if (request === null) {
    const message = 'The first email was not tried yet; the flow sends it by itself.';
    return [{ code: 'NOT_ASKED_YET', path: 'approver', message, got: approver }];
  }
  if ((request.resends ?? 0) < MAX_RESENDS) return [];
  return [
    {
      ...{ code: 'RESENT_TOO_OFTEN', path: 'approver', message: 'Their request was sent anew too often.' },
      ...{ got: String(request.resends), allowed: `${MAX_RESENDS} times` },
      next: 'Find out why the emails do not arrive, or change the approvers of the model.',
    },
  ];
}

function standInFaults(
  { run, model }: Known,
  gate: GateItem,
  input: AskAgainInput,
  standIn: string,
): readonly Reason[] {
  const done = gate.approvers.some(({ id, inPlaceOf }) => id === standIn && inPlaceOf === input.approver);
  if (done) return [];
  const people = peopleFor(run, model, gate.stage);
  const requesters = [run.requestedBy, ...startersOf(run, people)];
  const known = [...people.approvers];
  const asked = askedFault(gate, input.approver);
  const able = standInsFor(people, run, gate.stage);
  return [
    ...(asked === null ? [] : [asked]),
    ...(requesters.some((one) => isSamePerson(one, people.owner, known)) ? [OWNER_ASKS] : []),
    ...(able.some(({ id }) => id === standIn)
      ? []
      : [
          noStandIn(
            standIn,
            able.map(({ id }) => id),
          ),
        ]),
    ...(gate.approvers.some(({ id }) => id === standIn) ? [alreadyAsked(standIn)] : []),
  ];
}

function askedFault(gate: GateItem, approver: string): Reason | null {
  const decided = gate.decisions.some((one) => one.approver.id === approver);
  const path = 'approver';
  if (decided) return { code: 'ALREADY_DECIDED', path, message: 'They have decided already.', got: approver };
  const ids = gate.approvers.map(({ id }) => id);
  if (ids.includes(approver)) return null;
  return {
    code: 'NOT_ASKED',
    path,
    message: 'They are not asked at this gate.',
    got: approver,
    allowed: ids.join(', '),
  };
}

function notOpen(gate: GateItem | undefined): Reason {
  return {
    ...{ code: 'GATE_NOT_OPEN', path: 'promotionId', message: 'Nobody is asked about it now.' },
    ...{ got: gate === undefined ? 'no gate' : gate.status, allowed: 'an open gate before its expiry' },
  };
}

function notOwner(owner: string): Reason {
  return {
    ...{ code: 'NOT_THE_OWNER', path: 'requestedBy', message: 'Only the owner of the model has requests sent again.' },
    allowed: owner,
  };
}

const OWNER_ASKS: Reason = {
  code: 'OWNER_ASKS',
  path: 'requestedBy',
  message: 'The owner asks for this promotion or change, and whoever asks does not choose who decides.',
  next: 'Have an approver of the model decide, or change its approvers.',
};

function noStandIn(got: string, able: readonly string[]): Reason {
  return {
    ...{ code: 'NO_STAND_IN', path: 'standIn', message: 'They are no stand-in of the model who may decide on this.' },
    ...{ got, allowed: able.length === 0 ? 'nobody: the model names no stand-in for this stage' : able.join(', ') },
    next: 'Name stand-ins among the approvers of the model (standIn: true) by a change, before they are needed.',
  };
}

function alreadyAsked(got: string): Reason {
  return {
    code: 'ALREADY_ASKED',
    path: 'standIn',
    message: 'They are asked already, and each person counts once.',
    got,
  };
}
