import { type Html, html } from '../../platform/html.ts';
import { figure } from './chart.ts';
import { implausibleSection } from './implausible-section.ts';
import { threshold } from './measure.ts';
import { measureTable } from './measure-table.ts';
import { counted, percentOf, plainNumber } from './numbers.ts';
import { foldErrorChart, segmentErrorChart } from './offline-charts.ts';
import type { OfflineReport } from './offline-envelope.ts';
import { offlineMeasures, usualMeasures } from './offline-measures.ts';
import { orderedFolds, orderedSegments } from './offline-order.ts';
import {
  bullets,
  documentedSection,
  findingsSection,
  folded,
  headSection,
  numbersTable,
  provenanceSection,
  section,
  table,
} from './page-parts.ts';
import { reportPage } from './report-frame.ts';
import { segmentTable } from './segment-tables.ts';
import { untestedOffline } from './untested.ts';

type Result = NonNullable<OfflineReport['result']>;

/** The evaluation report of the offline gate as a page: what was measured, on what, and what that says nothing about. */
export function evaluationPage(report: OfflineReport): string {
  const title = `Evaluation report of ${report.model} ${report.version}`;
  const { result } = report;
  return reportPage(
    title,
    html`<header>${headSection(report, title)}${result === null ? html`<p>The evidence could not be read; nothing was measured.</p>` : null}</header>
${findingsSection(report)}${result === null ? null : measuredSections(report, result)}
${section('untested', 'What was not tested', bullets(untestedOffline(report)))}
${documentedSection(report)}${result === null ? null : qualitySection(result)}
${provenanceSection(report, objectsOf(report))}`,
  );
}

function objectsOf({ evidence }: OfflineReport) {
  const { artifact, backtest, history, outcomes, predictions } = evidence;
  return [
    ['Candidate', artifact] as const,
    ['Backtest', backtest] as const,
    ['History', history] as const,
    ...(outcomes === undefined ? [] : [['Recorded outcomes', outcomes] as const]),
    ...(predictions === undefined ? [] : [['Prediction log', predictions] as const]),
  ];
}

function measuredSections(report: OfflineReport, result: Result): Html {
  const { overall } = result;
  const rows = `${counted(overall.n_rows)} rows of ${counted(overall.n_series)} series at ${counted(overall.n_folds)} origins`;
  const measured = [
    measureTable(
      `Candidate and baseline on the same ${rows}. The interval is two-sided at 90 %.`,
      'Baseline',
      offlineMeasures(report),
    ),
    table({
      caption: 'Other measures of the same rows, of which none decides.',
      columns: ['Measure', 'Candidate', 'Baseline'],
      rows: usualMeasures(report).map(({ name, candidate, comparator }) => ({ name, cells: [candidate, comparator] })),
    }),
  ];
  return html`${section('measured', 'What was measured', measured)}
${segmentsSection(report)}${foldsSection(report)}${quantilesSection(result)}${leakageSection(report, result)}${implausibleSection(report)}`;
}

function segmentsSection(report: OfflineReport): Html | null {
  const chart = segmentErrorChart(report);
  if (chart === null) return null;
  return section('segments', 'Error by segment', [
    figure(chart),
    folded('Numbers of this chart', segmentTable(SEGMENT_CAPTION, 'Segment', orderedSegments(report))),
  ]);
}

/** What the numbers of a segment are. */
export const SEGMENT_CAPTION =
  'WAPE is the absolute error as a share of demand, bias forecast less demand. p of harm is adjusted for the number of judged segments.';

function foldsSection(report: OfflineReport): Html | null {
  const chart = foldErrorChart(report);
  if (chart === null) return null;
  return section('folds', 'Error by forecast origin', [
    figure(chart),
    folded(
      'Numbers of this chart',
      segmentTable('WAPE is the absolute error as a share of demand.', 'Origin', orderedFolds(report)),
    ),
  ]);
}

function quantilesSection({ overall }: Result): Html | null {
  const { cand, base } = overall.quantiles;
  if (cand === undefined) return null;
  const share = (value: number | null | undefined) => percentOf(value);
  return section('quantiles', 'Quantiles', [
    html`<p>${counted(cand.rows)} rows with all quantiles; on ${counted(cand.crossing)} of them a higher quantile is the lower number.</p>`,
    table({
      caption:
        'Demand falls to or below a quantile about as often as it says. Demand is whole numbers, so a share from below to at or below counts as covered.',
      columns: [
        'Quantile',
        'Demand below',
        'At or below',
        'Coverage error',
        'Of baseline',
        'Pinball loss, units',
        'Of baseline',
      ],
      rows: Object.entries(cand.levels)
        .toSorted(([a], [b]) => Number(a) - Number(b))
        .map(([level, found]) => ({
          name: level,
          cells: [
            share(found.coverage_lt),
            share(found.coverage_le),
            share(found.coverage_error),
            share(base?.levels[level]?.coverage_error),
            pinball(found.pinball),
            pinball(base?.levels[level]?.pinball),
          ],
        })),
    }),
  ]);
}

function pinball(value: number | null | undefined): string {
  return counted(value ?? null, 4);
}

function leakageSection(report: OfflineReport, result: Result): Html {
  const { leakage, quality } = result;
  const rows: readonly (readonly [string, number])[] = [
    ['Targets that are not after their origin', leakage.target_not_after_origin],
    ['Horizons that are not the days from origin to target', leakage.horizon_mismatch],
    ['Rows trained past their origin', leakage.trained_past_origin],
    ['Rows with features past their origin', leakage.features_past_origin],
    ['Folds with several origins', leakage.folds_with_many_origins],
  ];
  return section('leakage', 'Is it a test over time?', [
    html`<p>${counted(leakage.n_origins)} origins over ${counted(leakage.span_days)} days. The candidate equals demand exactly on ${percentOf(quality.exact_match_share)} of the rows with at least ${counted(threshold(report, 'leak_exact_min_units'))} units.</p>`,
    table({
      caption: 'None of these may occur.',
      columns: ['Checked', 'Found'],
      rows: rows.map(([name, count]) => ({
        name,
        cells: [{ text: plainNumber(count), tone: count > 0 ? ('worse' as const) : undefined }],
      })),
    }),
  ]);
}

function qualitySection({ quality }: Result): Html {
  const { candidate_invalid_rate, exact_match_share, ...counts } = quality;
  return section('quality', 'Data quality', [
    numbersTable('Rows as they were handed in, and what of them could not be used.', counts),
    html`<p>Rows without a usable forecast: ${percentOf(candidate_invalid_rate, 3)}. Exact forecasts: ${percentOf(exact_match_share)}.</p>`,
  ]);
}
