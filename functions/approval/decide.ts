import type { Ledger } from '../ledger/ledger.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { type Approver, personActor, systemActor } from '../platform/people.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import { isSameSubject, type Session, type SignedIn } from '../sign-in/session.ts';
import { recordedSignIn, type Standing, standingOf } from '../sign-in/standing.ts';
import type { ApprovalStore } from './approval-store.ts';
import type { ApprovalWrites } from './approval-writes.ts';
import { closeGate, MAX_RACES } from './close-gate.ts';
import { parseForm, type TypedForm } from './decision-form.ts';
import { eligibleApprovers, peopleFor, standInsFor } from './eligible-approvers.ts';
import { type FindRequestPorts, type Found, findRequest, type Link } from './find-request.ts';
import type { Decision, GateDecision, GateItem } from './items.ts';
import { countApprovals, statusOf } from './quorum.ts';
import { exposedBy } from './seal.ts';
import { evidenceFault, type SealedEvidence } from './sealed-evidence.ts';
import { isSamePerson } from './separation-of-duties.ts';
import { staleReason } from './stale-gate.ts';
import { type WakeGatePorts, wakeGate } from './wake-gate.ts';
import { typedName } from './wording.ts';

export interface DecidePorts extends FindRequestPorts, WakeGatePorts {
  readonly approvals: Pick<ApprovalStore, 'gate' | 'gates' | 'request' | 'token'>;
  readonly approvalWrites: ApprovalWrites;
  readonly registryWrites: RegistryWrites;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly evidence: SealedEvidence;
}

/** How a posted decision went; `status` is the HTTP status. */
export type Outcome =
  | { readonly status: 200; readonly found: Found; readonly decision: Decision; readonly seq: number }
  | { readonly status: 400; readonly found: Found; readonly faults: readonly Reason[] }
  | { readonly status: 401; readonly found: Found }
  | { readonly status: 409 | 410; readonly found: Found }
  /**
   * `session`: of somebody else than the person whom the link was sent to. `decidedAs`: the issuer says that the person has
   * decided at this gate before, under another address.
   */
  | { readonly status: 403; readonly found: Found; readonly session?: Session; readonly decidedAs?: Approver }
  | { readonly status: 404 };

/**
 * Takes one person's decision, where the stack has an issuer from whoever is signed in as that person alone. Gate, request and ledger entry change in one transaction or not at all; only then, when
 * the gate is closed by it, is the execution woken. A gate whose question or people changed since it was opened is void:
 * nothing is decided, and the flow asks again. Safe to repeat: a second post finds the request used.
 * @throws ReleaseError CORRUPT_ITEM, LEDGER_CONTENTION, DEPENDENCY_UNAVAILABLE; nothing is decided then
 */
export async function decide(ports: DecidePorts, link: Link, typed: TypedForm, now: Date): Promise<Outcome> {
  for (let race = 0; race < MAX_RACES; race++) {
    const found = await findRequest(ports, link);
    if (found === null) return { status: 404 };
    const standing = standingOf(link.signIn, found.request.approver);
    const outcome =
      refusal(found, now) ??
      notThatPerson(found, standing) ??
      (await decideOpen(ports, found, { typed, standing }, now));
    if (outcome !== null) return outcome;
  }
  throw new ReleaseError('LEDGER_CONTENTION', 'Others kept deciding at the same gate; nothing was decided.');
}

/** Why nobody can decide on this request any more; null while somebody can. */
function refusal(found: Found, now: Date): Outcome | null {
  const { request, gate, run } = found;
  if (request.decidedAt !== undefined || request.delegatedTo !== undefined) return { status: 409, found };
  if (run.end !== undefined) return { status: 409, found };
  if (gate.status === 'expired') return { status: 410, found };
  if (gate.status !== 'open') return { status: 409, found };
  return now.toISOString() < gate.expiresAt ? null : { status: 410, found };
}

/** Nothing is done for anybody but the person whom the link was sent to; null for them. */
function notThatPerson(found: Found, standing: Standing): Outcome | null {
  if (standing.kind === 'missing') return { status: 401, found };
  return standing.kind === 'other' ? { status: 403, found, session: standing.session } : null;
}

interface PostedForm {
  readonly typed: TypedForm;
  readonly standing: Standing;
}

/** Decides on an open gate; null when somebody wrote to it meanwhile and it must be read again. */
async function decideOpen(
  ports: DecidePorts,
  found: Found,
  { typed, standing }: PostedForm,
  now: Date,
): Promise<Outcome | null> {
  const { gate, run, model, request } = found;
  const people = peopleFor(run, model, gate.stage);
  const asked = gate.approvers.find((approver) => approver.requestId === request.requestId);
  const eligible = [...eligibleApprovers(people, run, gate.stage), ...standInsFor(people, run, gate.stage)];
  const approver = eligible.find((person) => asked !== undefined && isSamePerson(person, asked));
  const changed = staleReason(gate, run, model) ?? (await evidenceFault(ports.evidence, run));
  if (changed !== null) {
    const closed = await voidGate(ports, gate, changed, now);
    return { status: approver === undefined ? 403 : 409, found: { ...found, gate: closed } };
  }
  if (approver === undefined) return { status: 403, found };
  // Addresses change at an issuer, and one person may read two mailboxes: each counts once.
  const { signedIn } = recordedSignIn(standing);
  const before = gate.decisions.find((decided) => isSameSubject(decided.signedIn, signedIn));
  if (before !== undefined) return { status: 403, found, decidedAs: before.approver };
  const form = parseForm(typed, typedName(run));
  if (!form.ok) return { status: 400, found, faults: form.faults };
  return record(ports, found, {
    approver,
    decision: form.decision,
    justification: form.justification,
    at: now.toISOString(),
    ...(signedIn === undefined ? {} : { signedIn }),
  });
}

async function voidGate(ports: DecidePorts, gate: GateItem, reason: Reason, now: Date): Promise<GateItem> {
  const actor = systemActor('decide-approval');
  const closed = await closeGate(ports, gate, { status: 'void', reason, at: now.toISOString(), actor });
  await wakeGate(ports, closed);
  return closed;
}

interface Decided {
  readonly approver: Approver;
  readonly decision: Decision;
  readonly justification: string;
  readonly at: string;
  readonly signedIn?: SignedIn;
}

async function record(ports: DecidePorts, found: Found, decided: Decided): Promise<Outcome | null> {
  const { gate, run, model, request } = found;
  const decisions = (seq: number): readonly GateDecision[] => [...gate.decisions, { ...decided, seq }];
  const gateStatus = statusOf(decisions(1), gate.quorum);
  const { approvalWrites, registryWrites } = ports;
  try {
    const { seq } = await ports.ledger.append(entryOf(found, decided, gateStatus), (position) => [
      approvalWrites.decide(gate, { ...decided, seq: position }, gateStatus),
      approvalWrites.useRequest(request.requestId, decided.decision, decided.at),
      registryWrites.runIsOpen(run),
      // Approvers and quorum are those that were judged by, up to the moment at which the decision is durable.
      ...(model === null ? [] : [registryWrites.modelUnchanged(model)]),
    ]);
    if (gateStatus !== 'open') await wakeGate(ports, gate);
    const after: GateItem = { ...gate, status: gateStatus, decisions: [...decisions(seq)] };
    return { status: 200, found: { ...found, gate: after }, decision: decided.decision, seq };
  } catch (error) {
    if (isReleaseError(error, 'CONDITION_FAILED')) return null;
    throw error;
  }
}

function entryOf(
  { gate, run }: Found,
  { approver, decision, justification, at, signedIn }: Decided,
  gateStatus: GateItem['status'],
) {
  const { promotionId, model, stage, round, seal } = gate;
  const counted = countApprovals([...gate.decisions, { approver, decision }]);
  return {
    model,
    type: 'approval-decided' as const,
    at,
    actor: personActor(approver),
    data: {
      promotionId,
      stage,
      round,
      ...(run.kind === 'promotion' ? { version: run.version } : {}),
      seal,
      approver: { ...approver },
      decision,
      justification,
      ...(signedIn === undefined ? {} : { signedIn: { ...signedIn } }),
      gateStatus,
      counted,
      exposure: exposedBy(run, stage),
    },
  };
}
