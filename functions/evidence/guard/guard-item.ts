import * as z from 'zod';
import type { GuardJudged } from './guard.ts';

const finding = z.object({ code: z.string(), got: z.string(), allowed: z.string() });

/** As-of dates whose forecasts are complete, with how many there were of the version. */
const volume = z.object({ date: z.string(), asked: z.int().min(0) });
export type Volume = z.infer<typeof volume>;

/** A business date and when, in UTC, the first data of it came. */
const arrival = z.object({ date: z.string(), at: z.string() });
export type Arrival = Readonly<z.infer<typeof arrival>>;

/** How many stores, SKUs and regions the version was asked for on an as-of date. */
const spread = z.object({
  date: z.string(),
  ...{ stores: z.int().min(0), skus: z.int().min(0), regions: z.int().min(0) },
  /** Too many of the usual ones are missing. */
  isShort: z.boolean(),
});
export type Spread = Readonly<z.infer<typeof spread>>;

/**
 * Registry item of a model's guard: what it found of the version that serves. A promotion or a rollback begins it anew.
 * While it is armed, a reason that was found once stays: a rollback is undone by people, not by a calmer week. Disarmed it
 * watches on, and tells what holds now.
 */
export const guardItem = z.object({
  model: z.string(),
  promotionId: z.string(),
  version: z.string(),
  /** Disarmed: its accuracy is confirmed, or it did not come by a promotion, or a later one was gone back from. */
  status: z.enum(['armed', 'disarmed']),
  /** What a decision to go back leads to. */
  answer: z.enum(['rollback', 'alert']).default('rollback'),
  decision: z.enum(['OK', 'WARN', 'ROLLBACK', 'INSUFFICIENT']),
  /** When it came to this decision. */
  since: z.string(),
  reasons: z.array(finding),
  warnings: z.array(finding),
  /** Clock of operations: minutes, over the newest as-of dates. */
  operations: z.object({
    /** Digest of the listing that was judged; the same one is not read again. */
    seen: z.string(),
    /** Newest as-of date with forecasts that the promoted document routed; empty: none yet. */
    asOf: z.string(),
    /** When it was judged last; empty: never. */
    at: z.string().default(''),
    volumes: z.array(volume),
    spreads: z.array(spread).default([]),
    reasons: z.array(finding).default([]),
    warnings: z.array(finding),
    /** Too few of the stores were asked for. */
    silence: z.array(finding).default([]),
  }),
  /** Clock of accuracy and input: closed days. */
  accuracy: z.object({
    seen: z.string(),
    /** Newest closed day that was judged; empty: none yet. */
    through: z.string(),
    decision: z.enum(['OK', 'WARN', 'ROLLBACK', 'INSUFFICIENT']),
    reasons: z.array(finding).default([]),
    warnings: z.array(finding),
    /** Too little of what was sold is known. */
    silence: z.array(finding).default([]),
    /** Share of the days since it serves that are closed, of what is usual; null: none is. */
    coverage: z.number().nullable().default(null),
    /** What the version was compared with; empty: nothing yet. */
    comparator: z.string(),
  }),
  /** When the first forecasts of the model's newest as-of dates came. */
  arrivals: z.array(arrival).default([]),
  /** Codes of reasons and warnings that owner and approvers were told of, as long as they hold. */
  alerted: z.array(z.string()).default([]),
  /** Last as-of date of the confirmation period; absent until the period is over. */
  periodEnd: z.string().exactOptional(),
  lookedAt: z.string(),
  /** Counts changes of this item; writers condition on it. */
  revision: z.int().min(1),
});
export type GuardItem = z.infer<typeof guardItem>;

/** What one look at the closed days came to. */
export interface AccuracyLook {
  readonly seen: string;
  readonly through: string;
  readonly comparator: string;
  readonly judged: GuardJudged;
  readonly silence: GuardJudged['warnings'];
  /** Share of the days since the version serves that are closed, of what is usual; null: none is. */
  readonly coverage: number | null;
}

/** What one look at the newest as-of dates came to. */
export interface OperationsLook {
  readonly seen: string;
  readonly asOf: string;
  readonly volumes: readonly Volume[];
  readonly spreads: readonly Spread[];
  readonly reasons: GuardJudged['reasons'];
  readonly warnings: GuardJudged['warnings'];
  readonly silence: GuardJudged['warnings'];
}
