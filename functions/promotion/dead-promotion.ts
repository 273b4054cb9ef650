import type { JsonObject } from '../platform/json.ts';
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

/** What must be taken out of the pointer, or recorded of it, before a dead run is closed. */
export type LeftBehind =
  /** It may serve a version that nobody recorded: only a rollback tells, and puts back what served before. */
  | { readonly takeOut: 'version'; readonly version: string }
  /** Its candidate may run beside production, or serve a share of the units. */
  | { readonly takeOut: 'exposure' }
  /** It may have left a kill switch, or let out a model's first document, and not said so: that is recorded. */
  | { readonly takeOut: 'nothing'; readonly record: 'move' };

/** What a run that died may have left in the pointer, by where it stands in the registry; null: nothing. */
export function leftBehind(run: Run): LeftBehind | null {
  if (run.kind !== 'promotion') {
    if (run.kind !== 'change' && run.pointer === undefined) return { takeOut: 'nothing', record: 'move' };
    const { adopt, manifest, adopted } = run;
    if (adopt === undefined || manifest === undefined || adopted !== undefined) return null;
    return { takeOut: 'version', version: adopt.version };
  }
  const { stage, awaitingApproval, pointer, version } = run;
  if (stage === 'production' && !awaitingApproval) {
    return pointer === undefined ? { takeOut: 'version', version } : null;
  }
  // Whoever waits for the canary's approval is still in the shadow, and so on.
  return stage === 'offline' || (stage === 'shadow' && awaitingApproval) ? null : { takeOut: 'exposure' };
}

/** A version that a dead run may have left serving. */
export interface TakenOut {
  readonly model: string;
  readonly promotionId: string;
  readonly version: string;
}

/** Input of the rollback that takes a version out; where it does not serve, that moves nothing. */
export function takeOutInput({ model, version }: Omit<TakenOut, 'promotionId'>): JsonObject {
  return { model, cause: 'infrastructure', requestedBy: 'system:execution-status', withdrawVersion: version };
}
