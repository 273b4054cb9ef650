import { type SegmentAccuracy, type SegmentSums, segmentAccuracy } from '../stages/segment-accuracy.ts';
import type { ShadowConfig } from './shadow-config.ts';

/** The segments with as much data as a pass needs, the worst first. */
export function segmentsOf(
  segments: readonly SegmentSums[],
  { min_rows, min_series }: Pick<ShadowConfig, 'min_rows' | 'min_series'>,
): readonly SegmentAccuracy[] {
  return segments
    .filter(({ rows, series }) => rows >= min_rows && series.groups >= min_series)
    .map(segmentAccuracy)
    .toSorted((a, b) => loss(b) - loss(a) || (a.name < b.name ? -1 : 1));
}

/** Finite, so that two unbounded ones are in order as well. */
function loss({ rel_wape }: SegmentAccuracy): number {
  return rel_wape === 'inf' ? Number.MAX_VALUE : rel_wape;
}
