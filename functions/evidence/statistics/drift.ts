import { chiSquareQuantile } from './distributions.ts';
import { countOf, type Histogram, massesOf, meanOf } from './histogram.ts';

export interface Drift {
  readonly n_ref: number;
  readonly n_cur: number;
  /** Merged bins that PSI compares; 0 when one side has no value. */
  readonly groups: number;
  readonly psi: number | null;
  readonly psi_critical: number | null;
  readonly js: number | null;
  readonly ks: number | null;
  readonly w1_norm: number | null;
}

/** Independent observations behind each side, where values of one series or block move together. */
export interface EffectiveSize {
  readonly ref: number;
  readonly cur: number;
}

export interface DriftSettings {
  readonly effective?: EffectiveSize;
  /** Chance that PSI exceeds its critical value without a change. */
  readonly alpha?: number;
}

/** Bins are merged until each holds one in this many reference values. */
const MERGE_TO_ONE_IN = 20;

/** Shares of PSI are at least this, so that an empty bin does not depend on the number of values. */
const FLOOR = 0.001;

/**
 * How far a distribution moved from a reference with the same bins.
 * - psi: sum (q - p) ln(q / p) over bins merged left to right on the reference until each has 5 %, the zero bin alone,
 *   shares floored at 0.001 and renormalised; its critical value is (1/n + 1/m) chi2(1 - alpha, groups - 1)
 *   (Yurdakul and Naranjo 2020).
 * - js: Jensen-Shannon distance, base 2, over the same groups (Lin 1991; Endres and Schindelin 2003).
 * - ks: largest difference of the distribution functions at bin edges (Kolmogorov, Smirnov); low by at most one bin.
 * - w1_norm: Wasserstein-1 distance of the bin means over the reference mean (Vallender 1974); null with mean 0.
 */
export function drift(reference: Histogram, current: Histogram, settings: DriftSettings = {}): Drift {
  const { alpha = 0.001 } = settings;
  const [n, m] = [countOf(reference), countOf(current)];
  if (n === 0 || m === 0) {
    return { n_ref: n, n_cur: m, groups: 0, psi: null, psi_critical: null, js: null, ks: null, w1_norm: null };
  }
  const { ref, cur } = settings.effective ?? { ref: n, cur: m };
  const groups = groupsOf(reference.counts);
  const [p, q] = [shares(reference.counts, groups), shares(current.counts, groups)];
  return {
    n_ref: n,
    n_cur: m,
    groups: groups.length,
    psi: p.reduce((sum, share, index) => sum + psiTerm(share, q[index] ?? 0), 0),
    psi_critical: (1 / ref + 1 / cur) * chiSquareQuantile(1 - alpha, groups.length - 1),
    js: jensenShannon(p, q),
    ks: kolmogorovSmirnov(reference.counts, current.counts),
    w1_norm: relativeWasserstein(reference, current),
  };
}

/** Bins per group: the zero bin alone, then as many as hold 5 % of the reference; what is left joins the last of them. */
function groupsOf(reference: readonly number[]): readonly (readonly number[])[] {
  const n = reference.reduce((sum, count) => sum + count, 0);
  const groups: number[][] = [];
  let open: number[] = [];
  let held = 0;
  for (const [bin, count] of reference.entries()) {
    if (bin === 0) continue;
    open.push(bin);
    held += count;
    if (held * MERGE_TO_ONE_IN < n) continue;
    groups.push(open);
    [open, held] = [[], 0];
  }
  const last = groups.pop() ?? [];
  return [[0], ...groups, [...last, ...open]];
}

function shares(counts: readonly number[], groups: readonly (readonly number[])[]): readonly number[] {
  const n = counts.reduce((sum, count) => sum + count, 0);
  const floored = groups.map((bins) => Math.max(FLOOR, bins.reduce((sum, bin) => sum + (counts[bin] ?? 0), 0) / n));
  const total = floored.reduce((sum, share) => sum + share, 0);
  return floored.map((share) => share / total);
}

function psiTerm(p: number, q: number): number {
  return (q - p) * Math.log(q / p);
}

/** Root of the mean divergence of both from their middle, in bits; shares are never 0 here. */
function jensenShannon(p: readonly number[], q: readonly number[]): number {
  const divergence = p.reduce((sum, share, index) => {
    const other = q[index] ?? 0;
    const middle = (share + other) / 2;
    return sum + (share * Math.log2(share / middle) + other * Math.log2(other / middle)) / 2;
  }, 0);
  return Math.sqrt(Math.max(0, divergence));
}

function kolmogorovSmirnov(reference: readonly number[], current: readonly number[]): number {
  const [n, m] = [reference, current].map((counts) => counts.reduce((sum, count) => sum + count, 0));
  let [below, belowToo, largest] = [0, 0, 0];
  for (const [bin, count] of reference.entries()) {
    below += count;
    belowToo += current[bin] ?? 0;
    largest = Math.max(largest, Math.abs(below / (n ?? 1) - belowToo / (m ?? 1)));
  }
  return largest;
}

/** Area between the distribution functions of the bin means, over the reference mean. */
function relativeWasserstein(reference: Histogram, current: Histogram): number | null {
  const mean = meanOf(reference);
  if (mean === null || mean === 0) return null;
  const steps = [
    ...massesOf(reference).map(({ at, share }) => ({ at, step: share })),
    ...massesOf(current).map(({ at, share }) => ({ at, step: -share })),
  ].sort((a, b) => a.at - b.at);
  let [ahead, area] = [0, 0];
  for (const [index, { at, step }] of steps.entries()) {
    ahead += step;
    area += Math.abs(ahead) * ((steps[index + 1]?.at ?? at) - at);
  }
  return area / mean;
}
