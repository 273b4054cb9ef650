import * as z from 'zod';
import { sha256 } from '../platform/ids.ts';
import { approver } from '../platform/people.ts';
import { reason } from '../registry/items.ts';
import { signedInSchema } from '../sign-in/session.ts';

/** What people are asked to let in: a stage of a promotion, or a change without a version. */
export const GATE_STAGES = ['shadow', 'canary', 'production', 'change'] as const;
export const gateStage = z.enum(GATE_STAGES);
export type GateStage = z.infer<typeof gateStage>;

/**
 * `open` until people or the clock close it. `void`: what was asked is no longer what would happen, so it is asked again
 * in the next round. `withdrawn`: nobody needs to answer any more.
 */
export const GATE_STATUSES = ['open', 'approved', 'rejected', 'expired', 'void', 'withdrawn'] as const;
export type GateStatus = (typeof GATE_STATUSES)[number];

export const DECISIONS = ['approve', 'reject'] as const;
export type Decision = (typeof DECISIONS)[number];

/** One person's decision as counted at a gate. */
export const gateDecision = z.object({
  approver,
  decision: z.enum(DECISIONS),
  justification: z.string(),
  at: z.string(),
  /** Whom the issuer vouched for when it was sent; absent where the link stood alone. */
  signedIn: signedInSchema.exactOptional(),
  /** Position of its `approval-decided` entry in the model's ledger. */
  seq: z.int().min(1),
});
export type GateDecision = z.infer<typeof gateDecision>;

/** One round of asking people about one stage. Every writer conditions on `revision`. */
export const gateItem = z.object({
  promotionId: z.string(),
  model: z.string(),
  stage: gateStage,
  round: z.int().min(1),
  status: z.enum(GATE_STATUSES),
  /** Digest of what is asked: candidate, evidence, policy, change record and exposure plan. */
  seal: sha256,
  /** Digest of who is asked: owner, approvers and quorum as they were when the gate was opened. */
  peopleDigest: sha256,
  quorum: z.int().min(1),
  /** Who is asked, one row per person, each with the id of the request. */
  approvers: z.array(
    approver.extend({
      requestId: z.string(),
      /** Id of the approver in whose place this stand-in is asked. */
      inPlaceOf: z.string().exactOptional(),
    }),
  ),
  decisions: z.array(gateDecision),
  openedAt: z.string(),
  expiresAt: z.string(),
  /** Position of the `gate-opened` entry. */
  openedSeq: z.int().min(1),
  closedAt: z.string().optional(),
  /** Position of the entry that closed it: the decision that completed the quorum, the rejection, or `gate-closed`. */
  closedSeq: z.int().min(1).optional(),
  /** Why it was closed by no person's decision. */
  reason: reason.optional(),
  /** How often the execution was woken although the gate was open. */
  forgedCallbacks: z.int().min(0),
  /** How often the requests could not be sent. */
  failedRequests: z.int().min(0),
  /** The wait that was counted last, so that a repeated step does not count it twice. */
  countedIssue: z.int().min(0),
  revision: z.int().min(1),
});
export type GateItem = z.infer<typeof gateItem>;

/** One approver's request. The secret of its link is known to the approver alone; only digests are stored. */
export const requestItem = z.object({
  requestId: z.string(),
  promotionId: z.string(),
  model: z.string(),
  stage: gateStage,
  round: z.int().min(1),
  approver,
  /** One digest per email that was tried: a repeated step sends a new secret, and the first email's link still works. */
  secretSha256s: z.array(sha256).min(1),
  createdAt: z.string(),
  sentAt: z.string().optional(),
  decision: z.enum(DECISIONS).optional(),
  decidedAt: z.string().optional(),
  /** The newest report that its email did not arrive, of which the owner was told. */
  undelivered: z
    .object({ id: z.string(), kind: z.enum(['bounced', 'complained of', 'rejected']), at: z.string() })
    .exactOptional(),
  /** How often the owner had it sent anew. */
  resends: z.int().min(1).exactOptional(),
  /** How often a reminder was tried, and when one was accepted for delivery. */
  reminders: z.int().min(1).exactOptional(),
  remindedAt: z.string().exactOptional(),
  /** When they were told how it ended. */
  toldAt: z.string().exactOptional(),
  /** Who was asked in the place of this approver; the link shows that, and decides nothing. */
  delegatedTo: approver.exactOptional(),
});
export type RequestItem = z.infer<typeof requestItem>;

/** The task token that the waiting execution holds. Each new wait has a new one. */
export const tokenItem = z.object({
  promotionId: z.string(),
  stage: gateStage,
  round: z.int().min(1),
  token: z.string(),
  /** Counts the waits of this gate, from 1. */
  issue: z.int().min(1),
  storedAt: z.string(),
  /** Set once enough requests were sent for the quorum to be reachable. */
  requestedAt: z.string().optional(),
});
export type TokenItem = z.infer<typeof tokenItem>;

/** Says that people are still to be reminded of a gate, or to be told how it ended. */
export const attendedGate = z.object({ promotionId: z.string(), stage: gateStage, round: z.int().min(1) });
