import type { Run } from '../registry/items.ts';
import type { ApprovalStore } from './approval-store.ts';
import type { GateItem, GateStage } from './items.ts';
import { statusOf } from './quorum.ts';
import { sealOf } from './seal.ts';

/**
 * The gate by which people let `run` into `stage`, or null when they did not: not decided, rejected, or decided about
 * something that `run` no longer is. `closedSeq` is the ledger position of the decision that completed the quorum.
 */
export async function approvedGate(
  approvals: Pick<ApprovalStore, 'gates'>,
  run: Run,
  stage: GateStage,
): Promise<(GateItem & { readonly closedSeq: number }) | null> {
  const newest = (await approvals.gates(run.promotionId)).findLast((gate) => gate.stage === stage);
  if (newest?.status !== 'approved' || newest.closedSeq === undefined) return null;
  if (newest.seal !== sealOf(run, stage) || statusOf(newest.decisions, newest.quorum) !== 'approved') return null;
  return { ...newest, closedSeq: newest.closedSeq };
}
