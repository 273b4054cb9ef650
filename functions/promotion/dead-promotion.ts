import type { JsonObject } from '../platform/json.ts';
import type { PromotionItem, Run } from '../registry/items.ts';
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
 * Closing as withdrawn still finds a promotion whose version serves promoted, and a change that is in the model applied.
 */
export function closeOfDead(run: Run, status: ExecutionStatus): CloseEvent | null {
  if (run.end !== undefined || status === 'RUNNING') return null;
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

/** True for a promotion that died where it may have moved the pointer without recording it: nobody knows what it left. */
export function mayHaveLeftCandidate(run: Run): run is PromotionItem {
  return run.kind === 'promotion' && run.stage === 'production' && !run.awaitingApproval && run.pointer === undefined;
}

/** Input of the rollback that takes the candidate out; where it does not serve, that moves nothing. */
export function takeOutInput({ model, version }: PromotionItem): JsonObject {
  return { model, cause: 'infrastructure', requestedBy: 'system:execution-status', withdrawVersion: version };
}
