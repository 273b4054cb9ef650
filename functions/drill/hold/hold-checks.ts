import {
  announced,
  frozen,
  type HoldReason,
  type NoticeFacts,
  noticeReasons,
} from '../../change/advance-notice/notice-checks.ts';
import { type Armed, notArmed } from '../../kill-switch/armed.ts';
import { durationSeconds } from '../../platform/duration.ts';
import type { Policy } from '../../registry/policy.ts';
import type { DrillItem } from '../drill-items.ts';
import { ageSeconds } from '../due-drill.ts';
import type { Checked } from '../record-readiness.ts';

/** What is known when a canary is about to be exposed. `null`: it could not be found out. */
export interface HoldFacts extends NoticeFacts {
  readonly policy: Pick<Policy, 'drill'>;
  /** The newest drill; null: there was none. */
  readonly drill: Pick<DrillItem, 'executionName' | 'at' | 'passed' | 'reasons'> | null;
  readonly readiness: Pick<Checked, 'ready' | 'reasons'> | null;
  /** By what would have to be called. */
  readonly armed: Readonly<Record<string, Armed | null>>;
}

/** One reason to hold a canary, or none. */
export type HoldCheck = (facts: HoldFacts) => readonly HoldReason[];

const DRILL_NEXT = 'A drill is started now; it is over within minutes, and the canary goes on by itself.';

const drilled: HoldCheck = ({ drill, policy, now }) => {
  if (drill === null) {
    return [{ code: 'DRILL_MISSING', message: 'Going back was never rehearsed for this model.', next: DRILL_NEXT }];
  }
  if (!drill.passed) {
    const got = drill.reasons.map(({ code, message }) => `${code}: ${message}`).join(' ');
    const message = 'The newest rehearsal of going back did not pass.';
    const next = 'Mend what it names and drill again (npm run drill); the canary then goes on by itself.';
    return [{ code: 'DRILL_FAILED', path: drill.executionName, message, got: got.slice(0, 500).toWellFormed(), next }];
  }
  const days = ageSeconds(drill, now) / 86_400;
  if (ageSeconds(drill, now) <= durationSeconds(policy.drill.maxAge)) return [];
  const message = 'The newest rehearsal of going back is too old.';
  const got = `${days.toFixed(1)} days`;
  return [
    { code: 'DRILL_STALE', path: drill.executionName, message, got, allowed: policy.drill.maxAge, next: DRILL_NEXT },
  ];
};

const ready: HoldCheck = ({ readiness }) => {
  const next = 'Mend what is named, as the runbook rollback-not-ready says; the canary then goes on by itself.';
  const code = 'NOT_READY';
  if (readiness === null)
    return [{ code, message: 'Whether the model can be gone back from could not be checked.', next }];
  return readiness.reasons.map(({ code: got, path, message }) => ({
    ...{ code, message, got, next },
    ...(path === undefined ? {} : { path }),
  }));
};

const armed: HoldCheck = ({ armed: asked }) =>
  Object.entries(asked).flatMap(([who, answer]) => {
    const message = answer === null ? `Whether ${who} is armed could not be found out.` : notArmed(who, answer);
    const next = 'Give its role back what is missing; the canary then goes on by itself.';
    return message === null ? [] : [{ code: 'NOT_ARMED', path: who, message, next }];
  });

/** Everything that may hold a canary. */
export const HOLD_CHECKS: readonly HoldCheck[] = [drilled, ready, armed, frozen, (facts) => announced(facts)];

/**
 * Everything that holds a stage or a change. Full promotion goes back as its canary did: only a freeze holds it. Settings are
 * not gone back to by a rollback: only the notice holds them.
 */
export function holdReasons(
  asked:
    | { readonly stage: 'canary'; readonly facts: HoldFacts }
    | { readonly stage: 'production' | 'change'; readonly facts: NoticeFacts },
): readonly HoldReason[] {
  if (asked.stage === 'canary') return HOLD_CHECKS.flatMap((check) => check(asked.facts));
  return noticeReasons(asked.facts, asked.stage);
}
