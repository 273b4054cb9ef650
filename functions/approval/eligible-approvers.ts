import { type Reason, ReleaseError } from '../platform/errors.ts';
import { digestOf } from '../platform/json.ts';
import { type Approver, normalEmail, type Owner } from '../platform/people.ts';
import type { ModelApprover, ModelItem, Run } from '../registry/items.ts';
import type { GateStage } from './items.ts';
import { groupByPerson, isSamePerson } from './separation-of-duties.ts';
import { startersOf } from './starter.ts';

/** Who may be asked about a run, as the registry has it now. */
export interface People {
  readonly owner: Owner;
  readonly approvers: readonly ModelApprover[];
  /** Distinct people who must approve. */
  readonly quorum: number;
  /** ISO 8601 duration that they have. */
  readonly expiry: string;
}

/**
 * A promotion is let in by the model's current approvers; a change by those before the change, by the quorum that
 * production needs; a new model by the first approvers that were settled when it was registered.
 * @throws ReleaseError NOT_FOUND when the model or the first approvers do not exist
 */
export function peopleFor(run: Run, model: ModelItem | null, stage: GateStage): People {
  if (run.kind === 'onboard') {
    if (!run.firstApprovers) throw new ReleaseError('NOT_FOUND', `${run.promotionId} names no first approvers.`);
    const { owner, policy } = run.proposal;
    return { owner, approvers: run.firstApprovers, quorum: 1, expiry: policy.approvals.expiry };
  }
  if (model === null) throw new ReleaseError('NOT_FOUND', `The model ${run.model} does not exist.`);
  const { quorum, expiry } = model.policy.approvals;
  const needed = stage === 'change' ? quorum.production : quorum[stage];
  return { owner: model.owner, approvers: model.approvers, quorum: needed, expiry };
}

/**
 * The people who may decide: approvers of the stage, without the requester in any guise, each person once. Whoever started
 * the execution is a requester, whatever name its input gives, and so is an owner who asks. An approver limited to stages
 * may decide on changes when production is among them.
 */
export function eligibleApprovers(people: People, run: Asker, stage: GateStage): readonly Approver[] {
  return ableAt(people, run, stage, (one) => one.standIn !== true);
}

/**
 * The people to whom the owner may give the request of another: stand-ins of the stage, judged as those are who are asked.
 * They are named in the model's settings and thereby accepted by the approvers before, since an owner who could choose
 * anybody at the moment of the decision could fill the quorum; and nobody who is asked anyway is one.
 */
export function standInsFor(people: People, run: Asker, stage: GateStage): readonly Approver[] {
  const asked = eligibleApprovers(people, run, stage);
  return ableAt(people, run, stage, (one) => one.standIn === true).filter(
    (one) => !asked.some((other) => isSamePerson(one, other, people.approvers)),
  );
}

type Asker = Pick<Run, 'requestedBy' | 'startedBy'>;

function ableAt(
  people: People,
  run: Asker,
  stage: GateStage,
  isMeant: (approver: ModelApprover) => boolean,
): readonly Approver[] {
  const needed = stage === 'change' ? 'production' : stage;
  const records = [
    { role: 'requester' as const, email: run.requestedBy.email },
    ...startersOf(run, people).map((starter) => ({ role: 'requester' as const, ...starter })),
    ...people.approvers.map((approver) => ({ role: 'approver' as const, approver, ...approver })),
  ];
  return groupByPerson(records)
    .filter((person) => !person.some((record) => record.role === 'requester'))
    .flatMap((person) => {
      const able = person
        .flatMap((record) => (record.role === 'approver' ? [record.approver] : []))
        .find((one) => isMeant(one) && (one.stages === undefined || one.stages.includes(needed)));
      return able === undefined ? [] : [{ id: able.id, name: able.name, email: able.email }];
    });
}

/** Digest of who decides. Any change of owner, approvers or quorum changes it, and that voids what was asked. */
export function peopleDigest({ owner, approvers, quorum }: People): string {
  const sorted = [...approvers].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return digestOf({
    owner: { ...owner, email: normalEmail(owner.email), ...principalsOf(owner) },
    approvers: sorted.map(({ id, name, email, stages, standIn, ...rest }) => ({
      id,
      name,
      email: normalEmail(email),
      stages: stages === undefined ? null : [...stages].sort(),
      ...(standIn === undefined ? {} : { standIn }),
      ...principalsOf(rest),
    })),
    quorum,
  });
}

/** Left out where none are named, so that digests of before they could be named still hold. */
function principalsOf({ principals }: { readonly principals?: readonly string[] }) {
  return principals === undefined ? {} : { principals: [...principals].sort() };
}

/** Why a gate cannot be passed by the people there are; null when it can. */
export function quorumReason(eligible: readonly Approver[], quorum: number): Reason | null {
  if (eligible.length >= quorum) return null;
  return {
    code: 'QUORUM_UNREACHABLE',
    path: 'approvers',
    message: 'Fewer people may decide than must approve. Whoever asks cannot approve, and each person counts once.',
    got: eligible.length === 0 ? 'nobody' : eligible.map((approver) => approver.id).join(', '),
    allowed: `at least ${quorum} distinct ${quorum === 1 ? 'person' : 'people'} other than the requester`,
    next: 'Name more approvers for the model, or let somebody else ask, and start a new attempt.',
  };
}
