/** Demand of one series before the first origin, from its first sale on. Sums over the days with demand. */
export interface DemandProfile {
  /** Days from the first sale to the first origin, both counted; 0 without a sale. */
  readonly days: number;
  readonly demandDays: number;
  readonly sum: number;
  readonly sumOfSquares: number;
}

export type Regime = 'smooth' | 'erratic' | 'intermittent' | 'lumpy' | 'none';
export type VolumeBand = 'A' | 'B' | 'C' | 'N';

/** Borders of Syntetos, Boylan and Croston, here for daily demand. */
const INTERVAL_BORDER = 1.32;
const VARIATION_BORDER = 0.49;

/** Demand regime by mean interval between days with demand and squared variation of their sizes; `none` without a sale. */
export function regimeOf(profile: DemandProfile): Regime {
  if (profile.demandDays === 0) return 'none';
  const frequent = profile.days / profile.demandDays < INTERVAL_BORDER;
  // Mean of squares over square of mean is 1 + CV2; subtracting the 1 would cost the digits that decide at the border.
  const steady = (profile.demandDays * profile.sumOfSquares) / (profile.sum * profile.sum) < 1 + VARIATION_BORDER;
  if (frequent) return steady ? 'smooth' : 'erratic';
  return steady ? 'intermittent' : 'lumpy';
}

/**
 * Volume band per SKU by units before the first origin, largest first: A while the share before the SKU is under 80 %,
 * B under 95 %, else C. SKUs that sold nothing, or are not listed, are N.
 */
export function volumeBands(units: ReadonlyMap<string, number>): ReadonlyMap<string, VolumeBand> {
  const ranked = [...units].filter(([, sold]) => sold > 0).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const total = ranked.reduce((sum, [, sold]) => sum + sold, 0);
  const bands = new Map<string, VolumeBand>();
  let before = 0;
  for (const [sku, sold] of ranked) {
    bands.set(sku, before < 0.8 * total ? 'A' : before < 0.95 * total ? 'B' : 'C');
    before += sold;
  }
  return bands;
}
