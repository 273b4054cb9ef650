import type { Reason } from '../platform/errors.ts';
import { type Html, html } from '../platform/html.ts';
import type { ReportSummary, SummaryRow } from './report-summary.ts';
import type { Evidence, Review } from './review.ts';
import type { MetricRow, StageSummary } from './stage-summary.ts';
import { instant } from './wording.ts';

/** What the gates found, the newest first. */
export function evidenceSections({ evidence }: Review): readonly Html[] {
  return evidence.toReversed().map((found) => evidenceSection(found));
}

function evidenceSection({ stage, result, report }: Evidence): Html {
  const tone = result.verdict === 'PASS' ? 'good' : result.verdict === 'FAIL' ? 'bad' : 'warn';
  return html`<section aria-labelledby="evidence-${stage}"><h2 id="evidence-${stage}">Evidence: ${stage} gate</h2>
<p><span class="pill ${tone}">${result.verdict}</span> <span class="soft">by ${result.judge}, ${instant(result.judgedAt)}</span></p>
${result.reasons.length === 0 ? null : html`<ul>${result.reasons.map(reasonLine)}</ul>`}
${tables(stage, report)}</section>`;
}

function tables(stage: string, report: Evidence['report']): Html {
  if (report === null) return unreadable();
  return report.of === 'backtest' ? backtestTables(report.summary) : stageTables(stage, report.summary);
}

function reasonLine({ code, message }: Pick<Reason, 'code' | 'message'>): Html {
  return html`<li>${message} <code>${code}</code></li>`;
}

function unreadable(): Html {
  return html`<p class="fault">The evaluation report cannot be read, or is not the one that was recorded. Do not approve.</p>`;
}

function backtestTables({ overall, segments, segmentCount, warnings }: ReportSummary): Html {
  return html`${overall === null ? null : backtestTable('All rows of the backtest. WAPE is the absolute error as a share of demand; less is better.', [{ ...overall, name: 'Overall' }])}
${segments.length === 0 ? null : html`<h3>Worst segments</h3>${backtestTable(`The ${segments.length} worst of ${segmentCount} segments, by change of WAPE.`, segments)}`}
${warningList(warnings)}`;
}

function stageTables(stage: string, { days, metrics, segments, segmentCount, warnings, quality }: StageSummary): Html {
  const against =
    stage === 'canary'
      ? 'production: the same rows, or the units that it did not serve'
      : 'production, on the same rows';
  return html`<p>${days}</p>
${metricTable(`Measured on logged forecasts and known outcomes. Held against ${against}. The limit is one of the change where there is a change.`, metrics)}
${segments.length === 0 ? null : html`<h3>Worst in segments</h3>${metricTable(`The ${segments.length} worst values in ${segmentCount} segments of the ${stage} gate.`, segments)}`}
${warningList(warnings)}
${quality.length === 0 ? null : html`<details><summary>What it was measured on</summary><dl>${quality.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></details>`}`;
}

function warningList(warnings: readonly string[]): Html | null {
  if (warnings.length === 0) return null;
  return html`<h3>Warnings</h3><ul>${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`;
}

function backtestTable(about: string, rows: readonly SummaryRow[]): Html {
  const lines = rows.map(
    (
      row,
    ) => html`<tr><th scope="row">${row.name}${row.thin ? html` <span class="soft">(too little data)</span>` : null}</th>
<td class="${row.direction}" data-label="Change">${row.change}</td><td data-label="Candidate">${row.candidate}</td><td data-label="Baseline">${row.baseline}</td><td data-label="Bias">${row.bias}</td><td data-label="Rows">${row.rows.toLocaleString('en')}</td></tr>`,
  );
  return table(about, ['Segment', 'Change', 'Candidate', 'Baseline', 'Bias', 'Rows'], lines);
}

function metricTable(about: string, rows: readonly MetricRow[]): Html {
  const lines = rows.map(
    (row) => html`<tr><th scope="row">${row.name}</th>
<td class="${row.tone}" data-label="Verdict">${row.verdict}</td><td data-label="Candidate">${row.candidate}</td><td data-label="Against">${row.comparator}</td><td data-label="Change">${row.change}</td><td data-label="Limit">${row.limit}</td></tr>`,
  );
  return table(about, ['Measured', 'Verdict', 'Candidate', 'Against', 'Change', 'Limit'], lines);
}

function table(about: string, columns: readonly string[], lines: readonly Html[]): Html {
  return html`<p class="soft">${about}</p>
<div class="scroll" role="region" aria-label="${about}" tabindex="0"><table>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${lines}</tbody></table></div>`;
}
