import type { Decision, GateStatus } from './items.ts';
import { groupByPerson, type Identity } from './separation-of-duties.ts';

interface Counted {
  readonly approver: Identity;
  readonly decision: Decision;
}

/** Distinct people who approved. */
export function countApprovals(decisions: readonly Counted[]): number {
  return groupByPerson(decisions.filter(({ decision }) => decision === 'approve').map(({ approver }) => approver))
    .length;
}

/** What the decisions so far make of a gate: one rejection ends it, and distinct approvals up to the quorum pass it. */
export function statusOf(
  decisions: readonly Counted[],
  quorum: number,
): Extract<GateStatus, 'open' | 'approved' | 'rejected'> {
  if (decisions.some(({ decision }) => decision === 'reject')) return 'rejected';
  return countApprovals(decisions) >= quorum ? 'approved' : 'open';
}
