import { html } from '../../platform/html.ts';
import { figure } from './chart.ts';
import { SEGMENT_CAPTION } from './evaluation-page.ts';
import { segmentBiasChart, segmentErrorChart } from './offline-charts.ts';
import type { OfflineReport } from './offline-envelope.ts';
import { orderedFolds, orderedSegments } from './offline-order.ts';
import { bullets, headSection, listed, section } from './page-parts.ts';
import { reportPage } from './report-frame.ts';
import { segmentTable } from './segment-tables.ts';
import { unprovenSegments } from './untested.ts';

/** Members of a group in the order of the columns; what a group does not have is an empty cell. */
const COLUMNS = [
  'verdict',
  'sufficient',
  'n_rows',
  'n_series',
  'n_folds',
  'rel_wape',
  'se',
  'df',
  'ucb',
  'p_harm',
  'p_harm_holm',
  'p_noninf',
  'wape_candidate',
  'wape_baseline',
  'bias_candidate',
  'bias_baseline',
] as const;

/** The segment analysis as CSV: overall, each judged origin (`origin:DATE`), each segment. */
export function segmentAnalysisCsv(report: OfflineReport): string {
  const { result } = report;
  const rows: readonly (readonly [string, Readonly<Record<string, unknown>>])[] =
    result === null
      ? []
      : [
          ['overall', overallRow(result.overall)],
          ...orderedFolds(report).map(([name, found]) => [`origin:${name}`, found] as const),
          ...orderedSegments(report),
        ];
  const lines = rows.map(([name, found]) => [name, ...COLUMNS.map((column) => found[column])].map(csvCell).join(','));
  return `${[['segment', ...COLUMNS].join(','), ...lines].join('\n')}\n`;
}

function overallRow(overall: NonNullable<OfflineReport['result']>['overall']): Readonly<Record<string, unknown>> {
  const { candidate, baseline } = overall.metrics;
  return {
    ...overall,
    wape_candidate: candidate.wape,
    wape_baseline: baseline.wape,
    bias_candidate: candidate.bias,
    bias_baseline: baseline.bias,
  };
}

/** A value as a cell of a CSV; undefined is empty. */
export function csvCell(value: unknown): string {
  // Text that starts like a formula would be run by a spreadsheet; a negative number is none.
  const text = typeof value === 'string' ? value.replace(/^[=+\-@\t\r]/, "'$&") : String(value ?? '');
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The segment analysis as a page: error and bias of every segment, and what is not proven of which. */
export function segmentAnalysisPage(report: OfflineReport): string {
  const title = `Segment analysis of ${report.model} ${report.version}`;
  const segments = orderedSegments(report);
  const [errors, bias] = [segmentErrorChart(report), segmentBiasChart(report)];
  const { insufficient, inconclusive } = unprovenSegments(report);
  return reportPage(
    title,
    html`<header>${headSection(report, title)}</header>
${segments.length === 0 ? section('none', 'Segments', html`<p>The evidence could not be read, or has no segments; nothing was measured.</p>`) : null}
${errors === null ? null : section('errors', 'Error by segment', figure(errors))}
${bias === null ? null : section('bias', 'Bias by segment', figure(bias))}
${segments.length === 0 ? null : section('numbers', 'All segments', segmentTable(SEGMENT_CAPTION, 'Segment', segments))}
${
  insufficient.length + inconclusive.length === 0
    ? null
    : section('unproven', 'Not proven', [
        listed('Too little data to be judged', insufficient),
        listed('Neither shown to be no worse nor to be worse', inconclusive),
      ])
}
${section('about', 'How to read it', bullets(HOW_TO_READ))}`,
  );
}

const HOW_TO_READ = [
  'Compare a segment with its own baseline, not with other segments: slow movers have a larger error whatever forecasts them.',
  'A segment is worse only when the difference is material and proven, with the error rate held over all judged segments (Holm).',
  'Regimes are those of Syntetos, Boylan and Croston for daily demand, volume bands the first 80, the next 15 and the last 5 % of units; both are taken from the history before the first origin.',
];
