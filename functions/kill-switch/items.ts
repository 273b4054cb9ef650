import * as z from 'zod';
import { requester } from '../platform/people.ts';

/** How much a throw stops: a candidate in one of its stages, wherever it stands and for good, or the model itself. */
export const LEVELS = ['canary', 'shadow', 'candidate', 'model'] as const;
export type Level = (typeof LEVELS)[number];
/** The levels that stop a candidate and leave production as it is. */
export type CandidateLevel = Exclude<Level, 'model'>;

const thrown = {
  model: z.string(),
  reason: z.string(),
  requestedBy: requester,
  thrownAt: z.string(),
  /** UTC; nothing ends then by itself: people are reminded before, and pressed after. */
  expiresAt: z.string(),
  /** Position of the newest `kill-switch-thrown` entry about it. */
  ledgerSeq: z.int().min(1),
  /** UTC date of the newest reminder; absent before the first. */
  remindedOn: z.string().exactOptional(),
};

/** Registry item of the switch that stands for a model: a safe forecast serves, until a restoration is approved. */
export const standingSwitch = z.object({
  ...thrown,
  level: z.literal('model'),
  fallback: z.string(),
  /** Empty: the whole model. */
  fallbackSegments: z.array(z.string()).readonly(),
  /** The deployment by which it was thrown, or made wider. */
  documentSha256: z.string(),
  deploymentNumber: z.int(),
});
export type StandingSwitch = z.infer<typeof standingSwitch>;

/** Registry item of a candidate that was stopped; kept. */
export const stoppedCandidate = z.object({
  ...thrown,
  level: z.enum(['canary', 'shadow', 'candidate']),
  promotionId: z.string(),
  version: z.string(),
  /** The newest deployment that took it out of the pointer; absent while none had to. */
  deploymentNumber: z.int().exactOptional(),
});
export type StoppedCandidate = z.infer<typeof stoppedCandidate>;

export const killSwitchItem = z.discriminatedUnion('level', [standingSwitch, stoppedCandidate]);
export type KillSwitchItem = z.infer<typeof killSwitchItem>;
