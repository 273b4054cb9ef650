import { groupByPerson, isSamePerson } from '../approval/separation-of-duties.ts';
import type { Reason } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { digestOf } from '../platform/json.ts';
import { normalName } from '../platform/people.ts';
import type { Stage } from '../promotion/life-cycle.ts';
import { askedAdoption, versionConflicts } from './adoption.ts';
import type { ChangeInput } from './change-input.ts';
import { settingsTypeFaults } from './change-type-faults.ts';
import type { InFlightItem, ModelApprover, ModelItem, Proposal, VersionItem } from './items.ts';
import type { Policy } from './policy.ts';
import { idReason, inFlightFaults } from './registration.ts';
import { restorationFaults, type Standing } from './restoration.ts';
import { settingsDiff } from './settings-diff.ts';

/** What the registry and the ledger know that bears on an onboarding or change. */
export interface ChangeFacts {
  readonly model: ModelItem | null;
  /** Whether a pointer document of the model ever went out; a model without one is not onboarded yet. */
  readonly hasPointer: boolean;
  /** The model's onboarding was to adopt a version and broke off before that served; it may be tried again. */
  readonly adoptionBroke: boolean;
  readonly versions: readonly VersionItem[];
  readonly inFlight: InFlightItem | null;
  /** The kill switch that a restoration is to leave; null where none stands. */
  readonly standing: Standing | null;
  /** The promotion whose candidate the pointer exposes, or is about to; null: none. */
  readonly exposing: string | null;
}

/** Every reason for which a well-formed onboarding or change may not be registered now. */
export function changeFaults(changeId: string, input: ChangeInput, facts: ChangeFacts): readonly Reason[] {
  const proposed = proposalOf(input, facts.model);
  const adoption = askedAdoption(input);
  return [
    ...idFaults(changeId, input),
    ...existenceFaults(input, facts),
    ...(adoption === null ? [] : versionConflicts(adoption, facts.versions)),
    ...inFlightFaults(facts.inFlight),
    ...(proposed === null ? [] : [...quorumFaults(proposed), ...duplicateFaults(proposed.approvers)]),
    // A kill switch must not stay for what a model was given long before.
    ...(proposed === null || input.kind === 'restore' ? [] : principalFaults(proposed)),
    ...(input.kind === 'change' ? [...emptyFaults(input, facts.model), ...typeFaults(input, facts.model)] : []),
    ...(input.kind === 'restore' && facts.model !== null ? restorationFaults(facts) : []),
  ];
}

/** The settings of a model that a change can alter. */
export function settingsOf({ owner, approvers, downstream, policy }: ModelItem): Proposal {
  return { owner, approvers, downstream, policy };
}

/** The model's settings as they would be after the change; null when the model to be changed does not exist. */
export function proposalOf(input: ChangeInput, model: ModelItem | null): Proposal | null {
  if (input.kind === 'onboard') {
    const { owner, approvers, downstream, policy } = input;
    return { owner, approvers, downstream, policy };
  }
  if (model === null) return null;
  if (input.kind === 'restore') return settingsOf(model);
  return {
    owner: input.owner ?? model.owner,
    approvers: input.approvers ?? model.approvers,
    downstream: input.downstream ?? model.downstream,
    policy: input.policy ?? model.policy,
  };
}

function idFaults(changeId: string, input: ChangeInput): readonly Reason[] {
  const parsed = parsePromotionId(changeId);
  if (parsed?.model === input.model && parsed.subject === input.kind) return [];
  return [idReason(changeId, input.model, input.kind)];
}

function existenceFaults(input: ChangeInput, facts: ChangeFacts): readonly Reason[] {
  const again = facts.adoptionBroke && askedAdoption(input) !== null;
  if (input.kind === 'onboard' && facts.model !== null && facts.hasPointer && !again) {
    return [
      {
        code: 'MODEL_EXISTS',
        path: 'model',
        message: 'The model has been onboarded already.',
        got: input.model,
        next: 'Use kind change to change its owner, approvers, teams or policy.',
      },
    ];
  }
  if (input.kind !== 'onboard' && facts.model === null) {
    return [
      {
        code: 'UNKNOWN_MODEL',
        path: 'model',
        message: 'No model of this name has been onboarded.',
        got: input.model,
        next: 'Use kind onboard.',
      },
    ];
  }
  return [];
}

/** A quorum that the named approvers cannot reach would lock the model for ever. */
function quorumFaults(proposed: Proposal): readonly Reason[] {
  const stages = ['shadow', 'canary', 'production'] as const satisfies readonly (Stage &
    keyof Policy['approvals']['quorum'])[];
  return stages.flatMap((stage): readonly Reason[] => {
    const able = groupByPerson(
      proposed.approvers.filter((one) => one.standIn !== true && (one.stages?.includes(stage) ?? true)),
    ).length;
    const quorum = proposed.policy.approvals.quorum[stage];
    if (able >= quorum) return [];
    return [
      {
        code: 'QUORUM_UNREACHABLE',
        path: `policy.approvals.quorum.${stage}`,
        message: `Fewer people may approve the stage ${stage} than its quorum asks for.`,
        got: `quorum ${quorum}, ${able} approver(s)`,
        next: 'Name more approvers for the stage or lower its quorum.',
      },
    ];
  });
}

/** People are told apart as at the gate, else an approver who counts there as another one could lock the model. */
function duplicateFaults(approvers: readonly ModelApprover[]): readonly Reason[] {
  return groupByPerson(approvers).flatMap(([, ...again]) =>
    again.map((one) => ({
      code: 'APPROVER_TWICE',
      path: `approvers.${approvers.indexOf(one)}`,
      message: 'Each approver is one person, named once.',
      got: `${one.id} <${one.email}>`,
      next: 'Remove the second mention.',
    })),
  );
}

/** A principal is one person: of two who name it, only one could be told from whoever starts an execution. */
function principalFaults({ owner, approvers }: Pick<Proposal, 'owner' | 'approvers'>): readonly Reason[] {
  const people = [
    { path: 'owner', ...owner },
    ...approvers.map((approver, index) => ({ path: `approvers.${index}`, ...approver })),
  ];
  const ownerOf = new Map<string, (typeof people)[number]>();
  return people.flatMap((person) =>
    (person.principals ?? []).flatMap((principal): readonly Reason[] => {
      const first = ownerOf.get(normalName(principal));
      ownerOf.set(normalName(principal), first ?? person);
      if (first === undefined || isSamePerson(first, person, people)) return [];
      const message = `${first.name} is named by this principal already.`;
      const next = 'Name each principal for the one person who uses it.';
      return [{ code: 'PRINCIPAL_TWICE', path: `${person.path}.principals`, message, got: principal, next }];
    }),
  );
}

function typeFaults(input: ChangeInput, model: ModelItem | null): readonly Reason[] {
  const proposed = proposalOf(input, model);
  if (model === null || proposed === null) return [];
  return settingsTypeFaults(input.change.type, settingsDiff(settingsOf(model), proposed));
}

function emptyFaults(input: Extract<ChangeInput, { kind: 'change' }>, model: ModelItem | null): readonly Reason[] {
  const named = input.owner ?? input.approvers ?? input.downstream ?? input.policy;
  const proposed = proposalOf(input, model);
  const alters = model === null || proposed === null || digestOf(proposed) !== digestOf(settingsOf(model));
  if (named !== undefined && alters) return [];
  return [
    {
      code: 'CHANGE_EMPTY',
      path: '$',
      message: named === undefined ? 'The input changes nothing.' : 'The model has these settings already.',
      allowed: 'another value for at least one of owner, approvers, downstream, policy',
      next: 'Name what is to change.',
    },
  ];
}
