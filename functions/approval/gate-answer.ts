import type { Reason } from '../platform/errors.ts';
import type { GateItem } from './items.ts';

/** The wait outlives the gate by this much, so that it is the gate that expires, not the wait. */
const GRACE_SECONDS = 900;

/** Pauses before the requests are sent once more, by how often that failed: an outage of email may last an hour. */
const PAUSES_SECONDS = [0, 30, 120, 600, 1800] as const;

/**
 * What the flow is told of a gate: it routes on `status`, pauses for `pauseSeconds` before it asks again, and waits for
 * people `waitSeconds` (at least 1).
 */
export interface GateAnswer {
  readonly promotionId: string;
  readonly stage: GateItem['stage'];
  readonly round: number;
  readonly status: GateItem['status'];
  readonly waitSeconds: number;
  readonly pauseSeconds: number;
  readonly reasons: readonly Reason[];
}

export function gateAnswer(gate: GateItem, at: Date): GateAnswer {
  const { promotionId, stage, round, status } = gate;
  const left = Math.ceil((Date.parse(gate.expiresAt) - at.getTime()) / 1000);
  const waitSeconds = Math.max(1, left + GRACE_SECONDS);
  const pauseSeconds = PAUSES_SECONDS[Math.min(gate.failedRequests, PAUSES_SECONDS.length - 1)] ?? 0;
  return { promotionId, stage, round, status, waitSeconds, pauseSeconds, reasons: reasonsOf(gate) };
}

function reasonsOf(gate: GateItem): readonly Reason[] {
  if (gate.status === 'rejected') return [rejection(gate)];
  return gate.reason === undefined ? [] : [asReason(gate.reason)];
}

function rejection(gate: GateItem): Reason {
  const by = gate.decisions.find(({ decision }) => decision === 'reject');
  return {
    code: 'REJECTED_BY_APPROVER',
    path: gate.stage,
    message: by === undefined ? 'An approver rejected it.' : `${by.approver.name} rejected it.`,
    // The justification stays in the ledger: what the flow passes on also appears in events.
    next: `Read the justification${by === undefined ? '' : ` at position ${by.seq}`} of the ledger, answer it, and start a new attempt.`,
  };
}

/** A stored reason without members that are present but undefined. */
export function asReason(stored: NonNullable<GateItem['reason']>): Reason {
  const { code, message, path, got, allowed, next } = stored;
  return {
    code,
    message,
    ...(path === undefined ? {} : { path }),
    ...(got === undefined ? {} : { got }),
    ...(allowed === undefined ? {} : { allowed }),
    ...(next === undefined ? {} : { next }),
  };
}
