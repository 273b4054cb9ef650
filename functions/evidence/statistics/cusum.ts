/**
 * One-sided cumulative sum of standardised values (Page 1954): C = max(0, C + z - k), one per value. It forgets at 0 and
 * not after an alarm, so that a standing shift keeps it high.
 */
export function cusum(z: readonly number[], k: number): readonly number[] {
  let sum = 0;
  return z.map((value) => {
    sum = Math.max(0, sum + value - k);
    return sum;
  });
}
