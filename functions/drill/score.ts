import type { Reason } from '../platform/errors.ts';
import { type DrillScore, PHASES, type Phase } from './drill-items.ts';

/** Moments of a drill, UTC; those that were not reached are absent. */
export interface Moments {
  /** The fault was there. */
  readonly faultAt?: string;
  readonly noticedAt?: string;
  readonly decidedAt?: string;
  /** The data plane served the target. */
  readonly servedAt?: string;
  /** The polling reader went by it. */
  readonly convergedAt?: string;
}

const BOUNDS: Readonly<Record<Phase, readonly [keyof Moments, keyof Moments]>> = {
  detect: ['faultAt', 'noticedAt'],
  decide: ['noticedAt', 'decidedAt'],
  switch: ['decidedAt', 'servedAt'],
  converge: ['servedAt', 'convergedAt'],
};

/**
 * Scores a drill: it passed when it came to its end, for no reason against it, within the seconds of the policy. Moments
 * come from several clocks, and a reader may see a document before the look that confirms it: no phase is shorter than nothing.
 */
export function scored(
  moments: Moments,
  against: { readonly maxSeconds: number; readonly reasons: readonly Reason[] },
): DrillScore {
  const { maxSeconds } = against;
  const measured = PHASES.flatMap((phase) => {
    const [from, to] = BOUNDS[phase];
    const seconds = between(moments[from], moments[to]);
    return seconds === null ? [] : [{ phase, seconds }];
  });
  const slowest = measured.toSorted((a, b) => b.seconds - a.seconds)[0] ?? null;
  const total = measured.length < PHASES.length ? null : between(moments.faultAt, lastOf(moments));
  const reasons = [...against.reasons, ...tooSlow({ total, maxSeconds, slowest })];
  if (total === null && reasons.length === 0) reasons.push(cutShort(measured.at(-1)?.phase));
  return {
    passed: reasons.length === 0,
    seconds: Object.fromEntries(measured.map(({ phase, seconds }) => [phase, seconds])),
    total,
    maxSeconds,
    slowest: slowest?.phase ?? null,
    reasons,
  };
}

/** The reader may have been first. */
function lastOf({ servedAt = '', convergedAt = '' }: Moments): string {
  return Date.parse(convergedAt) > Date.parse(servedAt) ? convergedAt : servedAt;
}

/** Seconds, to the hundredth. */
function between(from: string | undefined, to: string | undefined): number | null {
  if (from === undefined || to === undefined) return null;
  return Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 10) / 100);
}

function tooSlow(of: {
  readonly total: number | null;
  readonly maxSeconds: number;
  readonly slowest: { readonly phase: Phase; readonly seconds: number } | null;
}): readonly Reason[] {
  const { total, maxSeconds, slowest } = of;
  if (total === null || total <= maxSeconds) return [];
  return [
    {
      code: 'TOO_SLOW',
      path: slowest?.phase ?? '',
      message: `Going back took longer than the policy allows; most of it to ${slowest?.phase}, ${slowest?.seconds} s.`,
      got: `${total} s`,
      allowed: `at most ${maxSeconds} s`,
      next: 'Find out what was slow; the evidence of the drill holds each moment.',
    },
  ];
}

function cutShort(last: Phase | undefined): Reason {
  return {
    code: 'NOT_FINISHED',
    path: last ?? '',
    message: last === undefined ? 'Nothing was measured.' : `Nothing was measured after ${last}.`,
    next: 'Read the log of the function rehearse, and drill again.',
  };
}
