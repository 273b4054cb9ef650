import { durationSeconds } from '../platform/duration.ts';

/** Step Functions ends an execution at 25,000 history events; retries and rounds of approval need room beside the polling. */
export const MAX_EVENTS = 15_000;

/** Wait entered and left, task entered, scheduled, started, succeeded and left, choice entered and left. */
const EVENTS_PER_LOOK = 9;
/** All other states of a promotion, each approval asked anew as often as it may be. */
const EVENTS_BESIDE = 600;
/** Moving the pointer to one canary step. */
const EVENTS_PER_STEP = 5;

/** History events that a promotion under this policy can need at most. */
export function worstCaseEvents(policy: {
  readonly poll: string;
  readonly shadowPlan: { readonly maxDuration: string };
  readonly canaryPlan: { readonly maxDuration: string; readonly steps: readonly unknown[] };
}): number {
  const pollSeconds = durationSeconds(policy.poll);
  const looks = [policy.shadowPlan.maxDuration, policy.canaryPlan.maxDuration]
    .map((bound) => Math.ceil(durationSeconds(bound) / pollSeconds) + 1)
    .reduce((sum, count) => sum + count, 0);
  return looks * EVENTS_PER_LOOK + policy.canaryPlan.steps.length * EVENTS_PER_STEP + EVENTS_BESIDE;
}
