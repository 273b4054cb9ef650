import { studentTQuantile, studentTUpperTail } from './distributions.ts';
import { standardError } from './standard-error.ts';

/** Sums over groups g of rows: of A_g squared, A_g B_g and B_g squared, where A_g and B_g are sums of the group's rows. */
export interface ClusterSums {
  readonly groups: number;
  readonly aa: bigint;
  readonly ab: bigint;
  readonly bb: bigint;
}

/** Sums a and b over all rows, in one integer unit, and the same rows grouped three ways. */
export interface TwoWaySums {
  readonly a: bigint;
  readonly b: bigint;
  readonly series: ClusterSums;
  readonly origin: ClusterSums;
  /** Grouped by series and origin together. */
  readonly cross: ClusterSums;
}

export interface OneWaySums {
  readonly a: bigint;
  readonly b: bigint;
  readonly clusters: ClusterSums;
}

export interface RelativeChange {
  /** a / b - 1. Infinity when only b is 0; 0 when both are. */
  readonly rel: number;
  /** Null without a ratio, or with fewer than two groups in one of the directions. */
  readonly se: number | null;
  readonly df: number;
}

/**
 * Relative change of a sum against another on the same rows, with a variance clustered by series and by origin:
 * V = max(V_series, V_series + V_origin - V_cross) over u = (A - R B) / B, each with its factor m / (m - 1)
 * (Cameron, Gelbach and Miller 2011); t with min(groups) - 1 degrees of freedom (Cameron and Miller 2015).
 * Exact up to the last division, so that neither order nor sharding of rows changes a bit.
 */
export function twoWayRelative({ a, b, series, origin, cross }: TwoWaySums): RelativeChange {
  const df = Math.max(0, Math.min(series.groups, origin.groups) - 1);
  if (b === 0n || df === 0) return { rel: relative(a, b), se: null, df };
  const [bySeries, byOrigin, byBoth] = [series, origin, cross].map((sums) => scatter(a, b, sums));
  if (bySeries === undefined || byOrigin === undefined || byBoth === undefined)
    return { rel: relative(a, b), se: null, df };
  const beyond = byOrigin.value * byBoth.over - byBoth.value * byOrigin.over;
  const shock = beyond > 0n ? quotient(beyond, byOrigin.over * byBoth.over) : 0;
  return { rel: relative(a, b), se: standardError(quotient(bySeries.value, bySeries.over) + shock), df };
}

/** As `twoWayRelative`, clustered one way (Cameron and Miller 2015); t with clusters - 1 degrees of freedom. */
export function oneWayRelative({ a, b, clusters }: OneWaySums): RelativeChange {
  const df = Math.max(0, clusters.groups - 1);
  if (b === 0n || df === 0) return { rel: relative(a, b), se: null, df };
  const { value, over } = scatter(a, b, clusters);
  return { rel: relative(a, b), se: standardError(quotient(value, over)), df };
}

/** p value against "not worse": P(T > rel / se). Null where there is no standard error. */
export function pHarm(rel: number, se: number | null, df: number): number | null {
  if (se === null || df < 1) return null;
  if (se === 0) return rel > 0 ? 0 : 1;
  return studentTUpperTail(rel / se, df);
}

/** p value against "worse by the margin or more": P(T < (rel - margin) / se). Null where there is no standard error. */
export function pNonInferior(rel: number, margin: number, se: number | null, df: number): number | null {
  return pHarm(margin - rel, se, df);
}

/** One-sided upper confidence bound at level 1 - alpha. Null where there is no standard error. */
export function upperBound(rel: number, se: number | null, df: number, alpha: number): number | null {
  if (se === null || df < 1) return null;
  return se === 0 ? rel : rel + studentTQuantile(1 - alpha, df) * se;
}

function relative(a: bigint, b: bigint): number {
  if (b === 0n) return a === 0n ? 0 : Number.POSITIVE_INFINITY;
  // Subtracted before the division, so that equal sums give exactly 0.
  return quotient(a - b, b);
}

/** m / (m - 1) times the sum of u squared over m groups, as a fraction. */
function scatter(a: bigint, b: bigint, { groups, aa, ab, bb }: ClusterSums) {
  const m = BigInt(groups);
  return { value: m * (aa * b * b - 2n * ab * a * b + bb * a * a), over: (m - 1n) * b ** 4n };
}

/** Of integers of any length, each of which may be too long for a number. */
function quotient(value: bigint, over: bigint): number {
  const excess = Math.max(value.toString(2).length, over.toString(2).length) - 1000;
  if (excess <= 0) return Number(value) / Number(over);
  return Number(value >> BigInt(excess)) / Number(over >> BigInt(excess));
}
