import { between } from './measure.ts';
import { signedPercentOf, UNDEFINED } from './numbers.ts';
import { boundsOf } from './shadow-measures.ts';
import type { StageSegment } from './stage-envelope.ts';

type Tested = Pick<StageSegment, 'rel_wape' | 'se' | 'n_series'>;

/** The 90 % interval of a segment's relative error, with series as clusters; null where there is none. */
export function segmentInterval({ rel_wape, se, n_series }: Tested): readonly [low: number, high: number] | null {
  return boundsOf(rel_wape, se, n_series - 1, 0.05);
}

export function segmentIntervalWords(segment: Tested): string {
  const bounds = segmentInterval(segment);
  return bounds === null ? UNDEFINED : between(signedPercentOf(bounds[0]), signedPercentOf(bounds[1]));
}
