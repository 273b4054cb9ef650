import { approvedGate } from '../approval/approved-gate.ts';
import type { GateItem } from '../approval/items.ts';
import { sealOf } from '../approval/seal.ts';
import type { ReleaseError } from '../platform/errors.ts';
import type { Sanction } from './build.ts';
import { type DueMove, movingStage } from './due-move.ts';
import { notVouched } from './not-vouched.ts';

export interface Approval extends Sanction {
  /** Position of the `approval-decided` entry that completed the quorum. */
  readonly seq: number;
}

/**
 * The approval that stands behind a pointer move: the run's newest gate of the move's stage, approved, and sealed to what
 * the run is now.
 * @throws ReleaseError NOT_VOUCHED with what is missing
 */
export function approvalOf(due: DueMove, gates: readonly GateItem[]): Approval {
  const { run } = due;
  const gate = approvedGate(gates, run, movingStage(due.kind));
  if (gate === null) throw whyNot(due, gates);
  const approvals = gate.decisions.filter(({ decision }) => decision === 'approve');
  return {
    promotionId: run.promotionId,
    approvedBy: approvals.map(({ approver }) => `${approver.name} <${approver.email}>`),
    approvedAt: gate.closedAt ?? approvals.at(-1)?.at ?? gate.openedAt,
    reason: run.change.reason,
    seq: gate.closedSeq,
  };
}

function whyNot({ run, kind }: DueMove, gates: readonly GateItem[]): ReleaseError {
  const stage = movingStage(kind);
  const newest = gates.filter((one) => one.stage === stage).toSorted((a, b) => b.round - a.round)[0];
  const seal = sealOf(run, stage);
  return newest?.status === 'approved' && newest.seal !== seal
    ? notVouched('SEAL_BROKEN', 'What was approved is not what the run is now.', seal, newest.seal)
    : notVouched('NOT_APPROVED', 'The gate is not approved by its quorum.', newest?.status ?? 'no gate', 'approved');
}
