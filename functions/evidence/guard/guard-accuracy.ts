import { cusum } from '../statistics/cusum.ts';
import type { GuardConfig } from './guard-config.ts';
import type { GuardDay } from './guard-days.ts';

/** What the error's ratio to the comparator's is when all is well. */
export interface Reference {
  /** Days with a score. */
  readonly scored: number;
  readonly mu: number;
  readonly sigma: number;
  readonly phi: number;
  readonly ratio: number;
}

/** The accuracy of one live day, after it closed. */
export interface AccuracyDay {
  readonly date: string;
  /** Null on a day without score: nothing was learnt. */
  readonly z: number | null;
  readonly cusum: number;
  /** Relative change of the window's ratio; null while the window is not full, or without a score. */
  readonly degradation: number | null;
  /** Days with a score running that it was above the limit. */
  readonly streak: number;
}

/** A standard deviation below this is rounding: the ratio never moved. */
const NO_SPREAD = 1e-12;

/** ln(error / comparator error) of a day; null without a score: one of them is missing, 0 or not a number. */
export function scoreOf({ absError, comparatorAbsError }: GuardDay): number | null {
  const usable = [absError, comparatorAbsError].every((sum) => sum !== null && Number.isFinite(sum) && sum > 0);
  return usable ? Math.log(Number(absError) / Number(comparatorAbsError)) : null;
}

/**
 * Mean and standard deviation of the scores (divisor n - 1), the latter widened by sqrt((1 + phi) / (1 - phi)) for their
 * lag-1 autocorrelation phi, bounded to [0, phi_max] (Bagshaw and Johnson 1975). Null when fewer than half of the
 * reference days have a score.
 */
export function referenceOf(days: readonly GuardDay[], { ref_days, phi_max }: GuardConfig): Reference | null {
  const scored = days.filter((day) => scoreOf(day) !== null);
  const ratio = ratioOf(scored);
  const n = scored.length;
  if (ratio === null || n < 2 || n * 2 < ref_days) return null;
  const x = scored.map((day) => scoreOf(day) ?? 0);
  const mu = total(x) / n;
  const residuals = x.map((value) => value - mu);
  const squares = total(residuals.map((value) => value * value));
  const lagged = total(residuals.slice(1).map((value, index) => value * (residuals[index] ?? 0)));
  const spread = Math.sqrt(squares / (n - 1));
  if (spread < NO_SPREAD) return { scored: n, mu, sigma: 0, phi: 0, ratio };
  const phi = Math.min(phi_max, Math.max(0, lagged / squares));
  return { scored: n, mu, sigma: spread * Math.sqrt((1 + phi) / (1 - phi)), phi, ratio };
}

/** Day by day from the first live one on. A day without score moves neither the sum nor the streak. */
export function followAccuracy(
  days: readonly GuardDay[],
  reference: Reference,
  config: GuardConfig,
): readonly AccuracyDay[] {
  const z = days.map((day) => standardised(scoreOf(day), reference));
  const sums = cusum(
    z.filter((value) => value !== null),
    config.cusum_k,
  );
  const followed: AccuracyDay[] = [];
  let scored = 0;
  for (const [index, { date }] of days.entries()) {
    const before = followed.at(-1) ?? { cusum: 0, degradation: null, streak: 0 };
    const own = z[index] ?? null;
    if (own === null) {
      followed.push({ ...before, date, z: null });
      continue;
    }
    const sum = sums[scored] ?? before.cusum;
    scored += 1;
    const window = index + 1 < config.window ? [] : days.slice(index + 1 - config.window, index + 1);
    const ratio = ratioOf(window.filter((day) => scoreOf(day) !== null));
    const degradation = ratio === null ? null : ratio / reference.ratio - 1;
    const streak = degradation !== null && degradation > config.rollback ? before.streak + 1 : 0;
    followed.push({ date, z: own, cusum: sum, degradation, streak });
  }
  return followed;
}

function standardised(x: number | null, { mu, sigma }: Reference): number | null {
  if (x === null) return null;
  if (sigma > 0) return (x - mu) / sigma;
  // Where the ratio never moved, any rise is without bound, and a fall only takes the sum back.
  if (Math.abs(x - mu) < NO_SPREAD) return 0;
  return x > mu ? Number.POSITIVE_INFINITY : -Number.MAX_VALUE;
}

/** Error over comparator error of days with a score, together. */
function ratioOf(scored: readonly GuardDay[]): number | null {
  if (scored.length === 0) return null;
  const errors = total(scored.map(({ absError }) => absError ?? 0));
  return errors / total(scored.map(({ comparatorAbsError }) => comparatorAbsError ?? 0));
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
