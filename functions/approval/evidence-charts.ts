import { type Chart, figure } from '../evidence/report/chart.ts';
import { looksAt, metricLookChart } from '../evidence/report/metric-looks.ts';
import { segmentErrorChart } from '../evidence/report/offline-charts.ts';
import type { GateReport } from '../evidence/report/read-report.ts';
import { stageSegmentChart } from '../evidence/report/stage-segments.ts';
import { type Html, html } from '../platform/html.ts';

/** What the canary is judged by, the metrics of the business after those of the forecast. */
const LOOKED_AT = ['paired_wape', 'wape', 'stockout', 'overstock'] as const;

/** The charts of a gate's report that an approver sees at once; all others are behind the links to the report pages. */
export function evidenceCharts(report: GateReport): readonly Html[] {
  const charts = chartsOf(report).filter((chart) => chart !== null);
  // One page shows several gates, whose charts have the same names.
  return charts.map((chart) => html`<h3>${chart.title}</h3>${figure({ ...chart, id: `${report.gate}-${chart.id}` })}`);
}

function chartsOf(report: GateReport): readonly (Chart | null)[] {
  if (report.gate === 'offline') return [segmentErrorChart(report)];
  if (report.gate === 'shadow') return [stageSegmentChart(report)];
  const { looks } = report;
  const seen = LOOKED_AT.filter((metric) => looksAt(metric, looks).length > 0);
  return [...seen.map((metric) => metricLookChart(metric, looks)), stageSegmentChart(report)];
}
