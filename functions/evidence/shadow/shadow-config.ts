import * as z from 'zod';

const share = () => z.number().min(0).max(1);
const limit = () => z.number().min(0);
const count = () => z.int().min(0);

/**
 * Thresholds of the shadow judge; shares are fractions (0.05 is 5 %), a positive bias is too much forecast. Keys and
 * defaults are those of the evidence contract; a policy may only be stricter. An unknown key is refused.
 */
export const shadowConfig = z
  .strictObject({
    /** Chance of a wrong pass over all decisions of a shadow; each has an equal part of it. */
    alpha: z.number().gt(0).max(0.5).default(0.05),
    /** Days of a whole demand cycle. */
    cycle_days: z.int().min(1).max(366).default(7),
    /** Complete cycles needed before anything passes. */
    min_cycles: z.int().min(1).max(520).default(4),
    /** After so many complete cycles without proof the candidate fails. */
    max_cycles: z.int().min(1).max(520).default(8),
    /** Share of a cycle's rows whose actual must be known for the cycle to be complete. */
    cycle_min_actual_share: share().default(0.95),
    /** Relative WAPE by which the candidate may be worse than production. */
    margin: limit().default(0.02),
    /** Series (SKU and store) and paired rows of complete cycles needed to pass. */
    min_series: count().default(30),
    min_rows: count().default(500),
    /** Share of keys on which the candidate may have no usable forecast. */
    max_invalid_rate: share().default(0.001),
    /** Systematic bias: one sign and beyond `bias_cycle_min` in every complete cycle, beyond `bias_overall_max` overall. */
    bias_overall_max: limit().default(0.05),
    bias_cycle_min: limit().default(0.02),
    /** … and more than production's by this. */
    bias_worse_by: limit().default(0.02),
    /** How much more than production's the candidate's forecasts may move from origin to origin. */
    churn_ratio_max: limit().default(1.25),
    churn_min_pairs: count().default(100),
    /** A spike: one forecast more than `spike_ratio` times the other, both taken as at least `spike_floor` units. */
    spike_ratio: z.number().min(1).default(5),
    spike_floor: z.number().gt(0).default(5),
    spike_rate_max: share().default(0.01),
    /** Units that a series' own level, production's mean forecast, is taken for at least. */
    level_floor: z.number().gt(0).default(0.1),
    /** Population stability index and Wasserstein distance of level ratios; failing takes both, and the critical value. */
    psi_warn: limit().default(0.1),
    psi_fail: limit().default(0.25),
    w1_warn: limit().default(0.1),
    w1_fail: limit().default(0.2),
    /** Relative change of all forecast units that is worth a warning. */
    level_shift_warn: limit().default(0.05),
    /** Chance that the index exceeds its critical value without a change. */
    psi_alpha: z.number().gt(0).max(0.5).default(0.001),
  })
  .refine(({ min_cycles, max_cycles }) => max_cycles >= min_cycles, {
    path: ['max_cycles'],
    message: 'Expected at least min_cycles.',
    params: { allowed: 'at least min_cycles' },
  });
export type ShadowConfig = z.infer<typeof shadowConfig>;
