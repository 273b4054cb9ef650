import type { Chart } from './chart.ts';
import { intervalChart } from './interval-chart.ts';
import { threshold } from './measure.ts';
import { counted } from './numbers.ts';
import type { OfflineReport } from './offline-envelope.ts';
import { intervalOf } from './offline-measures.ts';
import { type NamedSegment, orderedFolds, orderedSegments } from './offline-order.ts';
import { comparatorOf } from './page-parts.ts';
import { pairChart } from './pair-chart.ts';
import { highest } from './segment-order.ts';

/** More rows than this make no picture. */
const DRAWN = 30;

/** Error by segment with its interval and the margin; null without a segment that has one. */
export function segmentErrorChart(report: OfflineReport): Chart | null {
  return errorChart(report, orderedSegments(report), {
    id: 'error-by-segment',
    title: 'Change of the error by segment',
    of: 'each segment',
    margin: threshold(report, 'margin_segment'),
  });
}

/** Error by origin; null where origins were not judged one by one. */
export function foldErrorChart(report: OfflineReport): Chart | null {
  return errorChart(report, orderedFolds(report), {
    id: 'error-by-origin',
    title: 'Change of the error by origin',
    of: 'the rows of each forecast origin',
    margin: threshold(report, 'margin_fold'),
  });
}

interface Subject {
  readonly id: string;
  readonly title: string;
  readonly of: string;
  readonly margin: number | null;
}

function errorChart(report: OfflineReport, groups: readonly NamedSegment[], subject: Subject): Chart | null {
  const known = groups.filter(([, { rel_wape }]) => typeof rel_wape === 'number');
  if (known.length === 0) return null;
  const drawn = highest(known, DRAWN, ([, found]) => found.ucb ?? Number(found.rel_wape));
  const rows = drawn.map(([name, found]) => {
    const bounds = intervalOf(found);
    return {
      name,
      estimate: Number(found.rel_wape) * 100,
      bounds: bounds === null ? null : ([bounds[0] * 100, bounds[1] * 100] as const),
      open: !found.sufficient,
    };
  });
  const { id, title, of, margin } = subject;
  const left = drawn.length === known.length ? '' : ` The ${drawn.length} with the highest upper bound are shown.`;
  return intervalChart({
    ...{ id, title },
    description: `Change of WAPE against ${comparatorOf(report)} in ${of}, with its 90 % interval. Left of zero the candidate is better; right of the dashed line it is worse by more than the margin.${rows.some(({ open }) => open) ? ' Hollow: too little data to be judged.' : ''}${left}`,
    axis: 'change of WAPE, %',
    rows,
    marks: margin === null ? [] : [{ at: margin * 100, name: `margin +${counted(margin * 100, 1)} %` }],
    kinds: { judged: 'judged', open: 'too little data' },
  });
}

/** Bias by segment of candidate and baseline, with the limits; null without a segment that has one. */
export function segmentBiasChart(report: OfflineReport): Chart | null {
  const known = orderedSegments(report).filter(([, { bias_candidate }]) => bias_candidate !== null);
  if (known.length === 0) return null;
  const drawn = highest(known, DRAWN, ([, { bias_candidate }]) => Math.abs(bias_candidate ?? 0));
  const limit = threshold(report, 'segment_bias_abs_max');
  const hundred = (value: number | null) => (value === null ? null : value * 100);
  return pairChart({
    id: 'bias-by-segment',
    title: 'Bias by segment',
    description: `Forecast less demand as a share of demand in each segment, of the candidate and of ${comparatorOf(report)}. Beyond a dashed line a candidate fails where it is also worse than the baseline.`,
    axis: 'bias, % of demand',
    rows: drawn.map(([name, { bias_candidate, bias_baseline }]) => ({
      name,
      candidate: hundred(bias_candidate),
      comparator: hundred(bias_baseline),
    })),
    marks:
      limit === null
        ? []
        : [
            { at: -limit * 100, name: `−${counted(limit * 100, 1)} %` },
            { at: limit * 100, name: `+${counted(limit * 100, 1)} %` },
          ],
    names: { candidate: `candidate ${report.version}`, comparator: comparatorOf(report) },
  });
}
