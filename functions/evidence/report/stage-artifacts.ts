import { percent } from '../finding.ts';
import { csvCell } from './report.ts';
import { type Documented, line, plain, section } from './risk-summary.ts';
import { type MeasuredMetric, measuredMetric, type StageReport } from './stage-report.ts';

/** The segment analysis of a running stage as CSV: overall first, one line per metric; undefined values are empty. */
export function buildStageAnalysis(report: StageReport): string {
  const columns = measuredMetric.keyof().options;
  const groups = [{ name: 'overall', metrics: report.metrics }, ...report.segments];
  const lines = groups.flatMap((group) =>
    group.metrics.map((metric) => [csvCell(group.name), ...columns.map((column) => csvCell(metric[column]))].join(',')),
  );
  const header = ['segment', ...columns.map((column) => (column === 'name' ? 'metric' : column))];
  return `${[header.join(','), ...lines].join('\n')}\n`;
}

const LIMITS = {
  shadow: [
    'Nothing of the candidate was served: what it would have done to stocks is not known yet.',
    'Accuracy is a point estimate; sales are taken for demand, also on days with an empty shelf.',
  ],
  canary: [
    'Stock metrics compare the canary with the control units, less the difference that there was before; goods that both share blur it.',
    'Days with an empty shelf are left out of the accuracy, since sales are not demand then.',
  ],
} as const;

/** The risk and limitation summary of a running stage, as Markdown for the people who approve. */
export function buildStageSummary(report: StageReport, documented: Documented): string {
  const against = report.baseline === '' ? 'the safe forecast' : `production version ${report.baseline}`;
  const span =
    report.days === null
      ? 'No business day was closed.'
      : `Business days ${report.days.from} to ${report.days.to}, ${report.days.closed} of them closed. Other seasons were not seen.`;
  const sections = [
    `# Risks and limitations of ${report.model} ${report.version}`,
    `Verdict of the ${report.gate} gate: **${report.verdict}** (${report.judge}), compared with ${against}.`,
    section('Why it fails', report.reasons.map(line)),
    section('Not shown', report.pending.map(line)),
    section('Warnings', report.warnings.map(line)),
    section('Measured', report.metrics.map(told)),
    section('Known failure modes, as documented by the requester', documented.knownFailureModes.map(plain)),
    section('Limits of this evidence', [span, ...LIMITS[report.gate]]),
    section('If it goes wrong', [`Rollback plan: ${plain(documented.change.rollbackPlan)}`]),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

function told({ name, candidate, comparator, change, limit, unit, verdict }: MeasuredMetric): string {
  const value = (number: number) => (unit === 'share' ? percent(number, 2) : String(number));
  const parts = [
    ...(candidate === null ? [] : [value(candidate)]),
    ...(comparator === null ? [] : [`comparator ${value(comparator)}`]),
    ...(change === null ? [] : [`change ${change === 'inf' ? 'without bound' : value(change)}`]),
    ...(limit === null ? [] : [`limit ${value(limit)}`]),
  ];
  return `${plain(name)}: ${parts.join(', ') || 'undefined'} (${verdict})`;
}
