import type { SendEmail } from '../platform/email.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { ApprovalStore } from './approval-store.ts';
import type { ApprovalWrites } from './approval-writes.ts';
import { peopleFor } from './eligible-approvers.ts';
import { type MailTrouble, troubleEmail } from './mail-trouble.ts';

export interface ReportTroublePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'model'>;
  readonly approvals: Pick<ApprovalStore, 'gate' | 'request' | 'carryOut'>;
  readonly approvalWrites: ApprovalWrites;
  readonly sendEmail: SendEmail;
}

/** Whom it concerned; `none`: no request that anybody still waits for, or one that was reported already. */
export type Reported =
  | { readonly reported: 'none' }
  | { readonly reported: 'owner'; readonly promotionId: string; readonly approver: string };

/**
 * Tells the owner of a model that an approver's request did not arrive, and notes it with the request. Safe to repeat: what
 * was noted is not told again.
 * @throws whatever the email service throws; nothing is noted then, and the event comes again
 */
export async function reportMailTrouble(ports: ReportTroublePorts, trouble: MailTrouble): Promise<Reported> {
  const { approvals, registry } = ports;
  const request = trouble.requestId === null ? null : await approvals.request(trouble.requestId);
  if (request === null || request.undelivered?.id === trouble.id) return { reported: 'none' };
  const [gate, run, model] = await Promise.all([
    approvals.gate(request),
    registry.run(request.model, request.promotionId),
    registry.model(request.model),
  ]);
  const isWaited = gate?.status === 'open' && run !== null && run.end === undefined && request.decidedAt === undefined;
  if (!isWaited || request.delegatedTo !== undefined) return { reported: 'none' };
  const { owner } = peopleFor(run, model, gate.stage);
  await ports.sendEmail(owner.email, troubleEmail(trouble, { gate, run, request, owner: owner.name }));
  const { id, kind, at } = trouble;
  await approvals.carryOut([ports.approvalWrites.undelivered(request.requestId, { id, kind, at })]);
  return { reported: 'owner', promotionId: run.promotionId, approver: request.approver.id };
}
