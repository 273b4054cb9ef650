import { settingsSeverity } from '../change/change-severity.ts';
import type { Draft } from '../ledger/entry.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { parseInput } from '../platform/boundary.ts';
import { isReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { digestOf } from '../platform/json.ts';
import { type KnownApprover, personActor } from '../platform/people.ts';
import {
  type AdoptionPorts,
  adoptionBroke,
  adoptionData,
  artifactFaults,
  askedAdoption,
  copyArtifact,
} from './adoption.ts';
import { type ChangeInput, changeInput } from './change-input.ts';
import { type ChangeFacts, changeFaults, proposalOf, settingsOf } from './change-registration.ts';
import type { ChangeItem, InFlightItem, ModelItem, Proposal } from './items.ts';
import { modelIn, type Registration, type RegistrationAnswer, refuse, settledBefore } from './registration.ts';
import type { RegistryStore } from './registry-store.ts';
import type { RegistryWrites } from './registry-writes.ts';
import { exposingRun, restorationOf } from './restoration.ts';
import { settingsDiff } from './settings-diff.ts';

export interface RegisterChangePorts extends AdoptionPorts {
  readonly registry: Pick<RegistryStore, 'model' | 'run' | 'inFlight' | 'refusal' | 'versions' | 'killSwitch'>;
  readonly writes: Pick<RegistryWrites, 'newRun' | 'newRefusal'>;
  readonly ledger: Pick<Ledger, 'append' | 'entries'>;
  /** Who approves new models, by the stack's setting. */
  readonly firstApprovers: readonly KnownApprover[];
}

/**
 * Registers an onboarding or a change, or refuses it with every reason at once. A refusal of a change to a known model
 * is recorded; one without a known model leaves only the caller's log. Repeating the call answers the same.
 */
export async function registerChange(
  ports: RegisterChangePorts,
  registration: Registration,
  at: string,
): Promise<RegistrationAnswer> {
  const { promotionId } = registration;
  const parsed = parseInput(changeInput, registration.input, 'Correct the input and start a new attempt.');
  const model = parsed.ok ? parsed.value.model : modelIn(registration.input);
  const settled = model === null ? null : await settledBefore(ports, model, registration);
  if (settled !== null) return settled;
  const item = model === null ? null : await ports.registry.model(model);
  if (!parsed.ok)
    return refuse(ports, 'change-ended', registration, { model, known: item !== null, reasons: parsed.reasons, at });
  const adoption = askedAdoption(parsed.value);
  const facts = await readFacts(ports, parsed.value, item);
  const reasons = [
    ...changeFaults(promotionId, parsed.value, facts),
    ...(adoption === null ? [] : await artifactFaults(ports, adoption)),
  ];
  const proposal = proposalOf(parsed.value, item);
  if (reasons.length > 0 || proposal === null) {
    return refuse(ports, 'change-ended', registration, { model, known: item !== null, reasons, at });
  }
  return register(ports, registration, { input: parsed.value, proposal, item, facts, at });
}

async function readFacts(ports: RegisterChangePorts, input: ChangeInput, item: ModelItem | null): Promise<ChangeFacts> {
  const restores = input.kind === 'restore';
  const [versions, onboarding, standing, exposing] = await Promise.all([
    ports.registry.versions(input.model),
    item === null ? null : ports.registry.run(item.model, item.changedBy),
    restores ? ports.registry.killSwitch(input.model) : null,
    restores ? exposingRun(ports.registry, input.model) : null,
  ]);
  return {
    model: item,
    hasPointer: item === null ? false : await hasPointer(ports, input.model),
    adoptionBroke: adoptionBroke(onboarding, versions),
    versions,
    inFlight: await blockingRun(ports, input),
    standing,
    exposing,
  };
}

/**
 * Another change; an onboarding is kept out by a promotion as well. A restoration alters no setting, so that only another one
 * stands in its way.
 */
async function blockingRun(ports: RegisterChangePorts, { model, kind }: ChangeInput): Promise<InFlightItem | null> {
  if (kind === 'restore') return ports.registry.inFlight(model, 'restore');
  const change = await ports.registry.inFlight(model, 'change');
  return change ?? (kind === 'onboard' ? ports.registry.inFlight(model, 'promotion') : null);
}

async function hasPointer(ports: RegisterChangePorts, model: string): Promise<boolean> {
  for await (const entry of ports.ledger.entries(model)) {
    if (entry.body.type === 'pointer-moved') return true;
  }
  return false;
}

interface AcceptedChange {
  readonly input: ChangeInput;
  readonly proposal: Proposal;
  readonly item: ModelItem | null;
  readonly facts: ChangeFacts;
  readonly at: string;
}

async function register(
  ports: RegisterChangePorts,
  registration: Registration,
  accepted: AcceptedChange,
): Promise<RegistrationAnswer> {
  const { input, item, at } = accepted;
  const adoption = askedAdoption(input);
  const copied = adoption === null ? null : await copyArtifact(ports, adoption, { ...registration, at });
  if (copied !== null && copied.reasons.length > 0) {
    const { reasons } = copied;
    return refuse(ports, 'change-ended', registration, { model: input.model, known: item !== null, reasons, at });
  }
  const run: ChangeItem = {
    ...newChange(registration, accepted, ports.firstApprovers),
    ...(adoption === null || copied === null ? {} : { adopt: { version: adoption.version, artifact: copied.object } }),
  };
  try {
    await ports.ledger.append(requestOf(run), ports.writes.newRun(run));
  } catch (error) {
    // Somebody registered between our look and our write: look again, which now names the one who was first.
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    return registerChange(ports, registration, at);
  }
  return { promotionId: run.promotionId, model: run.model, outcome: 'registered', reasons: [] };
}

function requestOf(run: ChangeItem): Draft {
  return {
    model: run.model,
    type: 'change-requested',
    at: run.startedAt,
    actor: personActor(run.requestedBy),
    data: {
      promotionId: run.promotionId,
      kind: run.kind,
      change: run.change,
      ...(run.severity === undefined ? {} : { severity: run.severity }),
      proposal: run.proposal,
      policyDigest: run.policyDigest,
      baseRevision: run.baseRevision,
      requestedBy: run.requestedBy,
      ...(run.firstApprovers === undefined ? {} : { firstApprovers: run.firstApprovers }),
      ...adoptionData(run),
      ...(run.restore === undefined ? {} : { restore: { ...run.restore } }),
    },
  };
}

function newChange(
  registration: Registration,
  accepted: AcceptedChange,
  firstApprovers: readonly KnownApprover[],
): ChangeItem {
  const { input, proposal, item, facts, at } = accepted;
  const policyDigest = digestOf(proposal.policy);
  const altered = settingsDiff(input.kind === 'onboard' || item === null ? null : settingsOf(item), proposal);
  const paths = input.kind === 'onboard' ? [] : altered.map(({ path }) => path);
  return {
    kind: input.kind,
    promotionId: registration.promotionId,
    model: input.model,
    attempt: parsePromotionId(registration.promotionId)?.attempt ?? 1,
    requestedBy: input.requestedBy,
    change: input.change,
    severity: settingsSeverity(input.change, { paths, adopts: askedAdoption(input) !== null }),
    policyVersion: nextPolicyVersion(item, policyDigest),
    policyDigest,
    executionArn: registration.executionArn,
    startedAt: at,
    proposal,
    baseRevision: item?.revision ?? 0,
    ...(input.kind === 'onboard' || item === null
      ? { firstApprovers: [...firstApprovers] }
      : { before: settingsOf(item) }),
    ...(input.kind === 'restore' ? restorationOf(facts) : {}),
  };
}

/** Policies are numbered from 1; the same policy keeps its number. */
function nextPolicyVersion(item: ModelItem | null, policyDigest: string): number {
  if (item === null) return 1;
  return item.policyDigest === policyDigest ? item.policyVersion : item.policyVersion + 1;
}
