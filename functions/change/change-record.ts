import * as z from 'zod';

export const CHANGE_TYPES = [
  'architecture',
  'features',
  'training-window',
  'thresholds',
  'calibration',
  'retraining-cadence',
  'onboarding',
  'ownership',
] as const;

const prose = (what: string) =>
  z.string(`${what} is missing.`).trim().min(10, `${what}: say it in at least 10 characters.`).max(4000);

/** What is documented before it acts. An incomplete record is refused, naming what is missing. */
export const changeRecord = z.strictObject({
  type: z.enum(CHANGE_TYPES),
  /** Why the change is made. */
  reason: prose('The reason'),
  /** Which models, segments, data or settings it touches. */
  scope: prose('The scope'),
  /** What the business should see afterwards. */
  expectedImpact: prose('The expected impact'),
  /** How it is undone, and who decides that. */
  rollbackPlan: prose('The rollback plan'),
  /** May only raise the severity that the rule gives, never lower it. */
  critical: z.literal(true).optional(),
});

export const EQUAL_IS_ENOUGH = ['cost', 'maintenance', 'safety'] as const;

/**
 * The change record of a promotion. A candidate must be better than what it replaces by what the policy demands, unless
 * the record says why one that is proven to be no worse is wanted.
 */
export const promotionChange = changeRecord.extend({
  equalIsEnough: z
    .strictObject({ because: z.enum(EQUAL_IS_ENOUGH), explanation: prose('Why equal is enough') })
    .exactOptional(),
});
export type PromotionChange = z.infer<typeof promotionChange>;
