import type { Html } from '../../platform/html.ts';
import { type Chart, figure } from './chart.ts';
import { intervalChart } from './interval-chart.ts';
import { intervalText } from './measure.ts';
import { counted, percentOf, signedPercentOf } from './numbers.ts';
import { comparatorOf, estimate, section, table } from './page-parts.ts';
import { bySegment, highest } from './segment-order.ts';
import type { CanaryReport, ReportedSegment, ShadowReport } from './stage-schema.ts';

/** More rows than this make no picture. */
const DRAWN = 30;
const LISTED = 300;

/** Accuracy by segment, on the rows that both versions forecast; nothing when no segment was measured. */
export function stageSegmentsSection(report: ShadowReport | CanaryReport): Html | null {
  const segments = report.segments.toSorted((a, b) => bySegment(a.name, b.name));
  if (segments.length === 0) return null;
  const chart = stageSegmentChart(report);
  const listed = highest(segments, LISTED, worst);
  return section('segments', 'Segments', [
    chart === null ? null : figure(chart),
    table({
      caption: `The change with its 90 % interval. WAPE is the absolute error as a share of demand, bias forecast less demand. ${howMany(listed.length, segments.length)}`,
      columns: ['Segment', 'Change of WAPE', 'WAPE', 'Bias', 'Rows'],
      rows: listed.map((segment) => ({ name: segment.name, cells: cells(segment) })),
    }),
  ]);
}

/** How many of all segments are shown. */
export function howMany(shown: number, all: number): string {
  return shown === all ? `All ${all} segments.` : `The ${shown} worst of ${all} segments.`;
}

/** Change of the error by segment with its interval; null without a segment that has one. */
function stageSegmentChart(report: ShadowReport | CanaryReport): Chart | null {
  const segments = report.segments.toSorted((a, b) => bySegment(a.name, b.name));
  const drawn = highest(segments, DRAWN, worst).filter(({ rel_wape }) => typeof rel_wape === 'number');
  if (drawn.length === 0) return null;
  const rows = drawn.map((segment) => {
    const { interval: bounds } = segment;
    return {
      name: segment.name,
      estimate: Number(segment.rel_wape) * 100,
      bounds: bounds === null ? null : ([bounds[0] * 100, bounds[1] * 100] as const),
      open: bounds === null,
    };
  });
  return intervalChart({
    id: 'error-by-segment',
    title: 'Change of the error by segment',
    description: `Change of WAPE against ${comparatorOf(report)} in each segment, with a 90 % interval where there is one. Left of zero the candidate is better.`,
    axis: 'change of WAPE, %',
    rows,
    marks: [],
    kinds: { judged: 'with interval', open: 'too few series for an interval' },
  });
}

function cells(segment: ReportedSegment) {
  const change = segment.rel_wape;
  const tone =
    typeof change !== 'number' || change === 0 ? undefined : change < 0 ? ('better' as const) : ('worse' as const);
  return [
    estimate(signedPercentOf(change), intervalText(segment.interval), tone),
    estimate(percentOf(segment.wape_candidate), `production ${percentOf(segment.wape_production)}`),
    estimate(signedPercentOf(segment.bias_candidate), `production ${signedPercentOf(segment.bias_production)}`),
    estimate(counted(segment.n_rows), `${counted(segment.n_series)} series`),
  ];
}

function worst({ rel_wape }: ReportedSegment): number {
  if (rel_wape === 'inf') return Number.MAX_VALUE;
  return typeof rel_wape === 'number' ? rel_wape : -Number.MAX_VALUE;
}
