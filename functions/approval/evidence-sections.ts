import { type Measure, VERDICT_TONES, VERDICT_WORDS } from '../evidence/report/measure.ts';
import { UNDEFINED } from '../evidence/report/numbers.ts';
import { together } from '../evidence/report/page-parts.ts';
import type { Reason } from '../platform/errors.ts';
import { type Html, html } from '../platform/html.ts';
import { keyFigures, verdictTone } from './key-figures.ts';
import { type ReportPage, reportPages } from './report-pages.ts';
import type { GateSummary, SegmentLine } from './report-summary.ts';
import type { Review, ShownEvidence } from './review.ts';
import { instant } from './wording.ts';

/** What the gates found, the newest first and unfolded: people decided on the others before. */
export function evidenceSections(review: Review): readonly Html[] {
  const pages = reportPages(review.run);
  return review.evidence.toReversed().map((found, index) => {
    const own = pages.filter(({ name }) => name.startsWith(`${found.stage}-`));
    return evidenceSection(found, reportLinks(review, own), index > 0);
  });
}

/** The newest verdict with its key figures, before anything else; nothing for a change without a version. */
export function verdictSection({ evidence }: Review): Html | null {
  const newest = evidence.at(-1);
  if (newest === undefined) return null;
  const { stage, result, report } = newest;
  const worse = report === null ? 0 : report.worseCount;
  return html`<section aria-labelledby="verdict"><h2 id="verdict">Verdict of the ${stage} gate</h2>
<p><span class="pill ${verdictTone(newest)}">${result.verdict}</span> <span class="soft">by ${result.judge}, ${instant(result.judgedAt)}</span></p>
${
  report === null
    ? html`<p class="fault">Its report cannot be read, or is not the one that was recorded.</p>`
    : html`${figures(report)}
<p>${worse === 0 ? 'No segment got worse.' : `${worse} of ${report.segmentCount} segments got worse; the worst are listed below.`}</p>`
}</section>`;
}

function figures(report: GateSummary): Html {
  return html`<dl class="figures">${keyFigures(report).map(({ name, value, beside }) => html`<div><dt>${name}</dt><dd><strong>${together(value)}</strong> <span class="soft">${together(beside)}</span></dd></div>`)}</dl>`;
}

function evidenceSection(
  { stage, result, report, charts }: ShownEvidence,
  links: Html | null,
  decidedBefore: boolean,
): Html {
  const tone = verdictTone({ stage, result, report });
  return html`<section aria-labelledby="evidence-${stage}"><h2 id="evidence-${stage}">Evidence: ${stage} gate</h2>
<p><span class="pill ${tone}">${result.verdict}</span> <span class="soft">by ${result.judge}, ${instant(result.judgedAt)}</span></p>
${result.reasons.length === 0 ? null : html`<ul>${result.reasons.map(reasonLine)}</ul>`}
${report === null ? unreadable() : decidedBefore ? folded(report, charts) : html`${charts}${tables(report)}`}${links}</section>`;
}

/** At first sight what an earlier gate rests on, and what it warned of: nobody has to unfold a warning. */
function folded(report: GateSummary, charts: ShownEvidence['charts']): Html {
  const { gate, warnings } = report;
  return html`${figures(report)}${list('Warnings', warnings)}
<details><summary>All that the ${gate} gate measured, and what it did not test</summary>${charts}${tables({ ...report, warnings: [] })}</details>`;
}

/** Links keep the secret of the one that was opened; the report pages themselves link nowhere. */
function reportLinks({ request, secret }: Review, pages: readonly ReportPage[]): Html | null {
  if (secret === undefined || pages.length === 0) return null;
  const query = `?k=${encodeURIComponent(secret)}`;
  return html`<ul>${pages.map(({ name, title }) => html`<li><a href="${request.requestId}/reports/${encodeURIComponent(name)}${query}">${title}</a></li>`)}</ul>`;
}

function reasonLine({ code, message }: Pick<Reason, 'code' | 'message'>): Html {
  return html`<li>${message} <code>${code}</code></li>`;
}

function unreadable(): Html {
  return html`<p class="fault">The evaluation report cannot be read, or is not the one that was recorded. Do not approve.</p>`;
}

/** What the candidate is held against, and the column that shows it. */
const AGAINST = {
  offline: ['the baseline, on the same rows of the backtest', 'Baseline'],
  shadow: ['production, on the same rows', 'Production'],
  canary: ['the units that it did not serve, or production on the same rows', 'Control'],
} as const;

function tables({ gate, span, measures, segments, segmentCount, warnings, notTested, quality }: GateSummary): Html {
  const [against, column] = AGAINST[gate];
  return html`<p>${span}</p>
${measureTable(gate, `Held against ${against}. WAPE is the absolute error as a share of demand; less is better.`, column, measures)}
${segments.length === 0 ? null : html`<h3>Worst segments</h3>${segmentTable(gate, `The ${segments.length} worst of ${segmentCount} segments, by change of WAPE.`, gate === 'offline' ? 'Baseline' : 'Production', segments)}`}
${list('Warnings', warnings)}${list('Not tested', notTested)}
${quality.length === 0 ? null : html`<details><summary>What it was measured on</summary><dl>${quality.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></details>`}`;
}

function list(title: string, lines: readonly string[]): Html | null {
  return lines.length === 0 ? null : html`<h3>${title}</h3><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}

function measureTable(gate: string, about: string, comparator: string, measures: readonly Measure[]): Html | null {
  if (measures.length === 0) return null;
  const columns = ['Measured', 'Verdict', 'Candidate', comparator, 'Difference', 'Allowed'];
  // What has no limit is in the report.
  const judged = measures.filter(({ verdict }) => verdict !== 'NONE');
  const lines = judged.map((one) =>
    line(columns, one.name, [
      cell(VERDICT_WORDS[one.verdict], `wrap ${VERDICT_TONES[one.verdict] ?? ''}`.trim()),
      cell(one.candidate),
      cell(one.comparator),
      cell(withBounds(one.estimate, one.bounds), one.estimate.includes(', ') ? 'wrap' : undefined),
      cell(one.limit, 'wrap'),
    ]),
  );
  return table(gate, about, columns, lines);
}

function segmentTable(gate: string, about: string, comparator: string, segments: readonly SegmentLine[]): Html {
  const columns = ['Segment', 'Change', 'Candidate', comparator, 'Bias', 'Rows'];
  const lines = segments.map((one) =>
    line(columns, html`${one.name}${one.thin ? html` <span class="soft">(too little data)</span>` : null}`, [
      cell(withBounds(one.change, one.bounds), one.direction),
      cell(one.candidate),
      cell(one.comparator),
      cell(one.bias),
      cell(one.rows),
    ]),
  );
  return table(gate, about, columns, lines);
}

interface Cell {
  readonly text: string | Html;
  readonly look?: string | undefined;
}

function cell(text: string | Html, look?: string): Cell {
  return { text, look: text === UNDEFINED ? 'none' : look };
}

/** An estimate with its interval beneath. */
function withBounds(estimate: string, bounds: string): string | Html {
  return bounds === UNDEFINED ? estimate : html`${estimate}<span class="range">${bounds}</span>`;
}

function line(columns: readonly string[], name: string | Html, cells: readonly Cell[]): Html {
  return html`<tr><th scope="row">${name}</th>
${cells.map(({ text, look }, index) => html`<td${look === undefined ? null : html` class="${look}"`} data-label="${columns[index + 1] ?? ''}">${text}</td>`)}</tr>`;
}

function table(gate: string, about: string, columns: readonly string[], lines: readonly Html[]): Html {
  return html`<p class="soft">${about}</p>
<div class="scroll" role="region" aria-label="${gate} gate: ${about}" tabindex="0"><table>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${lines}</tbody></table></div>`;
}
