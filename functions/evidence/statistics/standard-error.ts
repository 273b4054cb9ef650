/** A standard error below this is rounding. */
const NO_ERROR = 1e-12;

/** Root of a variance; what is only rounding is exactly 0, so that identical models differ by nothing. */
export function standardError(variance: number): number {
  const se = Math.sqrt(Math.max(0, variance));
  return se < NO_ERROR ? 0 : se;
}
