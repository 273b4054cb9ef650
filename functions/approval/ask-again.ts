import type { EvidenceStore } from '../evidence/evidence-store.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { SendEmail } from '../platform/email.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { type Approver, personActor } from '../platform/people.ts';
import type { ModelItem, Run } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import { approvalEmail, approvalLink, type Occasion } from './approval-email.ts';
import type { ApprovalStore } from './approval-store.ts';
import type { ApprovalWrites } from './approval-writes.ts';
import { type AskAgainInput, askAgainFaults } from './ask-again-input.ts';
import { MAX_RACES } from './close-gate.ts';
import { peopleFor, standInsFor } from './eligible-approvers.ts';
import { loadEvidence } from './gate-evidence.ts';
import type { GateItem, RequestItem } from './items.ts';
import { readRun } from './open-gate.ts';
import { newRequestId, newSecret, type RandomBytes } from './secret.ts';

export interface AskAgainPorts {
  readonly registry: Pick<RegistryStore, 'run' | 'model'>;
  readonly registryWrites: RegistryWrites;
  readonly approvals: Pick<ApprovalStore, 'gates' | 'request' | 'carryOut'>;
  readonly approvalWrites: ApprovalWrites;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly evidence: Pick<EvidenceStore, 'read'>;
  readonly sendEmail: SendEmail;
  readonly random: RandomBytes;
  readonly baseUrl: string;
}

export type AskedAgain =
  | { readonly ok: true; readonly asked: Approver; readonly occasion: 'resent' | 'delegated' }
  | { readonly ok: false; readonly reasons: readonly Reason[] };

/**
 * Has the owner of a model send one approver's request anew, or give it to a stand-in. Ledger entry and tables change
 * together, and from then on the link of before is dead; only then is the email sent. Safe to repeat: a delegation that was
 * recorded is not recorded again, and an email that was not sent is.
 * @throws ReleaseError LEDGER_CONTENTION; whatever the email service throws: it is recorded then, and the same call again
 * sends the email
 */
export async function askAgain(ports: AskAgainPorts, input: AskAgainInput, now: Date): Promise<AskedAgain> {
  for (let race = 0; race < MAX_RACES; race++) {
    const known = await read(ports, input);
    if ('reason' in known) return { ok: false, reasons: [known.reason] };
    const faults = askAgainFaults(known, input, now);
    if (faults.length > 0 || known.gate === undefined) return { ok: false, reasons: faults };
    const acting: Acting = { ports, input, now, ...known, gate: known.gate };
    try {
      return await (input.standIn === undefined ? resend(acting) : delegate(acting, input.standIn));
    } catch (error) {
      // Somebody decided, or asked again, meanwhile: what holds now is read anew.
      if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    }
  }
  throw new ReleaseError('LEDGER_CONTENTION', 'Others kept writing to the gate; nothing was sent.');
}

export interface Known {
  readonly run: Run;
  readonly model: ModelItem | null;
  /** The newest gate of the run, if there is one. */
  readonly gate: GateItem | undefined;
  /** The request of the approver that is named. */
  readonly request: RequestItem | null;
}

/** What is known of a promotion or change; the reason alone where there is none that goes on. */
async function read(
  { registry, approvals }: AskAgainPorts,
  input: AskAgainInput,
): Promise<Known | { readonly reason: Reason }> {
  let run: Run;
  try {
    run = await readRun(registry, input.promotionId);
  } catch (error) {
    if (!isReleaseError(error) || !['NOT_FOUND', 'PROMOTION_ENDED'].includes(error.code)) throw error;
    return { reason: { code: error.code, path: 'promotionId', message: error.message, got: input.promotionId } };
  }
  const [model, gates] = await Promise.all([registry.model(run.model), approvals.gates(run.promotionId)]);
  const gate = gates.at(-1);
  const row = gate?.approvers.find(({ id }) => id === input.approver);
  return { run, model, gate, request: row === undefined ? null : await approvals.request(row.requestId) };
}

interface Acting extends Known {
  readonly ports: AskAgainPorts;
  readonly input: AskAgainInput;
  readonly now: Date;
  readonly gate: GateItem;
}

async function resend(acting: Acting): Promise<AskedAgain> {
  const { ports, gate, request, now } = acting;
  if (request === null) throw new ReleaseError('CORRUPT_ITEM', 'The request is gone.');
  const { secret, sha256 } = newSecret(ports.random);
  await ports.ledger.append(entryOf(acting, 'request-resent', { approver: { ...request.approver } }), [
    // A decision that is under way by the link of before fails by the revision, and finds its link dead.
    ports.approvalWrites.askOthers(gate, gate.approvers),
    ports.approvalWrites.renew(request, sha256),
  ]);
  await send(acting, request, secret, 'resent', now);
  return { ok: true, asked: request.approver, occasion: 'resent' };
}

async function delegate(acting: Acting, standInId: string): Promise<AskedAgain> {
  const { ports, input, gate, now } = acting;
  const { approvals, approvalWrites } = ports;
  const { secret, sha256 } = newSecret(ports.random);
  const done = gate.approvers.find(({ id, inPlaceOf }) => id === standInId && inPlaceOf === input.approver);
  if (done !== undefined) {
    const { requestId, inPlaceOf: _, ...asked } = done;
    const existing = await approvals.request(requestId);
    if (existing !== null && existing.sentAt === undefined) {
      await approvals.carryOut([approvalWrites.addSecret(requestId, sha256)]);
      await send(acting, existing, secret, 'delegated', now);
    }
    return { ok: true, asked, occasion: 'delegated' };
  }
  const request = await recordDelegation(acting, standInId, sha256);
  await send(acting, request, secret, 'delegated', now);
  return { ok: true, asked: request.approver, occasion: 'delegated' };
}

async function recordDelegation(acting: Acting, standInId: string, secretSha256: string): Promise<RequestItem> {
  const { ports, run, model, gate, input, now } = acting;
  const { approvalWrites, registryWrites } = ports;
  const people = peopleFor(run, model, gate.stage);
  const standIn = standInsFor(people, run, gate.stage).find(({ id }) => id === standInId);
  const row = gate.approvers.find(({ id }) => id === input.approver);
  if (standIn === undefined || row === undefined) throw new ReleaseError('CORRUPT_ITEM', 'Nobody stands in.');
  const { requestId: replaced, inPlaceOf: __, ...from } = row;
  const requestId = newRequestId(ports.random);
  const { promotionId, stage, round } = gate;
  const request: RequestItem = {
    ...{ requestId, promotionId, model: run.model, stage, round, approver: standIn },
    ...{ secretSha256s: [secretSha256], createdAt: now.toISOString() },
  };
  const approvers = gate.approvers.map((one) => (one === row ? { ...standIn, requestId, inPlaceOf: from.id } : one));
  await ports.ledger.append(entryOf(acting, 'request-delegated', { approver: { ...from }, standIn: { ...standIn } }), [
    approvalWrites.askOthers(gate, approvers),
    approvalWrites.newRequest(request),
    ...(acting.request === null ? [] : [approvalWrites.giveAway(replaced, standIn)]),
    registryWrites.runIsOpen(run),
    ...(model === null ? [] : [registryWrites.modelUnchanged(model)]),
  ]);
  return request;
}

function entryOf(
  { run, gate, input, now }: Acting,
  type: 'request-resent' | 'request-delegated',
  who: Readonly<Record<string, { readonly id: string; readonly name: string; readonly email: string }>>,
) {
  const { promotionId, stage, round } = gate;
  const data = { promotionId, stage, round, ...who, reason: input.reason };
  return { model: run.model, type, at: now.toISOString(), actor: personActor(input.requestedBy), data };
}

async function send(
  { ports, run, gate }: Acting,
  { requestId, approver }: RequestItem,
  secret: string,
  occasion: Occasion,
  now: Date,
): Promise<void> {
  const evidence = (await loadEvidence(ports.evidence, run)).at(-1) ?? null;
  const link = approvalLink(ports.baseUrl, requestId, secret);
  await ports.sendEmail(approver.email, approvalEmail({ gate, run, evidence, approver, requestId, link, occasion }));
  await ports.approvals.carryOut([ports.approvalWrites.requestSent(requestId, now.toISOString())]);
}
