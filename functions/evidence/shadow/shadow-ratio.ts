/** Ratios of exact sums, as results carry them: null is undefined (0 / 0), `inf` unbounded (anything else / 0). */
export type Ratio = number | 'inf' | null;

/** Far below any threshold and far above the rounding of a division. */
const EQUAL = 1e-12;

/** More than the limit, not only by rounding. */
export function exceeds(value: number, limit: number): boolean {
  return value - limit > EQUAL;
}

/** Null without a whole. */
export function share(part: bigint, whole: bigint): number | null {
  return whole === 0n ? null : Number(part) / Number(whole);
}

/** part / whole - 1; 0 of two zeros, which are equal. */
export function change(part: bigint, whole: bigint): number | 'inf' {
  if (whole === 0n) return part === 0n ? 0 : 'inf';
  return Number(part - whole) / Number(whole);
}

/** A quotient of two shares. */
export function over(part: number | null, whole: number | null): Ratio {
  if (part === null || whole === null) return null;
  if (whole === 0) return part === 0 ? null : 'inf';
  return part / whole;
}

/** As a number to compare with: infinity for `inf`; null stays null. */
export function comparable(ratio: Ratio): number | null {
  return ratio === 'inf' ? Number.POSITIVE_INFINITY : ratio;
}

export function written(value: number | null): Ratio {
  return value === Number.POSITIVE_INFINITY ? 'inf' : value;
}
