import { eligibleApprovers, peopleFor, standInsFor } from '../../approval/eligible-approvers.ts';
import type { GateItem } from '../../approval/items.ts';
import { isSamePerson } from '../../approval/separation-of-duties.ts';
import type { Approver } from '../../platform/people.ts';
import type { ModelItem, Run } from '../../registry/items.ts';
import { isSameSubject, type SignedIn } from '../../sign-in/session.ts';
import { type HoldReason, holdName } from './notice-checks.ts';
import type { HeldStage } from './notice-item.ts';

type Gates = readonly Pick<GateItem, 'stage' | 'round' | 'decisions' | 'approvers'>[];

/**
 * Who may make an exception for a stage, or for a change, as things are: whoever may let runs into it, stand-ins as well,
 * but neither those who let this one in, nor who asked for it.
 */
export function secondApprovers(
  run: Run,
  model: ModelItem,
  of: { readonly stage: HeldStage; readonly gates: Gates },
): readonly Approver[] {
  const people = peopleFor(run, model, of.stage);
  const able = [...eligibleApprovers(people, run, of.stage), ...standInsFor(people, run, of.stage)];
  return able.filter((person) => !hasLetIn(person, model, of));
}

function hasLetIn(
  person: Approver,
  { approvers }: Pick<ModelItem, 'approvers'>,
  { stage, gates }: { readonly stage: HeldStage; readonly gates: Gates },
): boolean {
  return gates
    .filter((gate) => gate.stage === stage)
    .some((gate) =>
      gate.decisions.some(
        ({ approver, decision }) =>
          decision === 'approve' && isSamePerson(approver, person, [...approvers, ...gate.approvers]),
      ),
    );
}

/** Whether whoever an issuer vouched for let a run into the stage, under whatever address. */
export function hasLetInAs(
  signedIn: SignedIn | undefined,
  { stage, gates }: { readonly stage: HeldStage; readonly gates: Gates },
): boolean {
  return gates
    .filter((gate) => gate.stage === stage)
    .flatMap(({ decisions }) => decisions)
    .some((decided) => decided.decision === 'approve' && isSameSubject(decided.signedIn, signedIn));
}

/**
 * What still holds a stage: an exception lifts what it names, as long as its approver is a second one. Whoever made one before
 * the stage was asked about, and then let it in, is not; nor is who turns out to have started it.
 */
export function notExcepted(
  reasons: readonly HoldReason[],
  run: Run,
  of: { readonly model: ModelItem; readonly stage: HeldStage; readonly gates: Gates },
): readonly HoldReason[] {
  const made = (run.holdExceptions ?? []).filter(({ stage }) => stage === of.stage);
  if (made.length === 0) return reasons;
  const able = secondApprovers(run, of.model, of);
  const lifted = made
    .filter(({ signedIn }) => !hasLetInAs(signedIn, of))
    .filter(({ approver }) => able.some((one) => isSamePerson(one, approver, of.model.approvers)))
    .flatMap(({ holds }) => holds);
  return reasons.filter((reason) => !lifted.includes(holdName(reason)));
}
