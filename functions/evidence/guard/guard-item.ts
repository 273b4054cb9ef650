import * as z from 'zod';
import type { GuardJudged } from './guard.ts';

const finding = z.object({ code: z.string(), got: z.string(), allowed: z.string() });

/** As-of dates whose forecasts are complete, with how many there were of the version. */
const volume = z.object({ date: z.string(), asked: z.int().min(0) });
export type Volume = z.infer<typeof volume>;

/**
 * Registry item of a model's guard: what it found of the version that was promoted last. A promotion begins it anew.
 * A reason that was found once stays: a rollback is undone by people, not by a calmer week.
 */
export const guardItem = z.object({
  model: z.string(),
  promotionId: z.string(),
  version: z.string(),
  status: z.enum(['armed', 'disarmed']),
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
    volumes: z.array(volume),
    warnings: z.array(finding),
  }),
  /** Clock of accuracy and input: closed days. */
  accuracy: z.object({
    seen: z.string(),
    /** Newest closed day that was judged; empty: none yet. */
    through: z.string(),
    decision: z.enum(['OK', 'WARN', 'ROLLBACK', 'INSUFFICIENT']),
    warnings: z.array(finding),
    /** What the version was compared with; empty: nothing yet. */
    comparator: z.string(),
  }),
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
}

/** What one look at the newest as-of dates came to. */
export interface OperationsLook {
  readonly seen: string;
  readonly asOf: string;
  readonly volumes: readonly Volume[];
  readonly reasons: GuardJudged['reasons'];
  readonly warnings: GuardJudged['warnings'];
}
