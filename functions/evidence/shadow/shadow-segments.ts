import { oneWayRelative } from '../statistics/clustered-ratio.ts';
import type { ShadowConfig } from './shadow-config.ts';
import { accuracyOf } from './shadow-measure.ts';
import { comparable, type Ratio, share } from './shadow-ratio.ts';
import type { SegmentSums } from './shadow-sums.ts';

/** Accuracy in one segment, for people to read: nothing is decided by it. */
export interface ShadowSegment {
  readonly name: string;
  readonly n_rows: number;
  readonly n_series: number;
  readonly rel_wape: Ratio;
  /** Clustered by series; null where there are too few. */
  readonly se: number | null;
  readonly wape_candidate: number | null;
  readonly wape_production: number | null;
  readonly bias_candidate: number | null;
  readonly bias_production: number | null;
}

/** The segments with as much data as a pass needs, the worst first. */
export function segmentsOf(
  segments: readonly SegmentSums[],
  { min_rows, min_series }: Pick<ShadowConfig, 'min_rows' | 'min_series'>,
): readonly ShadowSegment[] {
  return segments
    .filter(({ rows, series }) => rows >= min_rows && series.groups >= min_series)
    .map(measured)
    .toSorted((a, b) => loss(b) - loss(a) || (a.name < b.name ? -1 : 1));
}

function measured(sums: SegmentSums): ShadowSegment {
  const { segment, rows, actual, candidateError: a, productionError: b, series } = sums;
  const { rel_wape, bias_candidate, bias_production } = accuracyOf({ ...sums, paired: rows });
  return {
    ...{ name: segment, n_rows: rows, n_series: series.groups, rel_wape },
    se: oneWayRelative({ a, b, clusters: series }).se,
    ...{ wape_candidate: share(a, actual), wape_production: share(b, actual), bias_candidate, bias_production },
  };
}

/** Finite, so that two unbounded ones are in order as well. */
function loss({ rel_wape }: ShadowSegment): number {
  return Math.min(comparable(rel_wape) ?? -2, Number.MAX_VALUE);
}
