import { durationSeconds } from '../platform/duration.ts';

/** Step Functions ends an execution at 25,000 history events; retried steps need room beside what is counted here. */
export const MAX_EVENTS = 15_000;

/** A wait entered and left; a task entered, scheduled, started, succeeded and left; a choice entered and left. */
export const EVENTS_PER_LOOK = 9;
/** So often people are asked at one gate, and so often one such question can be waited for; the approval feature says so. */
export const ROUNDS_PER_GATE = 5;
export const WAITS_PER_ROUND = 9;
/** A pause, the wait for people (with the submission of its token), reading the gate and routing on it. */
const EVENTS_PER_WAIT = 15;
/** Opening a gate and routing on it. */
const EVENTS_PER_OPENING = 7;
const GATES = 3;
const EVENTS_OF_GATES =
  GATES * (ROUNDS_PER_GATE * (EVENTS_PER_OPENING + WAITS_PER_ROUND * EVENTS_PER_WAIT) + EVENTS_PER_OPENING);
/** A backtest that is too large for one function is summed in so many parts at most. */
export const MAX_SHARDS = 64;
/** An item of a loop begun and ended; a task entered, scheduled, started, succeeded and left. */
export const EVENTS_PER_SHARD = 7;
/** The loop entered, started, succeeded and left. */
const EVENTS_OF_SHARDS = 4 + MAX_SHARDS * EVENTS_PER_SHARD;
/** So often an approved stage that is held is looked at; the hold looks ever more rarely. */
export const LOOKS_PER_HOLD = { canary: 90, production: 64, change: 90 } as const;
const LOOKS_OF_HOLDS = LOOKS_PER_HOLD.canary + LOOKS_PER_HOLD.production;
/** Every other state once. */
const EVENTS_BESIDE = 150 + EVENTS_OF_SHARDS + LOOKS_OF_HOLDS * EVENTS_PER_LOOK;
/** Moving the pointer to one canary step. */
const EVENTS_PER_STEP = 5;

interface Looks {
  readonly poll: string;
  readonly shadowPlan: { readonly maxDuration: string };
  readonly canaryPlan: { readonly maxDuration: string; readonly steps: readonly unknown[] };
}

/** History events that a promotion under this policy can need at most. */
export function worstCaseEvents(policy: Looks): number {
  return eventsAt(durationSeconds(policy.poll), policy);
}

/** The shortest poll, in whole seconds, under which the policy's bounds stay within the budget. */
export function shortestPollSeconds(policy: Looks): number {
  let tooShort = 0;
  let enough = durationSeconds(policy.shadowPlan.maxDuration) + durationSeconds(policy.canaryPlan.maxDuration);
  while (enough - tooShort > 1) {
    const between = Math.floor((tooShort + enough) / 2);
    if (eventsAt(between, policy) <= MAX_EVENTS) enough = between;
    else tooShort = between;
  }
  return enough;
}

function eventsAt(pollSeconds: number, { shadowPlan, canaryPlan }: Looks): number {
  const looks = [shadowPlan.maxDuration, canaryPlan.maxDuration]
    .map((bound) => Math.ceil(durationSeconds(bound) / pollSeconds) + 1)
    .reduce((sum, count) => sum + count, 0);
  return looks * EVENTS_PER_LOOK + canaryPlan.steps.length * EVENTS_PER_STEP + EVENTS_OF_GATES + EVENTS_BESIDE;
}
