import { standardError } from './standard-error.ts';

/**
 * Sums over the clusters of one arm for a ratio metric: numerator n and denominator d since the canary's last step went
 * live, n0 and d0 before the canary, and their products. Integers, so that they are exact and their order is no matter.
 */
export interface ArmMoments {
  readonly clusters: number;
  readonly n: bigint;
  readonly d: bigint;
  readonly n0: bigint;
  readonly d0: bigint;
  readonly nn: bigint;
  readonly nd: bigint;
  readonly dd: bigint;
  readonly n0n0: bigint;
  readonly n0d0: bigint;
  readonly d0d0: bigint;
  readonly nn0: bigint;
  readonly nd0: bigint;
  readonly dn0: bigint;
  readonly dd0: bigint;
}

/** Numerator and denominator of one cluster in an arm, and those before the canary, in one integer unit. */
export interface ArmCluster {
  readonly n: bigint;
  readonly d: bigint;
  readonly n0: bigint;
  readonly d0: bigint;
}

export interface RatioEffect {
  /** Difference between canary and control, less what was there before; for paired rows the relative change. */
  readonly tau: number;
  readonly se: number;
  /** How much of the difference before is taken off: 0 nothing, 1 all of it. */
  readonly theta: number;
  readonly ratioCanary: number;
  readonly ratioControl: number | null;
  readonly ratioPreCanary: number | null;
  readonly ratioPreControl: number | null;
}

/**
 * Canary against control for a ratio of sums, adjusted by the time before: tau = (R_T - R_C) - theta (R0_T - R0_C), with
 * theta the regression of the cluster residuals on those before, within the bounds of `clamp`, and the variance by
 * clusters (delta method and CUPED for ratios, Deng et al. 2013 and 2018). theta is 0 where there was nothing before.
 * Null without a ratio in either arm, or with fewer than two clusters in one.
 */
export function ratioEffect(
  canary: ArmMoments,
  control: ArmMoments,
  [low, high]: readonly [low: number, high: number] = [0, 1],
): RatioEffect | null {
  const arms = [canary, control];
  if (arms.some(({ clusters, d }) => clusters < 2 || d === 0n)) return null;
  const before = arms.every(({ d0 }) => d0 !== 0n);
  const over = (term: (arm: ArmMoments) => number) => arms.reduce((sum, arm) => sum + term(arm) / arm.clusters, 0);
  const own = over(residualVariance);
  const shared = before ? over(residualCovariance) : 0;
  const prior = before ? over(priorVariance) : 0;
  const theta = before ? Math.min(high, Math.max(low, prior === 0 ? 0 : shared / prior)) : 0;
  const [ratioPreCanary, ratioPreControl] = [ratio(canary.n0, canary.d0), ratio(control.n0, control.d0)];
  const drift = before ? (ratioPreCanary ?? 0) - (ratioPreControl ?? 0) : 0;
  const [ratioCanary, ratioControl] = [Number(canary.n) / Number(canary.d), Number(control.n) / Number(control.d)];
  return {
    tau: ratioCanary - ratioControl - theta * drift,
    se: standardError(own - 2 * theta * shared + theta * theta * prior),
    ...{ theta, ratioCanary, ratioControl, ratioPreCanary, ratioPreControl },
  };
}

/** Numerator against denominator on the same rows of the same clusters, as relative change. Infinity: only d is 0. */
export function pairedEffect(arm: ArmMoments): RatioEffect | null {
  if (arm.clusters < 2) return null;
  const nothing = { theta: 0, ratioControl: null, ratioPreCanary: null, ratioPreControl: null };
  if (arm.d === 0n) {
    const ratioCanary = arm.n === 0n ? 1 : Number.POSITIVE_INFINITY;
    return { tau: ratioCanary - 1, se: 0, ratioCanary, ...nothing };
  }
  const ratioCanary = Number(arm.n) / Number(arm.d);
  // Subtracted before the division, so that equal errors give exactly 0.
  const tau = Number(arm.n - arm.d) / Number(arm.d);
  return { tau, se: standardError(residualVariance(arm) / arm.clusters), ratioCanary, ...nothing };
}

/**
 * Standard deviation of one cluster's residual, after the time before is taken off as `ratioEffect` does it: an arm of G
 * such clusters has the standard error of this over sqrt G. Null without a ratio, or with fewer than two clusters.
 */
export function residualSpread(
  arm: ArmMoments,
  [low, high]: readonly [low: number, high: number] = [0, 1],
): number | null {
  if (arm.clusters < 2 || arm.d === 0n) return null;
  const before = arm.d0 !== 0n;
  const [shared, prior] = before ? [residualCovariance(arm), priorVariance(arm)] : [0, 0];
  const theta = before ? Math.min(high, Math.max(low, prior === 0 ? 0 : shared / prior)) : 0;
  return standardError(residualVariance(arm) - 2 * theta * shared + theta * theta * prior);
}

/** Moments of parts that share no cluster, as of all their clusters together: exact, in any order. */
export function addMoments(one: ArmMoments, other: ArmMoments): ArmMoments {
  return {
    clusters: one.clusters + other.clusters,
    ...{ n: one.n + other.n, d: one.d + other.d, n0: one.n0 + other.n0, d0: one.d0 + other.d0 },
    ...{ nn: one.nn + other.nn, nd: one.nd + other.nd, dd: one.dd + other.dd },
    ...{ n0n0: one.n0n0 + other.n0n0, n0d0: one.n0d0 + other.n0d0, d0d0: one.d0d0 + other.d0d0 },
    ...{ nn0: one.nn0 + other.nn0, nd0: one.nd0 + other.nd0, dn0: one.dn0 + other.dn0, dd0: one.dd0 + other.dd0 },
  };
}

/** Sums over an arm's clusters. */
export function momentsOf(clusters: readonly ArmCluster[]): ArmMoments {
  const total = (of: (one: ArmCluster) => bigint) => clusters.reduce((sum, one) => sum + of(one), 0n);
  return {
    clusters: clusters.length,
    n: total(({ n }) => n),
    d: total(({ d }) => d),
    n0: total(({ n0 }) => n0),
    d0: total(({ d0 }) => d0),
    nn: total(({ n }) => n * n),
    nd: total(({ n, d }) => n * d),
    dd: total(({ d }) => d * d),
    n0n0: total(({ n0 }) => n0 * n0),
    n0d0: total(({ n0, d0 }) => n0 * d0),
    d0d0: total(({ d0 }) => d0 * d0),
    nn0: total(({ n, n0 }) => n * n0),
    nd0: total(({ n, d0 }) => n * d0),
    dn0: total(({ d, n0 }) => d * n0),
    dd0: total(({ d, d0 }) => d * d0),
  };
}

function ratio(n: bigint, d: bigint): number | null {
  return d === 0n ? null : Number(n) / Number(d);
}

/** Sums, and sums of products, of two ratios over the same clusters. */
interface TwoRatios {
  readonly clusters: number;
  readonly n: bigint;
  readonly d: bigint;
  readonly m: bigint;
  readonly e: bigint;
  readonly nm: bigint;
  readonly ne: bigint;
  readonly dm: bigint;
  readonly de: bigint;
}

/** Sample covariance of (n - R d) / mean d and (m - Q e) / mean e, exact up to the last division. */
function covariance({ clusters, n, d, m, e, nm, ne, dm, de }: TwoRatios): number {
  const scaled = nm * d * e - ne * d * m - dm * n * e + de * n * m;
  const both = Number(d * e);
  return ((Number(scaled) / both) * clusters * clusters) / both / (clusters - 1);
}

function residualVariance({ clusters, n, d, nn, nd, dd }: ArmMoments): number {
  return covariance({ clusters, n, d, m: n, e: d, nm: nn, ne: nd, dm: nd, de: dd });
}

function priorVariance({ clusters, n0, d0, n0n0, n0d0, d0d0 }: ArmMoments): number {
  return covariance({ clusters, n: n0, d: d0, m: n0, e: d0, nm: n0n0, ne: n0d0, dm: n0d0, de: d0d0 });
}

function residualCovariance({ clusters, n, d, n0, d0, nn0, nd0, dn0, dd0 }: ArmMoments): number {
  return covariance({ clusters, n, d, m: n0, e: d0, nm: nn0, ne: nd0, dm: dn0, de: dd0 });
}
