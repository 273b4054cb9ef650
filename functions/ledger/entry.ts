import * as z from 'zod';
import type { JsonObject } from '../platform/json.ts';

/**
 * Everything that the ledger records. One entry, one decision or act.
 * `data` of each is documented where it is written; ids, digests and reasons are always given in full.
 */
export const ENTRY_TYPES = [
  // changes without a version
  'change-requested', // an onboarding or a change of owner, approvers, teams or policy was asked for
  'model-onboarded',
  'model-changed',
  'change-ended', // not applied: rejected, expired or withdrawn
  // promotion
  'candidate-registered',
  'gate-judged', // verdict of offline, shadow or canary, with the digests of its artifacts
  'look-recorded', // a running stage was decided on and goes on: what that look leaves for the next
  'manifest-signed',
  'return-prepared', // the document to go back to exists, is signed, and was read back
  'pointer-move-intended', // written before the document goes out; the vouching extension demands it
  'pointer-moved',
  'canary-held', // what is approved waits, or waits for something else, or for nothing any more
  'change-announced', // the teams downstream were told of a critical change; its lead time runs
  'notice-acknowledged', // one team has seen the notice
  'notice-recalled', // what was announced does not come: its run ended before
  'hold-excepted', // one approver, with a reason, lets a run go on in spite of a freeze or a notice
  'canary-advanced', // a canary step was held without harm; the next one may go out
  'exposure-ended', // the candidate is out of the pointer again: production alone serves
  'promotion-ended',
  'release-noted',
  'guard-looked', // the guard of a promoted version was armed, found something else than before, or was disarmed
  // people
  'gate-opened',
  'approval-decided', // one person's decision; carries the gate's status after it
  'request-resent', // the owner had one approver's request sent anew; the link of before is dead
  'request-delegated', // the owner gave one approver's request to a stand-in of the model
  'gate-closed', // expired, void or withdrawn: closed by no person's decision
  'callback-forged', // an execution was woken although its gate was still open
  // going back
  'rollback-intended',
  'rolled-back',
  'forecasts-recalled', // what a withdrawn version had handed downstream is listed and announced
  'recall-acknowledged', // one team has seen the list
  'kill-switch-intended',
  'kill-switch-thrown', // a canary, a shadow, a candidate or the model itself was stopped
  'readiness-checked', // the way back was proven, or was found broken; only when that changes
  'drill-completed', // a rehearsed rollback, with its seconds and its score
  // no silent change
  'change-noticed', // something changed that no decision of ours stands behind
  'change-undone',
  'principal-recorded', // which AWS principal started an execution, and whose it is
] as const;
export type EntryType = (typeof ENTRY_TYPES)[number];

export const actorSchema = z.union([
  z.strictObject({
    kind: z.literal('person'),
    name: z.string().min(1),
    email: z.string().min(3),
    id: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal('system'), name: z.templateLiteral(['system:', z.string().min(1)]) }),
]);

/** The signed part of an entry. `prevHash` is the entry before it; 64 zeros for the first. */
export const entryBody = z.strictObject({
  schema: z.literal(1),
  model: z.string(),
  seq: z.int().min(1),
  prevHash: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.iso.datetime(),
  type: z.enum(ENTRY_TYPES),
  actor: actorSchema,
  data: z.record(z.string(), z.json()),
});
export type EntryBody = z.infer<typeof entryBody>;

/** A row of the ledger table. `body` is the RFC 8785 text of an EntryBody, `entryHash` its SHA-256, `signature` over `body`. */
export interface LedgerRow {
  readonly model: string;
  readonly seq: number;
  readonly body: string;
  readonly entryHash: string;
  readonly signature: string;
}

export const GENESIS_HASH = '0'.repeat(64);

/** What a caller wants recorded; the ledger adds position and chain. */
export interface Draft {
  readonly model: string;
  readonly type: EntryType;
  readonly at: string;
  readonly actor: z.infer<typeof actorSchema>;
  readonly data: JsonObject;
}
