import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { evidencePaths } from '../platform/keys.ts';
import type { PromotionItem, StoredObject } from '../registry/items.ts';
import type { Judged, JudgePorts, JudgeSettings } from './judge-ports.ts';
import { type Artifact, REPORT_NAME } from './report/gate-report.ts';

/** What every gate's report says. */
export interface GateReport {
  readonly judge: string;
  readonly verdict: 'PASS' | 'FAIL' | 'INCONCLUSIVE' | 'CONTINUE';
  readonly reasons: readonly Reason[];
  readonly pending: readonly Reason[];
}

/** How a gate reports. */
export interface GateReporting<R extends GateReport> {
  readonly stage: 'offline' | 'shadow' | 'canary';
  /** Name of the report's file in the evidence bucket. */
  readonly file: string;
  /** A report that was written before; throws for anything else. */
  readonly parse: (before: unknown, what: string) => R;
  /** The report first, then what is said of it; a pure function of the two. */
  readonly artifacts: (report: R, run: PromotionItem) => readonly Artifact[];
}

/** A report that lies in the evidence bucket. */
export interface WrittenReport<R extends GateReport> {
  readonly report: R;
  readonly stored: StoredObject;
}

type Concluded = Exclude<Judged, { readonly verdict: 'CONTINUE' }>;
type EvidencePorts = Pick<JudgePorts, 'evidence'>;

interface Reported<R extends GateReport> {
  readonly run: PromotionItem;
  readonly reporting: GateReporting<R>;
}

/**
 * Writes a report, or answers the one that another run of this step wrote a moment before: evidence may grow and be
 * restated while it is judged, so the report that was written first counts.
 */
export async function writeReport<R extends GateReport>(
  ports: EvidencePorts,
  { run, reporting, report }: Reported<R> & { readonly report: R },
  settings: JudgeSettings,
): Promise<WrittenReport<R>> {
  const artifact = reporting.artifacts(report, run).find(({ name }) => name === REPORT_NAME);
  if (artifact === undefined) throw new Error(`The gate ${reporting.stage} leaves no report.`);
  try {
    return { report, stored: await write(ports, { run, reporting, artifact }, settings) };
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const before = await writtenReport(ports, { run, reporting });
    if (before === null) throw error;
    return before;
  }
}

/** The report of a run of this step that died before it could record the verdict; null when there is none. */
export async function writtenReport<R extends GateReport>(
  ports: EvidencePorts,
  { run, reporting }: Reported<R>,
): Promise<WrittenReport<R> | null> {
  const { stage, file, parse } = reporting;
  const stored = await ports.evidence.find(evidencePaths.evidence(run.promotionId, stage, file));
  if (stored === null) return null;
  const before: unknown = JSON.parse((await ports.evidence.read(stored)).toString('utf8'));
  return { report: parse(before, `The report at ${stored.key}`), stored };
}

/**
 * The verdict of a report, with everything that the gate leaves beside it.
 * @throws ReleaseError CORRUPT_ITEM for a report without a verdict, which is never written
 */
export async function conclude<R extends GateReport>(
  ports: EvidencePorts,
  { run, reporting, report, stored }: Reported<R> & WrittenReport<R>,
  settings: JudgeSettings,
): Promise<Concluded> {
  const { verdict, judge } = report;
  if (verdict === 'CONTINUE') {
    const message = `The report at ${stored.key} has no verdict, and only verdicts are reported.`;
    throw new ReleaseError('CORRUPT_ITEM', message);
  }
  const artifacts: Record<string, StoredObject> = { [REPORT_NAME]: stored };
  for (const artifact of reporting.artifacts(report, run)) {
    if (artifact.name === REPORT_NAME) continue;
    artifacts[artifact.name] = await write(ports, { run, reporting, artifact }, settings);
  }
  return { verdict, reasons: verdict === 'INCONCLUSIVE' ? report.pending : report.reasons, judge, artifacts };
}

function write(
  ports: EvidencePorts,
  of: {
    readonly run: PromotionItem;
    readonly reporting: Pick<GateReporting<GateReport>, 'stage'>;
    readonly artifact: Artifact;
  },
  settings: JudgeSettings,
): Promise<StoredObject> {
  const { file, bytes, contentType } = of.artifact;
  const key = evidencePaths.evidence(of.run.promotionId, of.reporting.stage, file);
  return ports.evidence.writeOnce(key, bytes, { contentType, ...settings });
}
