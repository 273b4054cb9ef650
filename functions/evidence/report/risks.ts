import * as z from 'zod';
import type { OfflineSegment } from '../offline/offline-result.ts';
import { measured, reportHead, share } from './gate-report.ts';
import type { OfflineReport } from './offline-envelope.ts';
import { type NamedSegment, orderedSegments } from './offline-order.ts';
import { untestedOffline } from './untested.ts';

const segment = z.object({
  name: z.string(),
  n_rows: z.int(),
  n_series: z.int(),
  rel_wape: measured,
  /** Upper bound of the relative error. */
  ucb: share,
  bias_candidate: share,
  bias_baseline: share,
});
export type RiskSegment = z.infer<typeof segment>;

/** The risk and limitation summary of the offline gate. */
export const riskSummary = z.object({
  ...reportHead,
  gate: z.literal('offline'),
  verdict: z.enum(['PASS', 'FAIL', 'INCONCLUSIVE']),
  knownFailureModes: z.array(z.string()),
  segmentsNotProven: z.object({
    /** Too little data to be judged. */
    insufficient: z.array(segment),
    /** Judged, but neither shown to be no worse nor to be worse. */
    inconclusive: z.array(segment),
  }),
  /** Judged segments in which the candidate gains least, the worst first; and those in which it is most biased. */
  weakest: z.array(segment),
  mostBiased: z.array(segment),
  /** Counts of rows that could not be used as they were; only those above zero. */
  dataQuality: z.record(z.string(), z.number()),
  notTested: z.array(z.string()),
  rollbackPlan: z.string(),
});
export type RiskSummary = z.infer<typeof riskSummary>;

const WORST = 5;

export function buildRiskSummary(report: OfflineReport): RiskSummary {
  const { schema, judge, promotionId, model, version, baseline, reasons, pending, warnings, policy, documented } =
    report;
  const segments = orderedSegments(report);
  const of = (verdict: OfflineSegment['verdict']) =>
    segments.filter(([, found]) => found.verdict === verdict).map(told);
  const judged = segments.filter(([, { sufficient }]) => sufficient);
  return {
    ...{ schema, judge, promotionId, model, version, baseline, reasons, pending, warnings, policy, documented },
    ...{ gate: report.gate, verdict: report.verdict },
    knownFailureModes: documented.knownFailureModes,
    segmentsNotProven: { insufficient: of('INSUFFICIENT'), inconclusive: of('INCONCLUSIVE') },
    weakest: worst(judged, errorRank),
    mostBiased: worst(judged, ({ bias_candidate }) => Math.abs(bias_candidate ?? 0)),
    dataQuality: dirt(report),
    notTested: [...untestedOffline(report)],
    rollbackPlan: documented.change.rollbackPlan,
  };
}

function told([name, found]: NamedSegment): RiskSegment {
  const { n_rows, n_series, rel_wape, ucb, bias_candidate, bias_baseline } = found;
  return { name, n_rows, n_series, rel_wape, ucb, bias_candidate, bias_baseline };
}

function worst(groups: readonly NamedSegment[], rank: (found: OfflineSegment) => number): RiskSegment[] {
  return groups
    .toSorted(([a, one], [b, other]) => rank(other) - rank(one) || (a < b ? -1 : 1))
    .slice(0, WORST)
    .map(told);
}

function errorRank({ rel_wape }: OfflineSegment): number {
  // Finite, since a difference of infinities has no order.
  return rel_wape === 'inf' ? Number.MAX_VALUE : (rel_wape ?? -1);
}

/** What was wrong with the data: all counts of the data quality but those of rows and of usable ones. */
function dirt({ result }: OfflineReport): Record<string, number> {
  if (result === null) return {};
  const { rows: _, paired_rows: __, candidate_invalid_rate: ___, exact_match_share: ____, ...counts } = result.quality;
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
