import { type Html, html } from '../../platform/html.ts';
import { canaryMeasures, differenceOf } from './canary-measures.ts';
import { figure } from './chart.ts';
import { between } from './measure.ts';
import { measureTable } from './measure-table.ts';
import { looksAt, metricLookChart, metricName } from './metric-looks.ts';
import { counted, percentOf, probabilityOf, ratioOf } from './numbers.ts';
import {
  bullets,
  documentedSection,
  estimate,
  findingsSection,
  folded,
  headSection,
  numbersTable,
  provenanceSection,
  section,
  table,
} from './page-parts.ts';
import { spanWords } from './read-report.ts';
import { reportPage } from './report-frame.ts';
import type { CanaryLookReport, CanaryReport } from './stage-schema.ts';
import { stageSegmentsSection } from './stage-segments.ts';
import { untestedInCanary } from './untested.ts';

/** The canary report as a page: what was measured, each metric from look to look, and operations by step. */
export function canaryPage(report: CanaryReport): string {
  const title = `Canary report of ${report.model} ${report.version}`;
  return reportPage(
    title,
    html`<header>${headSection(report, title)}<p>${spanWords(report)}</p></header>
${findingsSection(report)}
${section('measured', 'What was measured', measureTable('Canary against the control units, less what the two differed by before. The lower bound of the interval holds at every look, the upper one at planned looks.', 'Control', canaryMeasures(report)))}
${looksSection(report)}${stepsSection(report)}${stageSegmentsSection(report)}
${section('untested', 'What was not tested', bullets(untestedInCanary(report)))}
${documentedSection(report)}${statisticsSection(report)}
${section('quality', 'Data quality', numbersTable('Outcome rows as they were read, and what of them could not be used.', report.result.quality))}
${provenanceSection(report, [
  ['Prediction log', report.evidence.predictions],
  ['Outcomes', report.evidence.outcomes],
])}`,
  );
}

function looksSection(report: CanaryReport): Html | null {
  const { looks } = report;
  const metrics = [...new Set(looks.flatMap((look) => Object.keys(look.metrics)))];
  if (metrics.length === 0) return null;
  return section(
    'looks',
    'From look to look',
    metrics.map((metric) => metricLooks(metric, looks)),
  );
}

function metricLooks(metric: string, looks: readonly CanaryLookReport[]): Html {
  const { name, unit } = metricName(metric);
  const seen = looksAt(metric, looks);
  const write = differenceOf(metric);
  return html`<h3>${name}</h3>${figure(metricLookChart(metric, looks))}${folded(
    'Numbers of this chart',
    table({
      caption: `${name} at each look, in ${unit}.`,
      columns: ['Day', 'Difference', 'Interval', 'Margin'],
      rows: seen.map(({ day, tau, lcb, ucb, margin }) => ({
        name: day,
        cells: [write(tau), between(write(lcb), write(ucb)), write(margin)],
      })),
    }),
  )}`;
}

function stepsSection({ steps, stood_still: still = [] }: CanaryReport): Html | null {
  if (steps.length === 0) return null;
  return section('steps', 'Operations by step', [
    table({
      caption: 'Forecasts expected of the candidate at each step, and those that could not be used.',
      columns: ['Step', 'Closed days', 'Expected', 'Missing', 'Not finite', 'Below zero'],
      rows: steps.map((step) => ({
        name: `${step.percentage} % of the units`,
        cells: [step.closed_days, step.expected, step.missing, step.nonfinite, step.negative].map((one) =>
          counted(one),
        ),
      })),
    }),
    still.length === 0
      ? null
      : bullets(
          still.map(
            ({ from, to, why }) => `Not widened from ${from} ${to === null ? 'on' : `to ${to}`}: ${why.join(' ')}`,
          ),
        ),
  ]);
}

/** What the decision rests on beyond estimate and bounds. */
function statisticsSection(report: CanaryReport): Html | null {
  const { metrics, look, days, state } = report.result;
  const seen = Object.entries(metrics);
  if (seen.length === 0) return null;
  return section('statistics', 'Behind the numbers', [
    html`<p>Look ${look}, after ${days} closed days; ${state.pass_looks_used} of the planned looks at which it may pass were used.</p>`,
    table({
      caption:
        'p: always-valid chance of such a difference without harm (running minimum, adjusted for the other metrics). Theta: how much of the difference before is taken off.',
      columns: ['Metric', 'p of harm', 'Adjusted', 'Standard error', 'Theta', 'Before', 'Clusters'],
      rows: seen.map(([metric, found]) => ({
        name: metricName(metric).name,
        cells: [
          estimate(probabilityOf(found.p_harm), `running ${probabilityOf(found.p_harm_running)}`),
          probabilityOf(found.p_harm_holm),
          ratioOf(found.se, 4),
          ratioOf(found.theta, 2),
          estimate(percentOf(found.ratio_pre_canary), `control ${percentOf(found.ratio_pre_control)}`),
          estimate(counted(found.clusters_canary), `control ${counted(found.clusters_control)}`),
        ],
      })),
    }),
  ]);
}
