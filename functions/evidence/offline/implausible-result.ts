import * as z from 'zod';

/** What is measured of a candidate that may know more than a forecast can; see `traceScope` for each. */
const trace = z.object({
  name: z.enum([
    'squared_error',
    'unexplained_slow',
    'unexplained_medium',
    'known_series',
    'window_totals',
    'follows_surprises',
    'a_day_off',
    'horizon_growth',
  ]),
  value: z.number(),
  /** It speaks when the value lies beyond this, and is shown to lie beyond what an honest forecast comes to. */
  limit: z.number(),
  se: z.number(),
  /** Series that it is measured on. */
  series: z.int(),
  speaks: z.boolean(),
  /** Of `horizon_growth`: that of the baseline. */
  production: z.number().exactOptional(),
});
export type Trace = z.infer<typeof trace>;

const verdict = z.enum(['PASS', 'INCONCLUSIVE', 'FAIL']);

/** Over the rows that were looked at: all, or those of a sample of series. */
export const implausibleResult = z.object({
  verdict,
  rows: z.int(),
  series: z.int(),
  traces: z.array(trace),
  /** By origin date: those that are suspect by themselves. */
  origins: z.record(z.string(), z.object({ verdict, traces: z.array(trace) })),
});
export type Implausible = z.infer<typeof implausibleResult>;
