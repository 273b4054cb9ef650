/** Demand of one series before the first origin, from its first sale on. Sums over the days with demand. */
export interface DemandProfile {
  /** Days from the first sale to the first origin, both counted; 0 without a sale. */
  readonly days: number;
  readonly demandDays: number;
  /** In any one unit, and its square: integers of a small unit are exact, and so is what is decided on them. */
  readonly sum: number | bigint;
  readonly sumOfSquares: number | bigint;
}

export type Regime = 'smooth' | 'erratic' | 'intermittent' | 'lumpy' | 'none';
export type VolumeBand = 'A' | 'B' | 'C' | 'N';

/** Borders of Syntetos, Boylan and Croston (2005), here for daily demand. */
const INTERVAL_BORDER = 1.32;
const VARIATION_BORDER = 0.49;

/** Mean interval between days with demand: days over days with demand. Null without a sale. */
export function adi({ days, demandDays }: DemandProfile): number | null {
  return demandDays === 0 ? null : days / demandDays;
}

/** Squared coefficient of variation of the sizes: population variance over squared mean. Null without a sale. */
export function cv2(profile: DemandProfile): number | null {
  return profile.demandDays === 0 ? null : variation(profile).cv2;
}

/** Demand regime by mean interval between days with demand and squared variation of their sizes; `none` without a sale. */
export function regimeOf(profile: DemandProfile): Regime {
  const interval = adi(profile);
  if (interval === null) return 'none';
  const { steady } = variation(profile);
  if (interval < INTERVAL_BORDER) return steady ? 'smooth' : 'erratic';
  return steady ? 'intermittent' : 'lumpy';
}

/** Mean of squares over square of mean is 1 + CV2; subtracting the 1 would cost the digits that decide at the border. */
function variation({ demandDays, sum, sumOfSquares }: DemandProfile): {
  readonly cv2: number;
  readonly steady: boolean;
} {
  if (typeof sum === 'bigint' && typeof sumOfSquares === 'bigint') {
    const [squares, square] = [BigInt(demandDays) * sumOfSquares, sum * sum];
    const border = BigInt(Math.round((1 + VARIATION_BORDER) * 100));
    return { cv2: Number(squares - square) / Number(square), steady: squares * 100n < square * border };
  }
  const ratio = (demandDays * Number(sumOfSquares)) / Number(sum) ** 2;
  return { cv2: Math.max(0, ratio - 1), steady: ratio < 1 + VARIATION_BORDER };
}

/**
 * Volume band per SKU by units before the first origin, largest first: A while the share before the SKU is under 80 %,
 * B under 95 %, else C. A SKU that is not listed has no history and is N; one that is listed and sold nothing comes last.
 */
export function volumeBands(units: ReadonlyMap<string, number>): ReadonlyMap<string, VolumeBand> {
  const ranked = [...units].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const total = ranked.reduce((sum, [, sold]) => sum + sold, 0);
  const bands = new Map<string, VolumeBand>();
  let before = 0;
  for (const [sku, sold] of ranked) {
    // Without a division, so that whole units decide exactly at the border.
    bands.set(sku, before * 5 < total * 4 ? 'A' : before * 20 < total * 19 ? 'B' : 'C');
    before += sold;
  }
  return bands;
}
