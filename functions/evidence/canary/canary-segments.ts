import { oneWayRelative } from '../statistics/clustered-ratio.ts';
import type { CanaryConfig } from './canary-config.ts';
import type { CanarySegmentSums } from './canary-stage.ts';

/** Accuracy in one segment, for people to read: nothing is decided by it. */
export interface CanarySegment {
  readonly name: string;
  readonly n_rows: number;
  readonly n_series: number;
  readonly rel_wape: number | 'inf' | null;
  /** Clustered by series; null where there are too few. */
  readonly se: number | null;
  readonly wape_candidate: number | null;
  readonly wape_production: number | null;
  readonly bias_candidate: number | null;
  readonly bias_production: number | null;
}

/** The segments with as many series as the canary needs clusters. */
export function segmentsOf(
  segments: readonly CanarySegmentSums[],
  { min_clusters }: Pick<CanaryConfig, 'min_clusters'>,
): readonly CanarySegment[] {
  return segments.filter(({ series }) => series.groups >= min_clusters).map(measured);
}

function measured(sums: CanarySegmentSums): CanarySegment {
  const { segment, rows, actual, candidate, production, candidateError: a, productionError: b, series } = sums;
  const { rel, se } = oneWayRelative({ a, b, clusters: series });
  const share = (part: bigint) => (actual === 0n ? null : Number(part) / Number(actual));
  return {
    ...{ name: segment, n_rows: rows, n_series: series.groups, rel_wape: Number.isFinite(rel) ? rel : 'inf', se },
    ...{ wape_candidate: share(a), wape_production: share(b) },
    ...{ bias_candidate: share(candidate - actual), bias_production: share(production - actual) },
  };
}
