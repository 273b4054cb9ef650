import { studentTUpperTail } from './distributions.ts';
import { standardError } from './standard-error.ts';

export interface DieboldMariano {
  readonly n: number;
  readonly h: number;
  readonly mean: number | null;
  readonly se: number | null;
  readonly stat: number | null;
  readonly p_noninf: number | null;
}

/**
 * Diebold-Mariano test of a daily loss difference `d` (candidate less production), forecasts up to `h` days ahead,
 * against "worse by the margin or more": long-run variance with Bartlett weights up to lag h - 1 (Newey and West 1987;
 * never negative, unlike the rectangular window of Diebold and Mariano 1995), small-sample factor and t with n - 1
 * degrees of freedom (Harvey, Leybourne and Newbold 1997). `se` has the factor in it. Undefined with n <= h.
 */
export function dieboldMariano(d: readonly number[], h: number, margin: number): DieboldMariano {
  const n = d.length;
  if (n === 0) return { n, h, mean: null, se: null, stat: null, p_noninf: null };
  const mean = d.reduce((sum, one) => sum + one, 0) / n;
  if (n <= h) return { n, h, mean, se: null, stat: null, p_noninf: null };
  const factor = (n + 1 - 2 * h + (h * (h - 1)) / n) / n;
  const se = standardError(longRunVariance(d, mean, h) / n / factor);
  const [shift, df] = [mean - margin, n - 1];
  if (se === 0) return { n, h, mean, se, stat: null, p_noninf: shift < 0 ? 0 : 1 };
  return { n, h, mean, se, stat: shift / se, p_noninf: studentTUpperTail(-shift / se, df) };
}

function longRunVariance(d: readonly number[], mean: number, h: number): number {
  const residuals = d.map((one) => one - mean);
  const autocovariance = (lag: number) =>
    residuals.slice(lag).reduce((sum, one, index) => sum + one * (residuals[index] ?? 0), 0) / d.length;
  return Array.from({ length: h }, (_, lag) => autocovariance(lag) * (lag === 0 ? 1 : 2 * (1 - lag / h))).reduce(
    (sum, term) => sum + term,
    0,
  );
}
