import type { EvidenceStore } from '../evidence/evidence-store.ts';
import { isReleaseError } from '../platform/errors.ts';
import { STAGES } from '../promotion/life-cycle.ts';
import type { GateResult, Run } from '../registry/items.ts';
import type { Found } from './find-request.ts';
import { type ReportSummary, summarise } from './report-summary.ts';

/** What a gate found, with its report as far as it can be read. */
export interface Evidence {
  readonly stage: string;
  readonly result: GateResult;
  /** Null when the report is missing, has other bytes than were recorded, or is none. */
  readonly report: ReportSummary | null;
}

/** Everything that the page shows. */
export interface Review extends Found {
  readonly evidence: readonly Evidence[];
}

/** Reads the reports of all gates so far. A report that cannot be trusted is shown as such, not thrown. */
export async function loadReview(evidence: Pick<EvidenceStore, 'read'>, found: Found): Promise<Review> {
  const gates = gatesOf(found.run);
  const reports = await Promise.all(gates.map(({ result }) => readReport(evidence, result)));
  return { ...found, evidence: gates.map((gate, index) => ({ ...gate, report: reports[index] ?? null })) };
}

function gatesOf(run: Run): readonly { readonly stage: string; readonly result: GateResult }[] {
  if (run.kind !== 'promotion') return [];
  return STAGES.flatMap((stage) => {
    const result = run.gates[stage];
    return result === undefined ? [] : [{ stage, result }];
  });
}

async function readReport(evidence: Pick<EvidenceStore, 'read'>, result: GateResult): Promise<ReportSummary | null> {
  const object = result.artifacts['evaluation-report'];
  if (object === undefined) return null;
  try {
    return summarise(await evidence.read(object));
  } catch (error) {
    if (isReleaseError(error, 'DIGEST_MISMATCH') || isReleaseError(error, 'NOT_FOUND')) return null;
    throw error;
  }
}
