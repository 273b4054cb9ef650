import * as z from 'zod';
import { reason, storedObject } from '../registry/items.ts';

/**
 * The parts of going back that a drill measures, in their order:
 * `detect` from the fault to the check that notices it, `decide` to the target, `switch` to the data plane that serves it,
 * `converge` to the polling reader that goes by it.
 */
export const PHASES = ['detect', 'decide', 'switch', 'converge'] as const;
export type Phase = (typeof PHASES)[number];

const seconds = z.number().min(0);

/** What a drill came to. */
export const drillScore = z.object({
  passed: z.boolean(),
  /** By phase; a phase that was not reached is absent. */
  seconds: z.partialRecord(z.enum(PHASES), seconds),
  /** From the fault to the last reader; null when it did not come so far. */
  total: seconds.nullable(),
  /** Of the policy, as it was at the drill. */
  maxSeconds: seconds,
  /** The phase that took longest; null when none was measured. */
  slowest: z.enum(PHASES).nullable(),
  reasons: z.array(reason).readonly(),
});
export type DrillScore = z.infer<typeof drillScore>;

/** Registry item of one drill; never changed. */
export const drillItem = drillScore.extend({
  model: z.string(),
  executionName: z.string(),
  startedAt: z.string(),
  /** When it was over, UTC. */
  at: z.string(),
  /** The version that was gone back from, and the one that was gone back to; empty: the safe forecast. */
  from: z.string(),
  to: z.string(),
  /** The production version of the model at the drill; empty: the safe forecast. */
  production: z.string(),
  /** How often the watching reader looked, in seconds: as inference does. */
  pollSeconds: seconds,
  evidence: storedObject,
  ledgerSeq: z.int().min(1),
});
export type DrillItem = z.infer<typeof drillItem>;

/** Registry item of a model's readiness: what the newest check of its way back found. */
export const readinessItem = z.object({
  model: z.string(),
  ready: z.boolean(),
  reasons: z.array(reason).readonly(),
  checkedAt: z.string(),
  /** Since when it has been so. */
  since: z.string(),
  /** Counts writes; writers condition on it. */
  revision: z.int().min(1),
});
export type ReadinessItem = z.infer<typeof readinessItem>;
