import * as z from 'zod';

const share = () => z.number().min(0).max(1);
const limit = () => z.number().min(0);
const days = (least: number) => z.int().min(least).max(3660);

/** The first and the last day of something known beforehand that moves demand: a promotion, a holiday. */
const declaredEvent = z
  .strictObject({ from: z.iso.date(), to: z.iso.date() })
  .refine(({ from, to }) => to >= from, { path: ['to'], message: 'Expected no day before from.' });

/**
 * Thresholds of the production guard; shares are fractions (0.05 is 5 %). Keys and defaults are those of the evidence
 * contract; a policy may only be stricter. An unknown key is refused.
 */
export const guardConfig = z
  .strictObject({
    /** Closed days that say what the ratio to the comparator's error is when all is well. */
    ref_days: days(2).default(28),
    /** Days of the ratio that is compared with the reference. */
    window: days(1).default(7),
    /** Relative rise of that ratio worth a warning, and worth going back. */
    warn: limit().default(0.05),
    rollback: limit().default(0.1),
    /** Days running that the ratio has to be above `rollback`. */
    consecutive: days(1).default(2),
    /** Allowance and alarm limit of the cumulative sum, in standard deviations. */
    cusum_k: limit().default(0.5),
    cusum_h: z.number().gt(0).default(5),
    /** Share of a day's forecasts that may be invalid. */
    max_invalid_rate: share().default(0.005),
    /** Share of the expected rows that a day needs. */
    min_volume: share().default(0.8),
    /** Bound of the autocorrelation that widens the standard deviation. */
    phi_max: z.number().min(0).max(0.99).default(0.9),
    /** Population stability index of the input's level ratios, and the days running that it has to stay up. */
    psi_warn: limit().default(0.1),
    psi_rollback: limit().default(0.25),
    drift_days: days(1).default(3),
    /** On these days the input may drift; everything else is judged as ever. */
    declared_events: z.array(declaredEvent).max(100).default([]),
  })
  .refine(({ warn, rollback }) => warn <= rollback, {
    path: ['warn'],
    message: 'Expected at most rollback.',
    params: { allowed: 'at most rollback' },
  })
  .refine(({ psi_warn, psi_rollback }) => psi_warn <= psi_rollback, {
    path: ['psi_warn'],
    message: 'Expected at most psi_rollback.',
    params: { allowed: 'at most psi_rollback' },
  });
export type GuardConfig = z.infer<typeof guardConfig>;
