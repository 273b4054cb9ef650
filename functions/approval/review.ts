import type { EvidenceStore } from '../evidence/evidence-store.ts';
import { REPORT_NAME } from '../evidence/report/gate-report.ts';
import { isReleaseError } from '../platform/errors.ts';
import { STAGES, type Stage } from '../promotion/life-cycle.ts';
import type { GateResult, Run } from '../registry/items.ts';
import type { Found } from './find-request.ts';
import { type GateSummary, summarise } from './report-summary.ts';

/** What a gate found, with its report as far as it can be read. */
export interface Evidence {
  readonly stage: Stage;
  readonly result: GateResult;
  /** Null when the report is missing, has other bytes than were recorded, or is none. */
  readonly report: GateSummary | null;
}

/** Everything that the page shows. */
export interface Review extends Found {
  readonly evidence: readonly Evidence[];
  /** The secret of the link that was opened, for links to the reports; without it there are none. */
  readonly secret?: string;
}

/** Reads the reports of all gates so far. A report that cannot be trusted is shown as such, not thrown. */
export async function loadReview(
  evidence: Pick<EvidenceStore, 'read'>,
  found: Found,
  secret?: string,
): Promise<Review> {
  const gates = gatesOf(found.run);
  const reports = await Promise.all(gates.map((gate) => readReport(evidence, gate)));
  const shown = gates.map((gate, index) => ({ ...gate, report: reports[index] ?? null }));
  return { ...found, evidence: shown, ...(secret === undefined ? {} : { secret }) };
}

type Judged = Pick<Evidence, 'stage' | 'result'>;

function gatesOf(run: Run): readonly Judged[] {
  if (run.kind !== 'promotion') return [];
  return STAGES.flatMap((stage) => {
    const result = run.gates[stage];
    return result === undefined ? [] : [{ stage, result }];
  });
}

async function readReport(
  evidence: Pick<EvidenceStore, 'read'>,
  { stage, result }: Judged,
): Promise<GateSummary | null> {
  const object = result.artifacts[REPORT_NAME];
  if (object === undefined) return null;
  try {
    return summarise(stage, await evidence.read(object));
  } catch (error) {
    if (isReleaseError(error, 'DIGEST_MISMATCH') || isReleaseError(error, 'NOT_FOUND')) return null;
    throw error;
  }
}
