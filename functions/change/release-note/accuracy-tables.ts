import { intervalText, VERDICT_WORDS } from '../../evidence/report/measure.ts';
import { counted, percentOf, signedPercentOf } from '../../evidence/report/numbers.ts';
import { intervalOf } from '../../evidence/report/offline-measures.ts';
import { orderedSegments } from '../../evidence/report/offline-order.ts';
import { type GateReport, measuresOf, spanWords } from '../../evidence/report/read-report.ts';
import type { CanaryReport, ShadowReport } from '../../evidence/report/stage-schema.ts';
import { versionWords } from '../../rollback/cause-words.ts';
import { type Block, paragraph, type Section, section } from './note.ts';
import type { GateReports } from './release-facts.ts';

const TITLES = {
  offline: 'Measured in the backtest',
  shadow: 'Measured beside production',
  canary: 'Measured in the canary',
} as const;

const AGAINST = {
  offline: 'on the same rows',
  shadow: 'on the same rows',
  canary: 'on the same rows, or on the units that it did not serve',
} as const;

/** What each gate measured, as tables: against its limits, then segment by segment. */
export function accuracySections({ report, stageReports }: GateReports): readonly Section[] {
  return [report, ...stageReports].flatMap((one) => gateSection(one));
}

function gateSection(report: GateReport): readonly Section[] {
  const segments = report.gate === 'offline' ? offlineRows(report) : stageRows(report);
  const held = `${spanWords(report)} Held against ${versionWords(report.baseline)} ${AGAINST[report.gate]}.`;
  return section(TITLES[report.gate], paragraph(held), measureTable(report), segmentTable(report, segments));
}

function measureTable(report: GateReport): readonly Block[] {
  const rows = measuresOf(report).map(({ name, candidate, comparator, estimate, bounds, limit, verdict }) => [
    ...[name, candidate, comparator, estimate, bounds, limit],
    VERDICT_WORDS[verdict],
  ]);
  if (rows.length === 0) return [];
  const adjusted =
    report.gate === 'canary' ? ' A difference is less what the two groups differed by before the canary.' : '';
  const columns = ['Measured', 'Candidate', 'Against', 'Difference', 'Interval', 'Allowed', 'Verdict'];
  return [{ kind: 'table', about: `${TITLES[report.gate]}, and what is allowed.${adjusted}`, columns, rows }];
}

function segmentTable({ gate }: GateReport, rows: readonly (readonly string[])[]): readonly Block[] {
  if (rows.length === 0) return [];
  const about = `${TITLES[gate]}, by segment. Error is the weighted absolute percentage error (WAPE), with the 90 % interval of its change; bias is forecast minus demand, as a share of demand.`;
  const columns = ['Segment', 'Change of error', 'Interval', 'WAPE', 'Before', 'Bias', 'Bias before', 'Rows'];
  return [{ kind: 'table', about, columns, rows }];
}

/** Segments with too little data to be judged are left out. */
function offlineRows({ result }: GateReports['report']): readonly (readonly string[])[] {
  return orderedSegments({ result })
    .filter(([, { sufficient }]) => sufficient)
    .map(([name, one]) => [
      name,
      signedPercentOf(one.rel_wape),
      intervalText(intervalOf(one)),
      ...[percentOf(one.wape_candidate), percentOf(one.wape_baseline)],
      ...[signedPercentOf(one.bias_candidate), signedPercentOf(one.bias_baseline)],
      counted(one.n_rows),
    ]);
}

function stageRows({ segments }: ShadowReport | CanaryReport): readonly (readonly string[])[] {
  return segments.map((one) => [
    one.name,
    signedPercentOf(one.rel_wape),
    intervalText(one.interval),
    ...[percentOf(one.wape_candidate), percentOf(one.wape_production)],
    ...[signedPercentOf(one.bias_candidate), signedPercentOf(one.bias_production)],
    counted(one.n_rows),
  ]);
}
