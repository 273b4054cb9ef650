import type { SegmentSums } from '../stages/segment-accuracy.ts';
import type { ClusterSums } from '../statistics/clustered-ratio.ts';
import { H2, type Histogram, mergeHistograms } from '../statistics/histogram.ts';

/**
 * Sums over the keys (origin, SKU, store, target) of one target day. Units and errors are integers of a millionth, so that
 * sums are exact and their order is no matter. All but `day` and `longest` add up, over days as over shards.
 */
export interface DaySums {
  readonly day: string;
  /** The longest horizon in days. */
  readonly longest: number;
  /** Keys with one value each; the ones below are of these. */
  readonly keys: number;
  /** Keys that appear with different values, and how many those are; left out of everything else. */
  readonly conflicts: number;
  readonly conflicting: number;
  /** Rows that repeat another one value by value. */
  readonly repeated: number;
  readonly candidateMissing: number;
  readonly candidateNonfinite: number;
  readonly candidateNegative: number;
  readonly productionMissing: number;
  readonly productionNonfinite: number;
  readonly productionNegative: number;
  readonly actualMissing: number;
  /** Negative or not a number: known, but no demand. */
  readonly actualInvalid: number;
  /** Keys on which actual and both forecasts are usable. */
  readonly paired: number;
  readonly actual: bigint;
  readonly candidate: bigint;
  readonly production: bigint;
  readonly candidateError: bigint;
  readonly productionError: bigint;
  /** Keys on which both forecasts are usable, whether the actual is known or not; their units, and the spikes among them. */
  readonly usable: number;
  readonly candidateUnits: bigint;
  readonly productionUnits: bigint;
  readonly spikes: number;
  /** Usable forecasts of two consecutive origins for the same target: how far the later moved, and earlier plus later. */
  readonly revisions: number;
  readonly candidateMoved: bigint;
  readonly productionMoved: bigint;
  readonly candidateBoth: bigint;
  readonly productionBoth: bigint;
}
export type DayTotals = Omit<DaySums, 'day'>;

/** A demand cycle. */
export interface ShadowCycle {
  /** From 0; the first cycle starts on the first target day. */
  readonly cycle: number;
  readonly from: string;
  readonly to: string;
  /** All days are there, and enough actuals are known. */
  readonly complete: boolean;
}

/** The rows that one look is about. */
export interface LookScope {
  /** First target day. */
  readonly first: string;
  readonly cycleDays: number;
  /** Complete cycles, in order: accuracy and bias are judged by them, since in others the known actuals are a selection. */
  readonly judged: readonly number[];
  /** The last cycle that is looked at in what needs no actuals; null: all that there are. */
  readonly upTo: number | null;
}

/** What takes whole series to sum; mergeable over shards that hold them whole. */
export interface SeriesSums {
  /** Errors by series over the paired rows of complete cycles; a is the candidate's. */
  readonly series: ClusterSums;
  /** Series with a usable pair in a cycle, counted over cycles: the independent observations behind the histograms. */
  readonly blocks: number;
  /** Forecasts over production's mean forecast of the series, in bins H2. */
  readonly production: Histogram;
  readonly candidate: Histogram;
  /** By name. */
  readonly segments: readonly SegmentSums[];
}

/** What one look has at hand. */
export interface ShadowSums {
  /** Rows without a readable key. */
  readonly unreadable: number;
  /** Of the days in scope, in order. */
  readonly days: readonly DaySums[];
  /** In order; the complete ones are those of the scope. */
  readonly cycles: readonly ShadowCycle[];
  readonly bySeries: SeriesSums;
}

const NO_DAY = {
  ...{ longest: 0, keys: 0, conflicts: 0, conflicting: 0, repeated: 0 },
  ...{ candidateMissing: 0, candidateNonfinite: 0, candidateNegative: 0 },
  ...{ productionMissing: 0, productionNonfinite: 0, productionNegative: 0, actualMissing: 0, actualInvalid: 0 },
  ...{ paired: 0, actual: 0n, candidate: 0n, production: 0n, candidateError: 0n, productionError: 0n },
  ...{ usable: 0, candidateUnits: 0n, productionUnits: 0n, spikes: 0 },
  ...{ revisions: 0, candidateMoved: 0n, productionMoved: 0n, candidateBoth: 0n, productionBoth: 0n },
} satisfies DayTotals;

const COUNTS = [
  ...(['keys', 'conflicts', 'conflicting', 'repeated', 'candidateMissing', 'candidateNonfinite'] as const),
  ...(['candidateNegative', 'productionMissing', 'productionNonfinite', 'productionNegative'] as const),
  ...(['actualMissing', 'actualInvalid', 'paired', 'usable', 'spikes', 'revisions'] as const),
];
const UNITS = [
  ...(['actual', 'candidate', 'production', 'candidateError', 'productionError', 'candidateUnits'] as const),
  ...(['productionUnits', 'candidateMoved', 'productionMoved', 'candidateBoth', 'productionBoth'] as const),
];

export function addDays(days: readonly DayTotals[]): DayTotals {
  const total = { ...NO_DAY };
  for (const day of days) {
    for (const name of COUNTS) total[name] += day[name];
    for (const name of UNITS) total[name] += day[name];
    total.longest = Math.max(total.longest, day.longest);
  }
  return total;
}

/** Days of shards, each of them once and in order. */
export function mergeDays(parts: readonly (readonly DaySums[])[]): readonly DaySums[] {
  return [...Map.groupBy(parts.flat(), ({ day }) => day)]
    .map(([day, same]) => ({ day, ...addDays(same) }))
    .toSorted((a, b) => (a.day < b.day ? -1 : 1));
}

export function mergeSeries(parts: readonly SeriesSums[]): SeriesSums {
  return {
    series: addClusters(parts.map(({ series }) => series)),
    blocks: parts.reduce((sum, { blocks }) => sum + blocks, 0),
    production: mergeHistograms(
      H2,
      parts.map(({ production }) => production),
    ),
    candidate: mergeHistograms(
      H2,
      parts.map(({ candidate }) => candidate),
    ),
    segments: [
      ...Map.groupBy(
        parts.flatMap(({ segments }) => segments),
        ({ segment }) => segment,
      ),
    ]
      .map(([segment, same]) => ({ segment, ...addSegments(same) }))
      .toSorted((a, b) => (a.segment < b.segment ? -1 : 1)),
  };
}

function addSegments(parts: readonly SegmentSums[]): Omit<SegmentSums, 'segment'> {
  const total = { rows: 0, actual: 0n, candidate: 0n, production: 0n, candidateError: 0n, productionError: 0n };
  for (const part of parts) {
    total.rows += part.rows;
    for (const name of ['actual', 'candidate', 'production', 'candidateError', 'productionError'] as const) {
      total[name] += part[name];
    }
  }
  return { ...total, series: addClusters(parts.map(({ series }) => series)) };
}

function addClusters(parts: readonly ClusterSums[]): ClusterSums {
  const total = { groups: 0, aa: 0n, ab: 0n, bb: 0n };
  for (const { groups, aa, ab, bb } of parts) {
    total.groups += groups;
    total.aa += aa;
    total.ab += ab;
    total.bb += bb;
  }
  return total;
}
