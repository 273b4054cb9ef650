import { figure } from '../../evidence/report/chart.ts';
import { counted, UNDEFINED } from '../../evidence/report/numbers.ts';
import { facts, section, table } from '../../evidence/report/page-parts.ts';
import { reportPage } from '../../evidence/report/report-frame.ts';
import type { Reason } from '../../platform/errors.ts';
import { html } from '../../platform/html.ts';
import { PHASES } from '../drill-items.ts';
import type { Trend, TrendPoint } from '../trend.ts';
import { drillChart } from './drill-chart.ts';
import { PHASE_WORDS } from './phase-words.ts';

/** The trend of a model's drills as a page, with what the newest came to. */
export function trendPage(trend: Trend, reasons: readonly Reason[]): string {
  const newest = trend.drills.at(-1);
  const title = `Rollback drills of ${trend.model}`;
  return reportPage(
    title,
    html`<p class="eyebrow">${trend.model}, rollback drills</p>
<h1>${title}</h1>
${newest === undefined ? null : [verdict(newest), findings(reasons)]}
${section('trend-section', 'Trend', [
  html`<p>${passedWords(trend)} From the fault to the last reader, the median is ${secondsOf(trend.medianTotal)}.</p>`,
  figure(drillChart(trend)),
  drillTable(trend),
])}
${section('phases', 'What is measured', html`<dl>${facts(PHASES.map((phase) => [phase, PHASE_WORDS[phase]]))}</dl>`)}`,
  );
}

function verdict({ passed, total, maxSeconds, from, to, at, pollSeconds, executionName }: TrendPoint) {
  const pill = passed ? html`<span class="pill good">PASSED</span>` : html`<span class="pill bad">FAILED</span>`;
  const way = from === to ? `between the two documents of ${named(to)}` : `from ${named(from)} to ${named(to)}`;
  const took = total === null ? 'did not come to its end' : `took ${secondsOf(total)} of ${secondsOf(maxSeconds)}`;
  return html`<p>${pill} The drill of ${at.slice(0, 16).replace('T', ' ')} UTC, ${way}, ${took}; the reader looked every ${secondsOf(pollSeconds)}.</p>
<p class="soft">Execution <code>${executionName}</code>. It ran in an environment of its own: nothing that serves was touched.</p>`;
}

function findings(reasons: readonly Reason[]) {
  if (reasons.length === 0) return null;
  const items = reasons.map(
    ({ code, message, got, allowed, next }) =>
      html`<li class="finding"><p><strong>${message}</strong> <code>${code}</code></p>${got === undefined ? null : html`<p>Got: ${got}.${allowed === undefined ? null : ` Allowed: ${allowed}.`}</p>`}${next === undefined ? null : html`<p class="soft">${next}</p>`}</li>`,
  );
  return section('findings', 'Why it failed', html`<ul class="findings fails">${items}</ul>`);
}

function drillTable({ drills }: Trend) {
  return table({
    caption: 'Seconds by phase, the newest drill first.',
    columns: ['Drill (UTC)', 'Result', ...PHASES, 'Total', 'Limit'],
    rows: drills.toReversed().map((drill) => ({
      name: drill.at.slice(0, 16).replace('T', ' '),
      cells: [
        drill.passed
          ? { text: 'passed', tone: 'better' }
          : { text: drill.reasons.join(', ') || 'failed', tone: 'worse' },
        ...PHASES.map((phase) => exact(drill.seconds[phase])),
        exact(drill.total),
        counted(drill.maxSeconds, 0),
      ],
    })),
  });
}

function passedWords({ passed, drills }: Trend): string {
  if (drills.length === 1) return `The only drill so far ${passed === 1 ? 'passed' : 'failed'}.`;
  return `${passed} of the last ${drills.length} drills passed.`;
}

/** With its decimals, so that a column can be read downwards. */
function exact(value: number | null | undefined): string {
  return value === null || value === undefined ? UNDEFINED : value.toFixed(2);
}

function named(version: string): string {
  return version === '' ? 'the safe forecast' : `version ${version}`;
}

function secondsOf(value: number | null): string {
  return value === null ? UNDEFINED : `${counted(value, 2)}\u00a0s`;
}
