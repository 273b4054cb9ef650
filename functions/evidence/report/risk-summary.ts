import type { Reason } from '../../platform/errors.ts';
import type { PromotionItem } from '../../registry/items.ts';
import { change, percent, signed } from '../finding.ts';
import type { EvaluationReport, GroupReport } from './report.ts';

/** What the requester documented, besides what the judge found. */
export type Documented = Pick<PromotionItem, 'knownFailureModes' | 'change' | 'training'>;

const WORST = 5;

/** The risk and limitation summary, as Markdown for the people who approve. */
export function buildRiskSummary(report: EvaluationReport, documented: Documented): string {
  const judged = report.segments.filter((segment) => segment.sufficient);
  const sections = [
    `# Risks and limitations of ${report.model} ${report.version}`,
    `Verdict of the offline gate: **${report.verdict}** (${report.judge}), compared with ${comparator(report)}.`,
    section('Why it fails', report.reasons.map(line)),
    section('Not shown yet', report.pending.map(line)),
    section('Warnings', report.warnings.map(line)),
    section('Known failure modes, as documented by the requester', documented.knownFailureModes.map(plain)),
    section('Where it gains least', worst(judged, errorRank).map(describeError)),
    section('Where it is most biased', worst(judged, biasRank).map(describeBias)),
    section(
      'Not judged for lack of data',
      report.segments
        .filter((segment) => !segment.sufficient)
        .map((segment) => `${plain(segment.name)}: ${segment.n_rows} rows, ${segment.n_series} series`),
    ),
    section('Limits of this evidence', limits(report)),
    section('If it goes wrong', [`Rollback plan: ${plain(documented.change.rollbackPlan)}`]),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

/** A part of a summary; nothing when there is nothing to say. */
export function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `## ${title}\n\n${lines.map((text) => `- ${text}`).join('\n')}`;
}

function comparator(report: EvaluationReport): string {
  return report.baseline === '' ? 'the safe forecast' : `production version ${report.baseline}`;
}

function limits(report: EvaluationReport): readonly string[] {
  const { overall, folds } = report;
  const span =
    overall === null || folds.length === 0
      ? []
      : [
          `${overall.n_rows} paired rows of ${overall.n_series} series at ${overall.n_folds} origins, ${folds[0]?.name} to ${folds.at(-1)?.name}. Other seasons were not tested.`,
        ];
  return [
    ...span,
    'Differences are point estimates on past demand; sales are taken for demand, also on days with an empty shelf.',
    'Volume bands and regimes are those before the first origin, for daily demand.',
  ];
}

function worst(groups: readonly GroupReport[], rank: (group: GroupReport) => number): readonly GroupReport[] {
  return groups.toSorted((a, b) => rank(b) - rank(a) || (a.name < b.name ? -1 : 1)).slice(0, WORST);
}

function errorRank(group: GroupReport): number {
  // Finite, since a difference of infinities has no order.
  return group.rel_wape === 'inf' ? Number.MAX_VALUE : (group.rel_wape ?? -1);
}

function biasRank(group: GroupReport): number {
  return Math.abs(group.bias_candidate ?? 0);
}

function describeError(group: GroupReport): string {
  return `${plain(group.name)}: ${change(group.rel_wape)}, WAPE ${percent(group.wape_candidate)} after ${percent(group.wape_baseline)}`;
}

function describeBias(group: GroupReport): string {
  return `${plain(group.name)}: ${signed(group.bias_candidate)}, baseline ${signed(group.bias_baseline)}`;
}

/** A finding with what was measured, allowed, and to do. */
export function line(reason: Reason): string {
  const measured =
    reason.got === undefined ? '' : ` Got ${plain(reason.got)}; allowed: ${plain(reason.allowed ?? '')}.`;
  return `\`${reason.code.replaceAll('`', '')}\` ${plain(reason.message)}${measured}${reason.next === undefined ? '' : ` ${plain(reason.next)}`}`;
}

/** Text from outside on one line and without Markdown or HTML of its own. */
export function plain(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*_[\]<>|#]/g, '\\$&');
}
