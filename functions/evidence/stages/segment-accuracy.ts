import { type ClusterSums, oneWayRelative } from '../statistics/clustered-ratio.ts';

/** Sums of one segment (`region:…`, `category:…`) over its paired rows, in millionths of units. */
export interface SegmentSums {
  readonly segment: string;
  readonly rows: number;
  readonly actual: bigint;
  readonly candidate: bigint;
  readonly production: bigint;
  readonly candidateError: bigint;
  readonly productionError: bigint;
  /** Errors by series; a is the candidate's. */
  readonly series: ClusterSums;
}

/** Accuracy in one segment, for people to read: nothing is decided by it. */
export interface SegmentAccuracy {
  readonly name: string;
  readonly n_rows: number;
  readonly n_series: number;
  readonly rel_wape: number | 'inf';
  /** Clustered by series; null where there are too few. */
  readonly se: number | null;
  readonly wape_candidate: number | null;
  readonly wape_production: number | null;
  readonly bias_candidate: number | null;
  readonly bias_production: number | null;
}

export function segmentAccuracy(sums: SegmentSums): SegmentAccuracy {
  const { segment, rows, actual, candidate, production, candidateError: a, productionError: b, series } = sums;
  const { rel, se } = oneWayRelative({ a, b, clusters: series });
  const share = (part: bigint) => (actual === 0n ? null : Number(part) / Number(actual));
  return {
    ...{ name: segment, n_rows: rows, n_series: series.groups, rel_wape: Number.isFinite(rel) ? rel : 'inf', se },
    ...{ wape_candidate: share(a), wape_production: share(b) },
    ...{ bias_candidate: share(candidate - actual), bias_production: share(production - actual) },
  };
}
