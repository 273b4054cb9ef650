import type { EvidenceStore } from '../evidence/evidence-store.ts';
import { isReleaseError } from '../platform/errors.ts';
import { STAGES, type Stage } from '../promotion/life-cycle.ts';
import type { GateResult, Run } from '../registry/items.ts';
import type { Found } from './find-request.ts';
import { type ReportSummary, summarise } from './report-summary.ts';
import { type StageSummary, summariseStage } from './stage-summary.ts';

/** A gate's report, by what it was measured on. */
export type Report =
  | { readonly of: 'backtest'; readonly summary: ReportSummary }
  | { readonly of: 'stage'; readonly summary: StageSummary };

/** What a gate found, with its report as far as it can be read. */
export interface Evidence {
  readonly stage: Stage;
  readonly result: GateResult;
  /** Null when the report is missing, has other bytes than were recorded, or is none. */
  readonly report: Report | null;
}

/** Everything that the page shows. */
export interface Review extends Found {
  readonly evidence: readonly Evidence[];
}

/** Reads the reports of all gates so far. A report that cannot be trusted is shown as such, not thrown. */
export async function loadReview(evidence: Pick<EvidenceStore, 'read'>, found: Found): Promise<Review> {
  const gates = gatesOf(found.run);
  const reports = await Promise.all(gates.map((gate) => readReport(evidence, gate)));
  return { ...found, evidence: gates.map((gate, index) => ({ ...gate, report: reports[index] ?? null })) };
}

type Judged = Pick<Evidence, 'stage' | 'result'>;

function gatesOf(run: Run): readonly Judged[] {
  if (run.kind !== 'promotion') return [];
  return STAGES.flatMap((stage) => {
    const result = run.gates[stage];
    return result === undefined ? [] : [{ stage, result }];
  });
}

async function readReport(evidence: Pick<EvidenceStore, 'read'>, { stage, result }: Judged): Promise<Report | null> {
  const object = result.artifacts['evaluation-report'];
  if (object === undefined) return null;
  try {
    return reportOf(stage, await evidence.read(object));
  } catch (error) {
    if (isReleaseError(error, 'DIGEST_MISMATCH') || isReleaseError(error, 'NOT_FOUND')) return null;
    throw error;
  }
}

/** The report of a stage's gate; null when the bytes are none, or one of another gate. */
export function reportOf(stage: Stage, bytes: Uint8Array): Report | null {
  if (stage === 'offline') {
    const summary = summarise(bytes);
    return summary === null ? null : { of: 'backtest', summary };
  }
  const summary = summariseStage(bytes);
  return summary?.gate === stage ? { of: 'stage', summary } : null;
}
