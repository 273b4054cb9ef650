import { type Html, html } from '../../platform/html.ts';
import { counted, plainNumber, signedPercentOf, UNDEFINED } from './numbers.ts';
import { bullets, estimate, findingsSection, headSection, numbersTable, section, table } from './page-parts.ts';
import { reportPage } from './report-frame.ts';
import type { RiskSegment, RiskSummary } from './risks.ts';

/** The risk and limitation summary as a page. */
export function riskPage(risks: RiskSummary): string {
  const title = `Risks and limitations of ${risks.model} ${risks.version}`;
  const { insufficient, inconclusive } = risks.segmentsNotProven;
  return reportPage(
    title,
    html`<header>${headSection(risks, title)}</header>
${section('modes', 'Known failure modes', [html`<p class="soft">As documented by the requester.</p>`, bullets(risks.knownFailureModes)])}
${findingsSection(risks)}
${section(
  'unproven',
  'Segments that are not proven',
  insufficient.length + inconclusive.length === 0
    ? html`<p>Every segment that was measured has enough data and is shown to be no worse.</p>`
    : [
        segmentTable('Judged, but neither shown to be no worse nor to be worse.', inconclusive),
        segmentTable('Too little data to be judged.', insufficient),
      ],
)}
${weakSection(risks)}
${section('untested', 'What was not tested', bullets(risks.notTested))}
${section('quality', 'Data quality findings', Object.keys(risks.dataQuality).length === 0 ? html`<p>Every row could be used as it was.</p>` : numbersTable('Rows and keys that could not be used as they were.', risks.dataQuality, (_, count) => plainNumber(Number(count))))}
${section('back', 'If it goes wrong', html`<p>${risks.documented.change.rollbackPlan}</p>`)}`,
  );
}

function weakSection({ weakest, mostBiased }: RiskSummary): Html | null {
  if (weakest.length === 0) return null;
  return section('weak', 'Where it is weakest', [
    segmentTable('Judged segments in which it gains least.', weakest),
    segmentTable('Judged segments in which it is most biased.', mostBiased),
  ]);
}

function segmentTable(caption: string, segments: readonly RiskSegment[]): Html | null {
  return table({
    caption,
    columns: ['Segment', 'Change of WAPE', 'Bias', 'Rows'],
    rows: segments.map((one) => ({
      name: one.name,
      cells: [
        estimate(signedPercentOf(one.rel_wape), one.ucb === null ? UNDEFINED : `at most ${signedPercentOf(one.ucb)}`),
        estimate(signedPercentOf(one.bias_candidate), `baseline ${signedPercentOf(one.bias_baseline)}`),
        estimate(counted(one.n_rows), `${counted(one.n_series)} series`),
      ],
    })),
  });
}
