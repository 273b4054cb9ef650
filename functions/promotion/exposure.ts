import * as z from 'zod';
import type { JsonObject } from '../platform/json.ts';
import { canaryPlan, type Policy } from '../registry/policy.ts';
import type { Stage } from './life-cycle.ts';

/** How far and how long a promotion may expose its candidate: fixed at registration, part of what people approve. */
export const exposurePlan = z.object({
  shadow: z.object({ maxDuration: z.string() }),
  canary: canaryPlan,
  confirmation: z.string(),
  poll: z.string(),
});
export type ExposurePlan = z.infer<typeof exposurePlan>;

/** The plan of a promotion that starts under a policy. */
export function planOf(policy: Pick<Policy, 'shadowPlan' | 'canaryPlan' | 'confirmation' | 'poll'>): ExposurePlan {
  const { shadowPlan, canaryPlan: canary, confirmation, poll } = policy;
  return { shadow: shadowPlan, canary, confirmation, poll };
}

interface Planned {
  readonly version: string;
  /** The version in production when the candidate was registered; empty: the safe forecast. */
  readonly baseline: string;
  readonly plan: ExposurePlan;
}

/**
 * What letting the promotion into a stage exposes. Sealed into the gate and recorded with each decision, so that whoever
 * moves the pointer, and whoever vouches for the move, can hold the document against what was approved.
 * Null: the stage exposes nothing.
 */
export function exposureOf({ version, baseline, plan }: Planned, stage: Stage): JsonObject | null {
  switch (stage) {
    case 'offline':
      return null;
    case 'shadow':
      return { kind: 'shadow', shadowVersion: version, maxDuration: plan.shadow.maxDuration };
    case 'canary':
      return { kind: 'canary', canaryVersion: version, ...plan.canary };
    case 'production':
      return { kind: 'promote', productionVersion: version, shadowVersion: baseline, confirmation: plan.confirmation };
  }
}
