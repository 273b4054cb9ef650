import gammainc from '@stdlib/math-base-special-gammainc';
import chiSquare from '@stdlib/stats-base-dists-chisquare-quantile';
import normal from '@stdlib/stats-base-dists-normal-quantile';
import studentTCdf from '@stdlib/stats-base-dists-t-cdf';
import studentT from '@stdlib/stats-base-dists-t-quantile';

/**
 * P(T > t) of Student's t with `df` > 0 degrees of freedom. The upper tail is the lower one of -t, so that small tails
 * keep their digits: as 1 - cdf they would be lost near 1e-16.
 */
export function studentTUpperTail(t: number, df: number): number {
  return studentTCdf(-t, df);
}

/** The t that Student's t with `df` degrees of freedom exceeds with probability 1 - p. */
export function studentTQuantile(p: number, df: number): number {
  return studentT(p, df);
}

/** P(X > x) of chi-square with `df` degrees of freedom: the regularised upper incomplete gamma function. */
export function chiSquareUpperTail(x: number, df: number): number {
  return x <= 0 ? 1 : gammainc(x / 2, df / 2, true, true);
}

/** The x that chi-square with `df` degrees of freedom exceeds with probability 1 - p. */
export function chiSquareQuantile(p: number, df: number): number {
  return chiSquare(p, df);
}

/** The z that a standard normal value exceeds with probability 1 - p. */
export function normalQuantile(p: number): number {
  return normal(p, 0, 1);
}
