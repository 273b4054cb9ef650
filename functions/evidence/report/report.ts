import * as z from 'zod';
import { reason, storedObject } from '../../registry/items.ts';
import { explainFinding } from '../explain-finding.ts';
import { type JudgedGroup, OFFLINE_JUDGE, type OfflineDecision, type OfflineThresholds } from '../offline/offline.ts';
import { type OfflineSums, perUnit, valueAdded } from '../offline/offline-sums.ts';

/** A ratio: null is undefined, `inf` means that only the comparator is perfect. */
const ratio = z.union([z.number(), z.literal('inf')]).nullable();
const share = z.number().nullable();

/** One group of rows: overall, an origin date, or a segment such as `region:CA`. Biases are shares of demand. */
export const groupReport = z.object({
  name: z.string(),
  sufficient: z.boolean(),
  verdict: z.enum(['INSUFFICIENT', 'REGRESSED', 'WITHIN_MARGIN']),
  n_rows: z.int(),
  n_series: z.int(),
  n_folds: z.int(),
  sum_y: z.number(),
  /** Relative change of the absolute error; negative is better. */
  rel_wape: ratio,
  wape_candidate: share,
  wape_baseline: share,
  bias_candidate: share,
  bias_baseline: share,
});
export type GroupReport = z.infer<typeof groupReport>;

const counts = z.record(z.string(), z.number());

/** The evaluation report of the offline gate: everything that the verdict rests on. Carries no time, so it is reproducible. */
export const evaluationReport = z.object({
  schema: z.literal(1),
  gate: z.literal('offline'),
  judge: z.string(),
  promotionId: z.string(),
  model: z.string(),
  version: z.string(),
  /** The production version compared with; empty: the safe forecast. */
  baseline: z.string(),
  verdict: z.enum(['PASS', 'FAIL', 'INCONCLUSIVE']),
  reasons: z.array(reason),
  pending: z.array(reason),
  warnings: z.array(reason),
  evidence: z.object({ artifact: storedObject, backtest: storedObject, history: storedObject }),
  policy: z.object({ version: z.int(), digest: z.string(), thresholds: z.record(z.string(), z.json()) }),
  /** Null when the evidence could not be read. */
  quality: counts.nullable(),
  leakage: counts.nullable(),
  history: counts.nullable(),
  overall: groupReport.nullable(),
  /** Forecast value added over the seasonal naive forecast. */
  fva: z.object({ rows: z.int(), snaive_wape: share, candidate: share, baseline: share }).nullable(),
  folds: z.array(groupReport),
  segments: z.array(groupReport),
});
export type EvaluationReport = z.infer<typeof evaluationReport>;

/** What was judged, under which thresholds. */
export type ReportSubject = Pick<EvaluationReport, 'promotionId' | 'model' | 'version' | 'baseline' | 'evidence'> & {
  readonly policy: { readonly version: number; readonly digest: string; readonly thresholds: OfflineThresholds };
};

/** What the judge found: a decision on sums, or evidence that cannot be judged, which fails. */
export type Outcome =
  | { readonly judged: true; readonly sums: OfflineSums; readonly decision: OfflineDecision }
  | { readonly judged: false; readonly reasons: EvaluationReport['reasons'] };

export function buildEvaluationReport(subject: ReportSubject, outcome: Outcome): EvaluationReport {
  const { promotionId, model, version, baseline, evidence, policy } = subject;
  return {
    schema: 1,
    gate: 'offline',
    judge: OFFLINE_JUDGE,
    ...{ promotionId, model, version, baseline },
    ...(outcome.judged ? judgedPart(outcome.sums, outcome.decision) : unusablePart(outcome.reasons)),
    evidence,
    policy: { ...policy, thresholds: { ...policy.thresholds } },
  };
}

type Found = Omit<
  EvaluationReport,
  'schema' | 'gate' | 'judge' | 'promotionId' | 'model' | 'version' | 'baseline' | 'evidence' | 'policy'
>;

function judgedPart(sums: OfflineSums, decision: OfflineDecision): Found {
  const { valueAdded: added } = sums;
  return {
    verdict: decision.verdict,
    reasons: decision.reasons.map(explainFinding),
    pending: decision.pending.map(explainFinding),
    warnings: decision.warnings.map(explainFinding),
    quality: { ...sums.quality },
    leakage: { ...sums.leakage },
    history: { ...sums.history },
    overall: reportGroup(decision.overall),
    fva: {
      rows: added.rows,
      snaive_wape: perUnit(added.naiveError, added.actual),
      candidate: valueAdded(added.candidateError, added.naiveError),
      baseline: valueAdded(added.baselineError, added.naiveError),
    },
    folds: decision.folds.map(reportGroup),
    segments: decision.segments.map(reportGroup),
  };
}

function unusablePart(reasons: EvaluationReport['reasons']): Found {
  const nothing = { quality: null, leakage: null, history: null, overall: null, fva: null };
  return { verdict: 'FAIL', reasons, pending: [], warnings: [], ...nothing, folds: [], segments: [] };
}

function reportGroup({ name, sums, sufficient, verdict, relWape, ...bias }: JudgedGroup): GroupReport {
  return {
    ...{ name, sufficient, verdict },
    ...{ n_rows: sums.rows, n_series: sums.series, n_folds: sums.origins, sum_y: sums.actual },
    rel_wape: relWape === Number.POSITIVE_INFINITY ? 'inf' : relWape,
    wape_candidate: perUnit(sums.candidateError, sums.actual),
    wape_baseline: perUnit(sums.baselineError, sums.actual),
    bias_candidate: bias.biasCandidate,
    bias_baseline: bias.biasBaseline,
  };
}

/** The segment analysis as CSV: overall, each origin, each segment; an undefined value is an empty cell. */
export function buildSegmentAnalysis(report: EvaluationReport): string {
  const columns = groupReport.keyof().options;
  const groups = [...(report.overall === null ? [] : [report.overall]), ...report.folds, ...report.segments];
  const lines = groups.map((group) => columns.map((column) => csvCell(group[column])).join(','));
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}

/** A value as a cell of a CSV; undefined is empty. */
export function csvCell(value: string | number | boolean | null): string {
  // A cell that starts like a formula would be run by a spreadsheet.
  const text = typeof value === 'string' ? value.replace(/^[=+\-@]/, "'$&") : String(value ?? '');
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
