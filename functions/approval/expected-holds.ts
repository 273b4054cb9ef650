import { heldStageOf } from '../change/advance-notice/announced-run.ts';
import { notExcepted } from '../change/advance-notice/hold-exceptions.ts';
import { noticeFacts, noticeReasons } from '../change/advance-notice/notice-checks.ts';
import { type Freeze, type FreezePeriod, freezeAt } from '../change/freeze.ts';
import { mostHeldSeconds } from '../drill/hold/may-expose.ts';
import type { Found } from './find-request.ts';
import type { GateItem } from './items.ts';

/** What would hold the stage or the change that is asked for, for the sake of those who work by the forecasts. */
export interface ExpectedHolds {
  /** What holds it if it is approved now, in words. */
  readonly now: readonly string[];
  /** It would be held longer than an approval lasts, and end. */
  readonly tooLong: boolean;
  /** The next freeze that begins before the request expires; null: none. `from` is UTC. */
  readonly freeze: (Freeze & { readonly from: string }) | null;
}

export const NO_HOLDS: ExpectedHolds = { now: [], tooLong: false, freeze: null };

/** What is known of when nothing may start, and who let the run into what. */
export interface HoldKnowledge {
  readonly gates: readonly GateItem[];
  /** Of all models. */
  readonly freezes: readonly FreezePeriod[];
}

/** What an approver should know of when the stage could begin; nothing where no such thing holds it. */
export function expectedHolds({ run, model, gate }: Found, known: HoldKnowledge, now: string): ExpectedHolds {
  const stage = heldStageOf(run);
  if (stage === null || stage !== gate.stage || model === null) return NO_HOLDS;
  const facts = noticeFacts(run, model, { now, freezes: known.freezes });
  const reasons = notExcepted(noticeReasons(facts, stage), run, { model, stage, gates: known.gates });
  const latest = Date.parse(now) + mostHeldSeconds(run, model, stage) * 1000;
  return {
    now: reasons.map(({ message }) => message),
    tooLong: reasons.some(({ until }) => until !== undefined && Date.parse(until) > latest),
    // Settings serve nobody.
    freeze: stage === 'change' ? null : nextFreeze(facts.freezes, now, gate.expiresAt),
  };
}

function nextFreeze(periods: readonly FreezePeriod[], now: string, before: string): ExpectedHolds['freeze'] {
  const after = Date.parse(freezeAt(periods, now)?.until ?? now);
  const starts = periods
    .map(({ from }) => Date.parse(from))
    .filter((start) => start > after && start < Date.parse(before));
  if (starts.length === 0) return null;
  const from = new Date(Math.min(...starts)).toISOString();
  const freeze = freezeAt(periods, from);
  return freeze === null ? null : { ...freeze, from };
}
