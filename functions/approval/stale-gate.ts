import type { Reason } from '../platform/errors.ts';
import type { ModelItem, Run } from '../registry/items.ts';
import { peopleDigest, peopleFor } from './eligible-approvers.ts';
import type { GateItem } from './items.ts';
import { sealOf } from './seal.ts';
import { isSamePerson } from './separation-of-duties.ts';
import { startersOf } from './starter.ts';

const SEAL_BROKEN: Reason = {
  code: 'SEAL_BROKEN',
  path: 'seal',
  message:
    'Candidate, evidence, policy, change record or what is exposed are not those that the approvers were asked about.',
  next: 'The approvers are asked again about what it is now.',
};

const PEOPLE_CHANGED: Reason = {
  code: 'PEOPLE_CHANGED',
  path: 'approvers',
  message: 'Owner, approvers or quorum of the model changed since the approvers were asked.',
  next: 'The approvers of now are asked again.',
};

const STARTER_ASKED: Reason = {
  code: 'STARTER_ASKED',
  path: 'approvers',
  message: 'One of those who were asked had started the execution, as was found since: whoever asks does not approve.',
  next: 'The others are asked again.',
};

/** Why what was asked at a gate, or who was asked, is no longer what it would be now; null while it is. */
export function staleReason(gate: GateItem, run: Run, model: ModelItem | null): Reason | null {
  if (gate.seal !== sealOf(run, gate.stage)) return SEAL_BROKEN;
  const people = peopleFor(run, model, gate.stage);
  if (gate.peopleDigest !== peopleDigest(people)) return PEOPLE_CHANGED;
  const starters = startersOf(run, people);
  const asked = gate.approvers.some((approver) =>
    starters.some((starter) => isSamePerson(approver, starter, people.approvers)),
  );
  return asked ? STARTER_ASKED : null;
}
