import type { Draft } from '../ledger/entry.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { parseInput } from '../platform/boundary.ts';
import { isReleaseError, type Reason } from '../platform/errors.ts';
import { modelName, parsePromotionId } from '../platform/ids.ts';
import { digestOf } from '../platform/json.ts';
import { type Approver, personActor, requester, systemActor } from '../platform/people.ts';
import { type ChangeInput, changeInput } from './change-input.ts';
import { changeFaults, proposalOf } from './change-registration.ts';
import type { ChangeItem, ModelItem, Proposal } from './items.ts';
import type { RegistryStore, RegistryWrites } from './registry-store.ts';

export interface RegisterChangePorts {
  readonly registry: Pick<RegistryStore, 'model' | 'run' | 'inFlight' | 'refusal'>;
  readonly writes: Pick<RegistryWrites, 'newRun' | 'newRefusal'>;
  readonly ledger: Pick<Ledger, 'append' | 'entries'>;
  /** Who approves new models, by the stack's setting. */
  readonly firstApprovers: readonly Approver[];
}

export interface ChangeRegistration {
  readonly promotionId: string;
  readonly executionArn: string;
  readonly input: unknown;
}

export interface ChangeRegistrationAnswer {
  readonly promotionId: string;
  readonly model: string | null;
  readonly outcome: 'registered' | 'rejected';
  readonly reasons: readonly Reason[];
}

/**
 * Registers an onboarding or a change, or refuses it with every reason at once. A refusal of a change to a known model
 * is recorded; one without a known model leaves only the caller's log. Repeating the call answers the same.
 */
export async function registerChange(
  ports: RegisterChangePorts,
  registration: ChangeRegistration,
  at: string,
): Promise<ChangeRegistrationAnswer> {
  const { promotionId } = registration;
  const parsed = parseInput(changeInput, registration.input, 'Correct the input and start a new attempt.');
  const model = parsed.ok ? parsed.value.model : modelIn(registration.input);
  const settled = model === null ? null : await settledBefore(ports, model, registration);
  if (settled !== null) return settled;
  const item = model === null ? null : await ports.registry.model(model);
  if (!parsed.ok) return refuse(ports, registration, { model, known: item !== null, reasons: parsed.reasons, at });
  const facts = {
    model: item,
    hasPointer: item === null ? false : await hasPointer(ports, parsed.value.model),
    inFlight: await ports.registry.inFlight(parsed.value.model),
  };
  const reasons = changeFaults(promotionId, parsed.value, facts);
  const proposal = proposalOf(parsed.value, item);
  if (reasons.length > 0 || proposal === null) {
    return refuse(ports, registration, { model, known: item !== null, reasons, at });
  }
  return register(ports, registration, { input: parsed.value, proposal, item, at });
}

function modelIn(input: unknown): string | null {
  const given =
    typeof input === 'object' && input !== null && 'model' in input ? modelName.safeParse(input.model) : null;
  return given?.success ? given.data : null;
}

async function settledBefore(
  ports: RegisterChangePorts,
  model: string,
  registration: ChangeRegistration,
): Promise<ChangeRegistrationAnswer | null> {
  const { promotionId, executionArn } = registration;
  const [run, refusal] = await Promise.all([
    ports.registry.run(model, promotionId),
    ports.registry.refusal(model, promotionId),
  ]);
  if (run?.executionArn === executionArn) return { promotionId, model, outcome: 'registered', reasons: [] };
  if (refusal?.executionArn === executionArn) {
    return { promotionId, model, outcome: 'rejected', reasons: refusal.reasons };
  }
  if (run === null && refusal === null) return null;
  const reason: Reason = {
    code: 'PROMOTION_ID_SEEN',
    path: 'promotionId',
    message: 'This id was used before; an id names one attempt for ever.',
    got: promotionId,
    next: "Start the execution under the next attempt's number.",
  };
  return { promotionId, model, outcome: 'rejected', reasons: [reason] };
}

async function hasPointer(ports: RegisterChangePorts, model: string): Promise<boolean> {
  for await (const entry of ports.ledger.entries(model)) {
    if (entry.body.type === 'pointer-moved') return true;
  }
  return false;
}

async function refuse(
  ports: RegisterChangePorts,
  registration: ChangeRegistration,
  refusal: {
    readonly model: string | null;
    readonly known: boolean;
    readonly reasons: readonly Reason[];
    readonly at: string;
  },
): Promise<ChangeRegistrationAnswer> {
  const { promotionId, executionArn, input } = registration;
  const { model, reasons, at } = refusal;
  if (model !== null && refusal.known) {
    const given = typeof input === 'object' && input !== null && 'requestedBy' in input ? input.requestedBy : undefined;
    const person = requester.safeParse(given);
    const draft: Draft = {
      model,
      type: 'change-ended',
      at,
      actor: person.success ? personActor(person.data) : systemActor('registration'),
      data: { promotionId, end: 'rejected', reasons: reasons.map((reason) => ({ ...reason })) },
    };
    await ports.ledger.append(draft, [
      ports.writes.newRefusal({ model, promotionId, executionArn, reasons: [...reasons], at }),
    ]);
  }
  return { promotionId, model, outcome: 'rejected', reasons };
}

async function register(
  ports: RegisterChangePorts,
  registration: ChangeRegistration,
  accepted: {
    readonly input: ChangeInput;
    readonly proposal: Proposal;
    readonly item: ModelItem | null;
    readonly at: string;
  },
): Promise<ChangeRegistrationAnswer> {
  const { input, at } = accepted;
  const run = newChange(registration, accepted, ports.firstApprovers);
  const draft: Draft = {
    model: input.model,
    type: 'change-requested',
    at,
    actor: personActor(input.requestedBy),
    data: {
      promotionId: run.promotionId,
      kind: run.kind,
      change: run.change,
      proposal: run.proposal,
      policyDigest: run.policyDigest,
      baseRevision: run.baseRevision,
      requestedBy: run.requestedBy,
      ...(run.firstApprovers === undefined ? {} : { firstApprovers: run.firstApprovers }),
    },
  };
  try {
    await ports.ledger.append(draft, ports.writes.newRun(run));
  } catch (error) {
    // Somebody registered between our look and our write: look again, which now names the one who was first.
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    return registerChange(ports, registration, at);
  }
  return { promotionId: run.promotionId, model: run.model, outcome: 'registered', reasons: [] };
}

function newChange(
  registration: ChangeRegistration,
  accepted: {
    readonly input: ChangeInput;
    readonly proposal: Proposal;
    readonly item: ModelItem | null;
    readonly at: string;
  },
  firstApprovers: readonly Approver[],
): ChangeItem {
  const { input, proposal, item, at } = accepted;
  const policyDigest = digestOf(proposal.policy);
  return {
    kind: input.kind,
    promotionId: registration.promotionId,
    model: input.model,
    attempt: parsePromotionId(registration.promotionId)?.attempt ?? 1,
    requestedBy: input.requestedBy,
    change: input.change,
    policyVersion: nextPolicyVersion(item, policyDigest),
    policyDigest,
    executionArn: registration.executionArn,
    startedAt: at,
    proposal,
    baseRevision: item?.revision ?? 0,
    ...(input.kind === 'onboard' ? { firstApprovers: [...firstApprovers] } : {}),
  };
}

/** Policies are numbered from 1; the same policy keeps its number. */
function nextPolicyVersion(item: ModelItem | null, policyDigest: string): number {
  if (item === null) return 1;
  return item.policyDigest === policyDigest ? item.policyVersion : item.policyVersion + 1;
}
