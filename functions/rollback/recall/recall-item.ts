import * as z from 'zod';
import { sha256 } from '../../platform/ids.ts';
import { sha256Hex } from '../../platform/json.ts';
import { normalEmail } from '../../platform/people.ts';
import { type StoredObject, storedObject } from '../../registry/items.ts';

/**
 * A rollback of which it is still looked for what its version had handed downstream: readers follow within seconds, a
 * batch answers for minutes, and what was handed over reaches the log within hours.
 */
export const pendingRecall = z.object({
  model: z.string(),
  executionName: z.string(),
  /** The withdrawn version. */
  version: z.string(),
  /** The version that serves instead; empty: the safe forecast. */
  to: z.string(),
  cause: z.string(),
  /** UTC; days from its date on count as still to come. */
  rolledBackAt: z.string(),
  /** The list that is made next, from 1. */
  part: z.int().min(1),
  /** UTC; from then on it is due. */
  lookAt: z.string(),
});
export type PendingRecall = Readonly<z.infer<typeof pendingRecall>>;

const count = z.int().min(0);

/** What a list of recalled forecasts comes to. */
export const recallCounts = z.object({
  forecasts: count,
  /** Forecasts that something served later for the same unit and day has replaced already. */
  replaced: count,
  /** Those that were the last word, on days that were still to come when it was rolled back. */
  toCome: count,
  /** Store and article. */
  units: count,
  stores: count,
  days: count,
  /** Empty, like the other texts, when there are no forecasts. */
  firstTargetDate: z.string(),
  lastTargetDate: z.string(),
  /** UTC of the first and the last of them. */
  servedFrom: z.string(),
  servedUntil: z.string(),
});
export type RecallCounts = Readonly<z.infer<typeof recallCounts>>;

export const NO_FORECASTS: RecallCounts = {
  ...{ forecasts: 0, replaced: 0, toCome: 0, units: 0, stores: 0, days: 0 },
  ...{ firstTargetDate: '', lastTargetDate: '', servedFrom: '', servedUntil: '' },
};

/** What of the log could not be read: its forecasts are not in the list. */
export const unreadable = z.object({
  objects: count,
  /** The first of them. */
  keys: z.array(z.string()).readonly(),
  lines: count,
});
export type Unreadable = Readonly<z.infer<typeof unreadable>>;

/** Somebody who is told; whoever acknowledges is reminded until it is done. */
const asked = z.object({
  linkId: z.string(),
  team: z.string(),
  email: z.string(),
  /** The owner is told; whoever is downstream acknowledges, or, where nobody is, the owner. */
  role: z.enum(['team', 'owner']),
  acknowledges: z.boolean(),
});
export type Asked = Readonly<z.infer<typeof asked>>;

/** How one team's part ended: it has seen the list, or it is not concerned any more. */
const answer = z.object({
  linkId: z.string(),
  outcome: z.enum(['acknowledged', 'not-needed']),
  /** Who acknowledged it for the team. */
  name: z.string().exactOptional(),
  note: z.string().exactOptional(),
  at: z.string(),
  /** Position of its `recall-acknowledged` entry. */
  seq: z.int().min(1),
});
export type Answer = Readonly<z.infer<typeof answer>>;

/** Registry item of one recall. Every writer conditions on `revision`. */
export const recallItem = z.object({
  model: z.string(),
  executionName: z.string(),
  part: z.int().min(1),
  version: z.string(),
  to: z.string(),
  cause: z.string(),
  rolledBackAt: z.string(),
  /** Position of the `forecasts-recalled` entry. */
  ledgerSeq: z.int().min(1),
  recalledAt: z.string(),
  /** Absent: it holds no forecast. */
  list: storedObject.exactOptional(),
  summary: storedObject.exactOptional(),
  counts: recallCounts,
  unreadable,
  status: z.enum(['open', 'closed']),
  closedAt: z.string().exactOptional(),
  asked: z.array(asked).readonly(),
  answers: z.array(answer).readonly(),
  revision: z.int().min(1),
});
export type RecallItem = Readonly<z.infer<typeof recallItem>>;

/** Names one recall. */
export type RecallRef = Pick<RecallItem, 'model' | 'executionName' | 'part'>;

/** Item of a recall that teams are still asked about. */
export const openRecall = z.object({
  model: z.string(),
  executionName: z.string(),
  part: z.int().min(1),
});
export type OpenRecall = Readonly<z.infer<typeof openRecall>>;

/** One recipient's link. The secret is known to the recipient alone; only digests are stored. */
export const recallLink = z.object({
  linkId: z.string(),
  model: z.string(),
  executionName: z.string(),
  part: z.int().min(1),
  /** One digest per email that was tried, the newest last: links of earlier emails go on working. */
  secretSha256s: z.array(sha256).min(1).readonly(),
  /** Emails that were tried. Writers condition on it. */
  attempts: z.int().min(1),
  attemptedAt: z.string(),
  /** When the newest email was accepted for delivery. */
  sentAt: z.string().exactOptional(),
});
export type RecallLink = Readonly<z.infer<typeof recallLink>>;

/** One link per recipient and recall. The id is public, in the link's path; it proves nothing. */
export function linkIdOf({ model, executionName, part }: RecallRef, email: string): string {
  return sha256Hex(JSON.stringify([model, executionName, part, normalEmail(email)])).slice(0, 32);
}

/** Address of one recipient's page. It holds the secret: it goes into that recipient's email and nowhere else. */
export function recallLinkAddress(baseUrl: string, linkId: string, secret: string): string {
  return `${baseUrl.replace(/\/+$/, '')}/recalls/${linkId}?k=${secret}`;
}

/** A recall by name, for people and logs. */
export function recallName({ executionName, part }: Pick<RecallRef, 'executionName' | 'part'>): string {
  return part === 1 ? executionName : `${executionName}, list ${part}`;
}

/** Address of an object, for people and programs of this account. */
export function uriOf({ bucket, key }: Pick<StoredObject, 'bucket' | 'key'>): string {
  return `s3://${bucket}/${key}`;
}

/** Whoever still has to acknowledge. */
export function waitedFor({ asked: all, answers }: Pick<RecallItem, 'asked' | 'answers'>): readonly Asked[] {
  return all.filter(({ linkId, acknowledges }) => acknowledges && !answers.some((one) => one.linkId === linkId));
}
