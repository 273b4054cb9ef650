import * as z from 'zod';

const share = () => z.number().gt(0).lt(1);

/**
 * Whether and by what a candidate is held that forecasts better than a forecast can. Off only when said so; an honest
 * model that the limits stop anyway is a reason to look at its data, see `judgeImplausible`.
 */
export const implausibleSettings = {
  implausible: z.enum(['judge', 'off']).default('judge'),
  /** Level of each one-sided test, of single origins divided by how many there are. */
  implausible_alpha: z.number().gt(0).lte(0.05).default(0.005),
  /** Paired rows and series from which on anything is said, and the series that each trace needs. */
  implausible_min_rows: z.int().min(1).default(5_000),
  implausible_min_series: z.int().min(10).default(100),
  /** Of more rows a sample of series is looked at, drawn by their names: the traces need no more. */
  implausible_max_rows: z.int().min(1).default(500_000),
  /** Units a day forecast below which a series moves slowly, and up to which it is held against counting noise at all. */
  implausible_slow_units: z.number().gt(0).lte(5).default(1),
  implausible_medium_units: z.number().gt(5).lte(10_000).default(100),
  /**
   * What has to remain unknown of counting noise, which is 1 for a forecast that knows the true rate of each day: on slow
   * movers, of which demand may be a fifth steadier than counts are, and on the others, where that is not as sure. Less
   * has to be shown, not only measured.
   */
  implausible_slow_noise: share().default(0.8),
  implausible_medium_noise: share().default(0.4),
  /** Share of series of whose day-to-day surprises hardly any may be left unexplained. */
  implausible_known_series: share().default(0.05),
  /** Share of window totals that may be met within half their counting noise: 0.38 to 0.46 are if the true rate is known. */
  implausible_met_totals: z.number().gt(0.5).lt(1).default(0.6),
  /** Mean correlation with day-to-day surprises from which on a candidate follows them, as one does that knows promotions. */
  implausible_followed: share().default(0.5),
};
