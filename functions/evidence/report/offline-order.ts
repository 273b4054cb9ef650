import type { OfflineSegment } from '../offline/offline-result.ts';
import type { OfflineReport } from './offline-envelope.ts';
import { bySegment } from './segment-order.ts';

export type NamedSegment = readonly [name: string, found: OfflineSegment];

/** Segments in the order in which people look for them. */
export function orderedSegments({ result }: Pick<OfflineReport, 'result'>): readonly NamedSegment[] {
  return Object.entries(result?.segments ?? {}).toSorted(([a], [b]) => bySegment(a, b));
}

/** Origins of the backtest that were judged, by date. */
export function orderedFolds({ result }: Pick<OfflineReport, 'result'>): readonly NamedSegment[] {
  return Object.entries(result?.folds ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
