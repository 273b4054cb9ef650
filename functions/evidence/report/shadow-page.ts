import { type Html, html } from '../../platform/html.ts';
import { H2 } from '../statistics/histogram.ts';
import { figure } from './chart.ts';
import { distributionChart } from './distribution-chart.ts';
import { threshold } from './measure.ts';
import { measureTable } from './measure-table.ts';
import { counted, percentOf, signedPercentOf } from './numbers.ts';
import {
  bullets,
  comparatorOf,
  documentedSection,
  findingsSection,
  folded,
  headSection,
  numbersTable,
  provenanceSection,
  section,
  table,
} from './page-parts.ts';
import { courseChart } from './pair-chart.ts';
import { powerSection } from './power-section.ts';
import { spanWords } from './read-report.ts';
import { reportPage } from './report-frame.ts';
import { shadowMeasures } from './shadow-measures.ts';
import type { ShadowReport } from './stage-schema.ts';
import { stageSegmentsSection } from './stage-segments.ts';
import { untestedInShadow } from './untested.ts';

/** The shadow report as a page: what was measured, bias by cycle, and what both versions forecast. */
export function shadowPage(report: ShadowReport): string {
  const title = `Shadow report of ${report.model} ${report.version}`;
  return reportPage(
    title,
    html`<header>${headSection(report, title)}<p>${spanWords(report)}</p></header>
${findingsSection(report)}
${section('measured', 'What was measured', measureTable(`Both versions on the same rows, in complete demand cycles. The interval of the error is that of the Diebold-Mariano test over days, at the level of one decision.`, comparatorName(report), shadowMeasures(report)))}
${cyclesSection(report)}${distributionSection(report)}${stageSegmentsSection(report)}${powerSection(report)}
${section('untested', 'What was not tested', bullets(untestedInShadow(report)))}
${documentedSection(report)}
${section(
  'quality',
  'Data quality',
  numbersTable('Rows as they were logged, and what of them could not be used.', report.result.quality, (name, value) =>
    name.endsWith('_rate') && typeof value === 'number' ? percentOf(value, 3) : counted(Number(value)),
  ),
)}
${provenanceSection(report, [
  ['Prediction log', report.evidence.predictions],
  ['Outcomes', report.evidence.outcomes],
])}`,
  );
}

function comparatorName(report: ShadowReport): string {
  return report.baseline === '' ? 'Safe forecast' : 'Production';
}

function cyclesSection(report: ShadowReport): Html | null {
  const { cycles } = report.result;
  if (cycles.length === 0) return null;
  const limit = threshold(report, 'bias_cycle_min');
  const against = comparatorOf(report);
  const marks =
    limit === null
      ? []
      : [
          { at: limit * 100, name: `±${counted(limit * 100, 1)} %` },
          { at: -limit * 100, name: '' },
        ];
  return section('cycles', 'Bias by demand cycle', [
    figure(
      courseChart({
        id: 'bias-by-cycle',
        title: 'Bias by demand cycle',
        description: `Forecast less demand as a share of demand in each complete cycle, of the candidate and of ${against}. Systematic is a bias on the same side and beyond the dashed lines in every cycle.`,
        axis: 'bias, % of demand',
        rows: cycles.map(({ cycle, bias_candidate, bias_production }) => ({
          name: `cycle ${cycle + 1}`,
          candidate: bias_candidate === null ? null : bias_candidate * 100,
          comparator: bias_production === null ? null : bias_production * 100,
        })),
        marks,
        names: { candidate: `candidate ${report.version}`, comparator: against },
      }),
    ),
    table({
      caption: 'Complete demand cycles. Bias is forecast less demand, as a share of demand.',
      columns: ['Cycle', 'Bias of candidate', `Bias of ${against}`, 'Change of WAPE', 'Rows'],
      rows: cycles.map((one) => ({
        name: `Cycle ${one.cycle + 1}`,
        cells: [
          signedPercentOf(one.bias_candidate),
          signedPercentOf(one.bias_production),
          signedPercentOf(one.rel_wape),
          counted(one.n),
        ],
      })),
    }),
  ]);
}

function distributionSection(report: ShadowReport): Html | null {
  const { histograms } = report;
  if (histograms === null) return null;
  const against = comparatorOf(report);
  const shares = (counts: readonly number[]) => {
    const all = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count) => (all === 0 ? 0 : (count / all) * 100));
  };
  const [candidate, production] = [shares(histograms.candidate), shares(histograms.production)];
  const bins = candidate.map((share, bin) => ({
    name: binName(bin),
    candidate: share,
    comparator: production[bin] ?? 0,
  }));
  const filled = bins.filter((bin) => bin.candidate > 0 || bin.comparator > 0);
  return section('distribution', 'Distribution of the forecasts', [
    figure(
      distributionChart({
        id: 'distribution',
        title: 'Distribution of the forecasts',
        description: `Share of all forecasts by their level: 1 is what ${against} forecasts for the series on average. Bars are the candidate, the stepped line is ${against}. A model that follows noise less moves as far as one that is wrong, so that a shift fails only together with shown harm.`,
        names: { candidate: `candidate ${report.version}`, comparator: against },
        axis: { bins: 'forecast over the mean level of its series', shares: 'share of forecasts, %' },
        bins: trimmed(bins).map((bin) => (isRound(bin.name) ? bin : { ...bin, name: '' })),
      }),
    ),
    folded(
      'Numbers of this chart',
      table({
        caption: 'Share of forecasts by level, from the lower edge of a bin to the next one.',
        columns: ['Level from', 'Candidate', against],
        rows: filled.map((bin) => ({
          name: bin.name,
          cells: [percentOf(bin.candidate / 100, 2), percentOf(bin.comparator / 100, 2)],
        })),
      }),
    ),
  ]);
}

/** Without the empty bins at both ends. */
function trimmed<T extends { readonly candidate: number; readonly comparator: number }>(bins: readonly T[]) {
  const filled = bins.map((bin) => bin.candidate > 0 || bin.comparator > 0);
  return bins.slice(Math.max(filled.indexOf(true), 0), filled.lastIndexOf(true) + 1);
}

/** Zero and powers of two, as far as there is room: they are enough to read the others by. */
function isRound(name: string): boolean {
  const power = Math.log2(Number(name));
  return name === 'zero' || (Number.isInteger(power) && power >= -3);
}

/** Bins by their lower edge: exactly zero, then from just above it. */
function binName(bin: number): string {
  if (bin === 0) return 'zero';
  const edge = H2.edges[bin - 2];
  return edge === undefined ? 'above zero' : String(Number(edge.toPrecision(3)));
}
