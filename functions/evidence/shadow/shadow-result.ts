import * as z from 'zod';

const share = z.number().nullable();
/** Null: undefined, as 0 / 0. `inf`: unbounded, as anything / 0. */
const ratio = z.union([z.number(), z.literal('inf')]).nullable();

/** Rows as they were handed in, and what of them could not be used. */
const quality = z.object({
  rows: z.int(),
  /** Rows without a readable key. */
  bad_date: z.int(),
  /** Rows that repeat another one value by value. */
  duplicate_rows: z.int(),
  /** Keys that appear with different values; left out whole. */
  conflicting_keys: z.int(),
  candidate_missing: z.int(),
  candidate_nonfinite: z.int(),
  candidate_negative: z.int(),
  production_missing: z.int(),
  production_nonfinite: z.int(),
  production_negative: z.int(),
  /** Not known yet. */
  missing_actual: z.int(),
  /** Negative (returns) or not a number. */
  invalid_actual: z.int(),
  candidate_invalid_rate: share,
});

const cycle = z.object({
  /** From 0, the cycle of the first target day. */
  cycle: z.int(),
  /** Paired rows. */
  n: z.int(),
  bias_candidate: share,
  bias_production: share,
  rel_wape: ratio,
});

/** Everything that the shadow judge measured, in the shape of the evidence contract. Cycles are the complete ones. */
export const shadowResult = z.object({
  gate: z.literal('shadow'),
  decision: z.enum(['PASS', 'FAIL', 'CONTINUE']),
  reasons: z.array(z.string()),
  pending: z.array(z.string()),
  warnings: z.array(z.string()),
  quality,
  complete_cycles: z.int(),
  cycles: z.array(cycle),
  bias: z.object({ candidate: share, production: share, systematic: z.boolean() }),
  accuracy: z.object({
    /** Paired rows of complete cycles. */
    n: z.int(),
    /** Level of one decision. */
    alpha_look: z.number(),
    wape_candidate: share,
    wape_production: share,
    rel_wape: ratio,
    /** Diebold-Mariano test over the days of complete cycles. */
    dm: z.object({ n: z.int(), h: z.int(), mean: ratio, se: share, stat: share, p_noninf: share }),
    series_se: share,
    p_series: share,
    p_harm_series: share,
    /** The larger of both tests' p values; null while either is undefined. */
    p_noninf: share,
  }),
  instability: z.object({
    pairs: z.int(),
    churn_candidate: share,
    churn_production: share,
    churn_ratio: ratio,
    spike_rate: share,
  }),
  drift: z.object({
    n_ref: z.int(),
    n_cur: z.int(),
    groups: z.int(),
    psi: share,
    psi_critical: share,
    js: share,
    ks: share,
    w1_norm: share,
    level_shift: ratio,
  }),
});
export type ShadowResult = z.infer<typeof shadowResult>;
