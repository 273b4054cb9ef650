import type { EvidenceStore } from '../evidence/evidence-store.ts';
import type { SendEmail } from '../platform/email.ts';
import { isReleaseError, ReleaseError } from '../platform/errors.ts';
import type { Run } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import { approvalEmail, approvalLink } from './approval-email.ts';
import type { ApprovalStore, GateRef } from './approval-store.ts';
import type { ApprovalWrites } from './approval-writes.ts';
import { type Evidence, loadEvidence } from './gate-evidence.ts';
import type { GateItem, RequestItem, TokenItem } from './items.ts';
import { readRun } from './open-gate.ts';
import { newSecret, type RandomBytes } from './secret.ts';

export interface RequestApprovalPorts {
  readonly registry: Pick<RegistryStore, 'run'>;
  readonly approvals: Pick<ApprovalStore, 'gate' | 'token' | 'request' | 'carryOut'>;
  readonly approvalWrites: ApprovalWrites;
  readonly evidence: Pick<EvidenceStore, 'read'>;
  readonly sendEmail: SendEmail;
  readonly random: RandomBytes;
  readonly baseUrl: string;
}

export interface RequestApprovalEvent extends GateRef {
  readonly taskToken: string;
}

/** Who has a request now, by approver id; links and secrets are never among what is answered or thrown. */
export interface Requested {
  readonly promotionId: string;
  readonly sent: readonly string[];
  readonly failed: readonly string[];
}

/**
 * Keeps the task token of this wait and emails one link to each approver who has none yet. Safe to repeat: an email
 * whose sending is uncertain is sent again with a further secret, and both links work.
 * @throws ReleaseError CONDITION_FAILED when the gate is not open (any more); DEPENDENCY_UNAVAILABLE when so few emails
 * could be sent that the quorum cannot be reached; NOT_FOUND, PROMOTION_ENDED
 */
export async function requestApproval(
  ports: RequestApprovalPorts,
  event: RequestApprovalEvent,
  now: Date,
): Promise<Requested> {
  const run = await readRun(ports.registry, event.promotionId);
  const gate = await ports.approvals.gate(event);
  if (gate === null)
    throw new ReleaseError('NOT_FOUND', `${event.promotionId} has no gate ${event.stage} ${event.round}.`);
  if (gate.status !== 'open') throw new ReleaseError('CONDITION_FAILED', `The gate ${gate.stage} is ${gate.status}.`);
  await keepToken(ports, event, now.toISOString());
  const evidence = (await loadEvidence(ports.evidence, run)).at(-1) ?? null;
  const sent: string[] = [];
  const failed: string[] = [];
  let cause: unknown;
  for (const approver of gate.approvers) {
    try {
      await ask(ports, { run, gate, evidence, approver, at: now.toISOString() });
      sent.push(approver.id);
    } catch (error) {
      failed.push(approver.id);
      cause = error;
    }
  }
  if (sent.length < gate.quorum) {
    const message = `${event.promotionId}: requests reached ${sent.length} people, and ${gate.quorum} must approve.`;
    throw new ReleaseError('DEPENDENCY_UNAVAILABLE', message, { cause, details: { sent, failed } });
  }
  await ports.approvals.carryOut([ports.approvalWrites.tokenRequested(event, event.taskToken, now.toISOString())]);
  return { promotionId: event.promotionId, sent, failed };
}

/** The token is kept before anybody is asked, so that no decision finds nobody to wake. */
async function keepToken(ports: RequestApprovalPorts, event: RequestApprovalEvent, at: string): Promise<void> {
  const { promotionId, stage, round, taskToken: token } = event;
  const before = await ports.approvals.token(event);
  if (before?.token === token) return;
  const item: TokenItem = { promotionId, stage, round, token, issue: (before?.issue ?? 0) + 1, storedAt: at };
  await ports.approvals.carryOut([ports.approvalWrites.gateIsOpen(event), ports.approvalWrites.newToken(item)]);
}

interface Ask {
  readonly run: Run;
  readonly gate: GateItem;
  readonly evidence: Evidence | null;
  readonly approver: GateItem['approvers'][number];
  readonly at: string;
}

async function ask(ports: RequestApprovalPorts, { run, gate, evidence, approver, at }: Ask): Promise<void> {
  const { requestId, ...person } = approver;
  const existing = await ports.approvals.request(requestId);
  if (existing?.sentAt !== undefined || existing?.decidedAt !== undefined) return;
  const { secret, sha256 } = newSecret(ports.random);
  const { promotionId, model, stage, round } = gate;
  const request = {
    requestId,
    promotionId,
    model,
    stage,
    round,
    approver: person,
    secretSha256s: [sha256],
    createdAt: at,
  };
  await keepSecret(ports, request, existing);
  const link = approvalLink(ports.baseUrl, requestId, secret);
  await ports.sendEmail(person.email, approvalEmail({ gate, run, evidence, approver: person, requestId, link }));
  await ports.approvals.carryOut([ports.approvalWrites.requestSent(requestId, at)]);
}

async function keepSecret(
  ports: RequestApprovalPorts,
  request: RequestItem,
  existing: RequestItem | null,
): Promise<void> {
  const { approvals, approvalWrites } = ports;
  const addSecrets = request.secretSha256s.map((sha256) => approvalWrites.addSecret(request.requestId, sha256));
  if (existing !== null) return approvals.carryOut(addSecrets);
  try {
    await approvals.carryOut([approvalWrites.newRequest(request)]);
  } catch (error) {
    // Another run of the same step made it first; its email may never leave, so this one's must work too.
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    await approvals.carryOut(addSecrets);
  }
}
