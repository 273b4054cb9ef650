import type { Ledger } from '../ledger/ledger.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import type { Actor } from '../platform/people.ts';
import type { ApprovalStore, GateRef } from './approval-store.ts';
import type { ApprovalWrites } from './approval-writes.ts';
import type { GateItem } from './items.ts';

/** How often a gate that others are writing to is read again before giving up. */
export const MAX_RACES = 8;

export interface CloseGatePorts {
  readonly approvals: Pick<ApprovalStore, 'gate' | 'gates'>;
  readonly approvalWrites: ApprovalWrites;
  readonly ledger: Pick<Ledger, 'append'>;
}

export interface Closing {
  /** `expired` is accepted only at or after the gate's expiry. */
  readonly status: 'expired' | 'void' | 'withdrawn';
  readonly reason: Reason;
  readonly at: string;
  readonly actor: Actor;
}

/**
 * Closes one gate with its `gate-closed` entry, if it is still open, and answers the gate as it then stands: closed by
 * this call, or by whoever was first. Safe to repeat.
 * @throws ReleaseError NOT_FOUND, LEDGER_CONTENTION
 */
export async function closeGate(ports: CloseGatePorts, ref: GateRef, closing: Closing): Promise<GateItem> {
  for (let race = 0; race < MAX_RACES; race++) {
    const gate = await ports.approvals.gate(ref);
    if (gate === null) throw new ReleaseError('NOT_FOUND', `No gate ${ref.stage} ${ref.round} of ${ref.promotionId}.`);
    if (gate.status !== 'open') return gate;
    if (closing.status === 'expired' && closing.at < gate.expiresAt) return gate;
    await appendClosing(ports, gate, closing);
  }
  throw new ReleaseError(
    'LEDGER_CONTENTION',
    `${ref.promotionId}: others kept writing to the gate; nothing was closed.`,
  );
}

/**
 * Withdraws whatever gate of a promotion or change is still open, for an end that no approver decided: a rollback, a
 * defect, an operator. Answers the withdrawn gate, or null when none was open. Safe to repeat.
 */
export async function withdrawOpenGate(
  ports: CloseGatePorts,
  promotionId: string,
  closing: Omit<Closing, 'status'>,
): Promise<GateItem | null> {
  const open = (await ports.approvals.gates(promotionId)).findLast((gate) => gate.status === 'open');
  if (open === undefined) return null;
  const closed = await closeGate(ports, open, { ...closing, status: 'withdrawn' });
  return closed.status === 'withdrawn' ? closed : null;
}

/** A lost race is no error here: the caller reads the gate again. */
async function appendClosing(ports: CloseGatePorts, gate: GateItem, closing: Closing): Promise<void> {
  const { promotionId, stage, round, model } = gate;
  const { status, reason, at, actor } = closing;
  try {
    await ports.ledger.append(
      { model, type: 'gate-closed', at, actor, data: { promotionId, stage, round, status, reason: { ...reason } } },
      (seq) => [ports.approvalWrites.closeGate(gate, { status, reason, at, seq })],
    );
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
  }
}
