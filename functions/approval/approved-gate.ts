import type { Run } from '../registry/items.ts';
import type { GateItem, GateStage } from './items.ts';
import { statusOf } from './quorum.ts';
import { sealOf } from './seal.ts';
import { isSamePerson } from './separation-of-duties.ts';

/**
 * The one of a run's gates by which people let it into `stage`, or null when they did not: not decided, rejected, approved
 * without the quorum, or approved when the run was another. Who started the execution is known some minutes later: an
 * approval of theirs counts no more then. `closedSeq` is the ledger position of the decision that
 * completed the quorum.
 */
export function approvedGate(
  gates: readonly GateItem[],
  run: Run,
  stage: GateStage,
): (GateItem & { readonly closedSeq: number }) | null {
  const newest = gates.filter((gate) => gate.stage === stage).toSorted((a, b) => b.round - a.round)[0];
  if (newest?.status !== 'approved' || newest.closedSeq === undefined) return null;
  const counted = newest.decisions.filter(({ approver }) => !isStarter(run, approver, newest));
  if (newest.seal !== sealOf(run, stage) || statusOf(counted, newest.quorum) !== 'approved') return null;
  return { ...newest, closedSeq: newest.closedSeq };
}

function isStarter({ startedBy }: Run, approver: GateItem['decisions'][number]['approver'], gate: GateItem): boolean {
  return startedBy?.person !== undefined && isSamePerson(approver, startedBy.person, gate.approvers);
}
