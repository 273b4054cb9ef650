import type { MeasuredQuality } from '../stages/stage-evidence.ts';

/**
 * Sums over the forecasts of one segment (`overall`, `region:…`, `category:…`) whose target lies in one cycle. Paired are
 * those on which actual, candidate and comparator are all usable. All of them add up over cycles.
 */
export interface ShadowSums {
  /** Keys (origin, SKU, store, target) that either version has a record of. */
  readonly keys: number;
  /** Keys that appear with different values; left out of everything below. */
  readonly conflicting: number;
  readonly candidateMissing: number;
  readonly candidateNonfinite: number;
  readonly candidateNegative: number;
  readonly paired: number;
  /** Series that have their first paired row of a complete cycle in this cycle. */
  readonly newSeries: number;
  readonly actual: number;
  readonly candidate: number;
  readonly comparator: number;
  readonly candidateError: number;
  readonly comparatorError: number;
  /** Rows on which both forecasts are usable, whether the actual is known or not, and how many of them are spikes. */
  readonly compared: number;
  readonly spikes: number;
  /** Forecasts of two consecutive origins for the same target, by both versions. */
  readonly revisions: number;
  /** Sum of |later - earlier|. */
  readonly candidateMoved: number;
  readonly comparatorMoved: number;
  /** Sum of the mean of later and earlier. */
  readonly candidateLevel: number;
  readonly comparatorLevel: number;
}

export interface ShadowCycle {
  /** From 0; the first cycle starts on the first target day that both versions forecast. */
  readonly cycle: number;
  readonly from: string;
  readonly to: string;
  /** All days forecast by both versions, and enough actuals known. */
  readonly complete: boolean;
}

export interface ShadowEvidence {
  /** In order; cycles of which nothing was forecast are not listed. */
  readonly cycles: readonly ShadowCycle[];
  readonly groups: readonly (ShadowSums & { readonly segment: string; readonly cycle: number })[];
  readonly quality: MeasuredQuality;
}

const NOTHING = {
  ...{ keys: 0, conflicting: 0, candidateMissing: 0, candidateNonfinite: 0, candidateNegative: 0 },
  ...{ paired: 0, newSeries: 0, actual: 0, candidate: 0, comparator: 0, candidateError: 0, comparatorError: 0 },
  ...{ compared: 0, spikes: 0, revisions: 0 },
  ...{ candidateMoved: 0, comparatorMoved: 0, candidateLevel: 0, comparatorLevel: 0 },
} satisfies ShadowSums;

const NAMES = [
  ...(['keys', 'conflicting', 'candidateMissing', 'candidateNonfinite', 'candidateNegative', 'paired'] as const),
  ...(['newSeries', 'actual', 'candidate', 'comparator', 'candidateError', 'comparatorError', 'compared'] as const),
  ...(['spikes', 'revisions', 'candidateMoved', 'comparatorMoved', 'candidateLevel', 'comparatorLevel'] as const),
] satisfies readonly (keyof ShadowSums)[];

/** In the order given, which is that of the cycles, so that the same evidence gives the same digits. */
export function addSums(parts: readonly ShadowSums[]): ShadowSums {
  const total = { ...NOTHING };
  for (const part of parts) {
    for (const name of NAMES) total[name] += part[name];
  }
  return total;
}
