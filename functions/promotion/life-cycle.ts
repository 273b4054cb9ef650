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

/** The stages that this release can run. Shadow and canary stand in the table, but nothing runs them yet. */
export const BUILT_STAGES: readonly Stage[] = ['offline', 'production'];

export const ENDS = ['promoted', 'rejected', 'expired', 'withdrawn', 'rolled-back'] as const;
export type End = (typeof ENDS)[number];

/** Where a promotion stands: in a stage, waiting for people to let it into a stage, or ended. */
export type State =
  | { readonly in: 'stage'; readonly stage: Stage }
  | { readonly in: 'approval'; readonly stage: Stage }
  | { readonly in: 'end'; readonly end: End };

export type LifeCycleEvent = 'passed' | 'approved' | 'rejected' | 'expired' | 'withdrawn' | 'rolled-back' | 'completed';

export const START: State = { in: 'stage', stage: 'offline' };

/**
 * The state after an event, or null where the table has no such exit.
 * `stages` are the stages that the promotion goes through, in order, as settled when it was registered.
 */
export function transition(state: State, event: LifeCycleEvent, stages: readonly Stage[] = STAGES): State | null {
  if (state.in === 'end') return null;
  switch (event) {
    case 'passed': {
      const next = state.in === 'stage' ? stageAfter(state.stage, stages) : null;
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

/** The stage that follows `stage` in this promotion; null after the last one or for a stage that it does not go through. */
export function stageAfter(stage: Stage, stages: readonly Stage[]): Stage | null {
  const index = stages.indexOf(stage);
  return index < 0 ? null : (stages[index + 1] ?? null);
}

/** The stages that the stack leaves out, in order. Offline and production can never be among them. */
export function skippedStages(stages: readonly Stage[]): readonly Stage[] {
  return STAGES.filter((stage) => !stages.includes(stage));
}

/**
 * The stages named by the stack's `stages` setting: all four unless it says otherwise, always in the order of STAGES,
 * always with offline and production. Null when the text names anything else.
 */
export function parseStages(text: string): readonly Stage[] | null {
  const named = text.split(',').map((name) => name.trim());
  const stages = STAGES.filter((stage) => named.includes(stage));
  const known = named.every((name) => STAGES.some((stage) => stage === name));
  return known && stages[0] === 'offline' && stages.at(-1) === 'production' ? stages : null;
}
