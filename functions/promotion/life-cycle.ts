/**
 * The life cycle of a promotion, as one table. A stage is entered only from the stage before it; a person approves each
 * entry but the first. `running` is any stage; an end has no exit, and a new attempt is a new promotion.
 *
 * | from              | event          | to                 | who causes it                                     |
 * | ----------------- | -------------- | ------------------ | ------------------------------------------------- |
 * | offline, shadow, canary | `passed`  | awaiting the next stage | the stage's gate                             |
 * | awaiting a stage  | `approved`     | that stage         | the quorum of people                              |
 * | any               | `rejected`     | rejected           | the gate, or one person                           |
 * | awaiting a stage  | `expired`      | expired            | the clock                                         |
 * | any               | `withdrawn`    | withdrawn          | the requester, an operator, or a defect           |
 * | any               | `rolled-back`  | rolled-back        | a rollback of the model                           |
 * | production        | `completed`    | promoted           | the pointer serves the version and it is recorded |
 */
export const STAGES = ['offline', 'shadow', 'canary', 'production'] as const;
export type Stage = (typeof STAGES)[number];

export const ENDS = ['promoted', 'rejected', 'expired', 'withdrawn', 'rolled-back'] as const;
export type End = (typeof ENDS)[number];

/** Where a promotion stands: in a stage, waiting for people to let it into a stage, or ended. */
export type State =
  | { readonly in: 'stage'; readonly stage: Stage }
  | { readonly in: 'approval'; readonly stage: Stage }
  | { readonly in: 'end'; readonly end: End };

export type LifeCycleEvent = 'passed' | 'approved' | 'rejected' | 'expired' | 'withdrawn' | 'rolled-back' | 'completed';

export const START: State = { in: 'stage', stage: 'offline' };

/** The state after an event, or null where the table has no such exit. */
export function transition(state: State, event: LifeCycleEvent): State | null {
  if (state.in === 'end') return null;
  switch (event) {
    case 'passed': {
      const next = state.in === 'stage' ? stageAfter(state.stage) : null;
      return next === null ? null : { in: 'approval', stage: next };
    }
    case 'approved':
      return state.in === 'approval' ? { in: 'stage', stage: state.stage } : null;
    case 'expired':
      return state.in === 'approval' ? { in: 'end', end: 'expired' } : null;
    case 'completed':
      return state.in === 'stage' && state.stage === 'production' ? { in: 'end', end: 'promoted' } : null;
    case 'rejected':
    case 'withdrawn':
    case 'rolled-back':
      return { in: 'end', end: event };
  }
}

/** The stage that follows; null after the last one. */
export function stageAfter(stage: Stage): Stage | null {
  return STAGES[STAGES.indexOf(stage) + 1] ?? null;
}
