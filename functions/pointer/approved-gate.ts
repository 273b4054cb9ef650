import { approvedGate } from '../approval/approved-gate.ts';
import type { GateItem, GateStage } from '../approval/items.ts';
import { sealOf } from '../approval/seal.ts';
import { ReleaseError } from '../platform/errors.ts';
import type { Run } from '../registry/items.ts';
import type { Sanction } from './build.ts';

export interface Approval extends Sanction {
  /** Position of the `approval-decided` entry that completed the quorum. */
  readonly seq: number;
}

/** The gate that lets a run move the pointer. */
export function movingStage(run: Run): GateStage {
  return run.kind === 'promotion' ? 'production' : 'change';
}

/**
 * The approval that stands behind a run's pointer move: its newest gate of that stage, approved, and sealed to what the
 * run is now.
 * @throws ReleaseError NOT_VOUCHED with what is missing
 */
export function approvalOf(run: Run, gates: readonly GateItem[]): Approval {
  const stage = movingStage(run);
  const gate = approvedGate(gates, run, stage);
  if (gate === null) throw whyNot(run, gates);
  const approvals = gate.decisions.filter(({ decision }) => decision === 'approve');
  return {
    promotionId: run.promotionId,
    approvedBy: approvals.map(({ approver }) => `${approver.name} <${approver.email}>`),
    approvedAt: gate.closedAt ?? approvals.at(-1)?.at ?? gate.openedAt,
    reason: run.change.reason,
    seq: gate.closedSeq,
  };
}

function whyNot(run: Run, gates: readonly GateItem[]): ReleaseError {
  const stage = movingStage(run);
  const newest = gates.filter((one) => one.stage === stage).toSorted((a, b) => b.round - a.round)[0];
  const seal = sealOf(run, stage);
  return newest?.status === 'approved' && newest.seal !== seal
    ? notVouched('SEAL_BROKEN', 'What was approved is not what the run is now.', seal, newest.seal)
    : notVouched('NOT_APPROVED', 'The gate is not approved by its quorum.', newest?.status ?? 'no gate', 'approved');
}

export function notVouched(code: string, message: string, got: string, allowed: string): ReleaseError {
  return new ReleaseError('NOT_VOUCHED', message, { reasons: [{ code, message, got, allowed }] });
}
