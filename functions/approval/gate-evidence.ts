import type { EvidenceStore } from '../evidence/evidence-store.ts';
import { PAGE_SUFFIX, REPORT_NAME } from '../evidence/report/gate-report.ts';
import { isReleaseError } from '../platform/errors.ts';
import type { Html } from '../platform/html.ts';
import { STAGES, type Stage } from '../promotion/life-cycle.ts';
import type { GateResult, Run } from '../registry/items.ts';
import { recordedCharts } from './recorded-charts.ts';
import { type GateSummary, summarise } from './report-summary.ts';

/** What a gate found, with its report as far as it can be read. */
export interface Evidence {
  readonly stage: Stage;
  readonly result: GateResult;
  /** Null when the report is missing, has other bytes than were recorded, or is none. */
  readonly report: GateSummary | null;
}

/** The reports of all gates of a run so far, in order. A report that cannot be trusted is said to be none, not thrown. */
export function loadEvidence(evidence: Pick<EvidenceStore, 'read'>, run: Run): Promise<readonly Evidence[]> {
  return Promise.all(gatesOf(run).map(async (gate) => ({ ...gate, report: await readReport(evidence, gate) })));
}

type Judged = Pick<Evidence, 'stage' | 'result'>;

function gatesOf(run: Run): readonly Judged[] {
  if (run.kind !== 'promotion') return [];
  return STAGES.flatMap((stage) => {
    const result = run.gates[stage];
    return result === undefined ? [] : [{ stage, result }];
  });
}

/** The charts of a gate's report page; none where it is missing, or is not the one that was recorded. */
export async function readCharts(
  evidence: Pick<EvidenceStore, 'read'>,
  { stage, result }: Pick<Evidence, 'stage' | 'result'>,
): Promise<readonly Html[]> {
  const object = result.artifacts[`${REPORT_NAME}${PAGE_SUFFIX}`];
  if (object === undefined) return [];
  try {
    return recordedCharts(stage, await evidence.read(object));
  } catch (error) {
    if (isReleaseError(error, 'DIGEST_MISMATCH') || isReleaseError(error, 'NOT_FOUND')) return [];
    throw error;
  }
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
