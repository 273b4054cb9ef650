import * as z from 'zod';

const figure = z.number().nullable();
/** `inf`: a shift where the reference never moved. */
const unboundedFigure = z.union([z.number(), z.literal('inf')]).nullable();

/** Everything that the guard measured, in the shape of the evidence contract. */
export const guardResult = z.object({
  gate: z.literal('guard'),
  decision: z.enum(['OK', 'WARN', 'ROLLBACK', 'INSUFFICIENT']),
  reasons: z.array(z.string()),
  warnings: z.array(z.string()),
  /** Reference days with a score, and the days after the reference. */
  n_ref: z.int(),
  n_live: z.int(),
  /** Mean, widened standard deviation and bounded autocorrelation of ln(error / comparator error) in the reference. */
  mu: figure,
  sigma: figure,
  phi: figure,
  /** Error over comparator error of all reference days. */
  reference_ratio: figure,
  cusum: unboundedFigure,
  cusum_max: unboundedFigure,
  /** Relative change of the last window's ratio against the reference. */
  degradation: figure,
  /** Days running, up to the last one, that it was above the limit. */
  streak: z.int(),
});
export type GuardResult = z.infer<typeof guardResult>;
export type GuardDecision = GuardResult['decision'];
