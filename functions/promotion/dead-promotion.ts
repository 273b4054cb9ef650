import type { Run } from '../registry/items.ts';
import type { CloseEvent } from './close-promotion.ts';

/** Statuses of an execution, as Step Functions names them. `MISSING`: it knows none of that ARN (any more). */
export type ExecutionStatus =
  | 'RUNNING'
  | 'SUCCEEDED'
  | 'FAILED'
  | 'TIMED_OUT'
  | 'ABORTED'
  | 'PENDING_REDRIVE'
  | 'MISSING';

/**
 * How a run must be closed whose execution has the given status; null while it runs or once it has ended.
 * A promotion whose pointer was moved and recorded is promoted, whatever became of the execution afterwards.
 */
export function closeOfDead(run: Run, status: ExecutionStatus): CloseEvent | null {
  if (run.end !== undefined || status === 'RUNNING') return null;
  if (run.kind === 'promotion' && run.pointer !== undefined) {
    return { promotionId: run.promotionId, end: 'promoted', reasons: [] };
  }
  return {
    promotionId: run.promotionId,
    end: 'withdrawn',
    reasons: [
      {
        code: 'EXECUTION_FAILED',
        message: 'The execution no longer runs although nothing was decided: a defect, or somebody stopped it.',
        got: status,
        next: 'Read the execution history, mend the cause, and start a new attempt.',
      },
    ],
  };
}
