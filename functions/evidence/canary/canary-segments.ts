import { type SegmentAccuracy, type SegmentSums, segmentAccuracy } from '../stages/segment-accuracy.ts';
import type { CanaryConfig } from './canary-config.ts';

/** The segments with as many series as the canary needs clusters. */
export function segmentsOf(
  segments: readonly SegmentSums[],
  { min_clusters }: Pick<CanaryConfig, 'min_clusters'>,
): readonly SegmentAccuracy[] {
  return segments.filter(({ series }) => series.groups >= min_clusters).map(segmentAccuracy);
}
