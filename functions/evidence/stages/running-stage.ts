import { parseStored } from '../../platform/boundary.ts';
import { isReleaseError, ReleaseError } from '../../platform/errors.ts';
import type { PromotionItem, StoredObject } from '../../registry/items.ts';
import type { Policy } from '../../registry/policy.ts';
import { explainFinding } from '../explain-finding.ts';
import { byCode, type Finding } from '../finding.ts';
import {
  artifactKey,
  type Judged,
  type JudgePorts,
  type JudgeSettings,
  readPolicy,
  reportBytes,
  type StageQuestion,
  writeArtifact,
} from '../judge-ports.ts';
import { buildStageAnalysis, buildStageSummary } from '../report/stage-artifacts.ts';
import { type StageReport, stageReport } from '../report/stage-report.ts';
import { evidenceWarnings, type MeasuredQuality, type RecordFilter, type StageRead } from './stage-evidence.ts';

export type RunningStage = StageReport['gate'];

/** What a judge of a running stage is about: the promotion, what it is held to, and which evidence to read. */
export interface StageSubject {
  readonly run: PromotionItem;
  readonly policy: Policy;
  readonly question: StageQuestion;
}

/**
 * What was found in a running stage: what to report, and whether the canary goes on to its next step. `looks` of the
 * report is what this look leaves behind for the next; without it the look spent nothing.
 */
export interface FoundInStage {
  readonly report: StageReport;
  readonly advance: boolean;
  /** Closed days of the step that was held; 0 when nothing advances. */
  readonly closedDays: number;
}

/**
 * Judges a candidate that runs beside production, from the prediction log and the outcomes. CONTINUE writes nothing. The
 * evidence grows while it is judged, so a report that was written counts, with the look that it spent, whatever a
 * repeated look would find.
 */
export async function judgeRunningStage(
  ports: JudgePorts,
  { run, stage }: { readonly run: PromotionItem; readonly stage: RunningStage },
  settings: JudgeSettings,
  find: (subject: StageSubject) => Promise<FoundInStage>,
): Promise<Judged> {
  const policy = await readPolicy(ports, run);
  const filter = filterOf(run, stage);
  const before = await writtenReport(ports, run, stage);
  if (before !== null) return conclude(ports, { run, ...before }, settings);
  const { report, advance, closedDays } = await ports.withDirectory((directory) =>
    find({ run, policy, question: { model: run.model, filter, directory } }),
  );
  if (report.verdict === 'CONTINUE') {
    return { verdict: 'CONTINUE', reasons: report.pending, advance, closedDays, ...leftBy(report) };
  }
  return conclude(ports, { run, ...(await writeReport(ports, { run, report }, settings)) }, settings);
}

function leftBy({ looks }: StageReport): Pick<StageReport, 'looks'> {
  return looks === undefined ? {} : { looks };
}

/** @throws ReleaseError INVALID_INPUT for a stage of which no document went out: there is nothing to judge, and no bound */
function filterOf(run: PromotionItem, stage: RunningStage): RecordFilter {
  const exposures = run.exposures.filter((exposure) => exposure.stage === stage);
  if (exposures.length > 0) return { promotionId: run.promotionId, candidate: run.version, exposures };
  throw new ReleaseError('INVALID_INPUT', `${run.promotionId} was never exposed in the stage ${stage}.`);
}

/** UTC bound of the stage. */
export function untilOf({ exposures }: RecordFilter): string {
  return exposures.at(-1)?.until ?? '';
}

interface Decided {
  readonly verdict: StageReport['verdict'];
  readonly reasons: readonly Finding[];
  readonly pending: readonly Finding[];
}

/** What every report of a running stage says; days and tables are the gate's own. */
export function reportOf(
  { run, policy }: StageSubject,
  found: {
    readonly read: StageRead<{ readonly quality: MeasuredQuality }>;
    readonly decision: Decided;
    readonly gate: RunningStage;
    readonly judge: string;
  },
): Omit<StageReport, 'days' | 'metrics' | 'segments'> {
  const { read, decision, gate, judge } = found;
  const { promotionId, model, version, baseline } = run;
  const { quality } = read.sums;
  return {
    ...{ schema: 1, gate, judge, promotionId, model, version, baseline, verdict: decision.verdict },
    reasons: decision.reasons.map(explainFinding),
    pending: decision.pending.map(explainFinding),
    warnings: byCode(evidenceWarnings({ ...read, quality })).map(explainFinding),
    evidence: read.objects,
    policy: { version: run.policyVersion, digest: run.policyDigest, thresholds: { ...policy[gate] } },
    quality: { ...quality },
  };
}

interface WrittenReport {
  readonly report: StageReport;
  readonly stored: StoredObject;
}

const REPORT = 'evaluation-report';

async function conclude(
  ports: JudgePorts,
  { run, report, stored }: WrittenReport & { readonly run: PromotionItem },
  settings: JudgeSettings,
): Promise<Judged> {
  const { gate, verdict } = report;
  if (verdict === 'CONTINUE') {
    throw new ReleaseError(
      'CORRUPT_ITEM',
      `The report at ${stored.key} has no verdict, and only verdicts are reported.`,
    );
  }
  const write = (name: 'segment-analysis' | 'risk-summary', bytes: string) =>
    writeArtifact(ports, { run, gate, name, bytes }, settings);
  return {
    verdict,
    reasons: verdict === 'INCONCLUSIVE' ? report.pending : report.reasons,
    judge: report.judge,
    artifacts: {
      [REPORT]: stored,
      'segment-analysis': await write('segment-analysis', buildStageAnalysis(report)),
      'risk-summary': await write('risk-summary', buildStageSummary(report, run)),
    },
    ...leftBy(report),
  };
}

/** Writes the report, or answers the one that another run of this step wrote a moment before. */
async function writeReport(
  ports: JudgePorts,
  { run, report }: { readonly run: PromotionItem; readonly report: StageReport },
  settings: JudgeSettings,
): Promise<WrittenReport> {
  const { gate } = report;
  try {
    const stored = await writeArtifact(ports, { run, gate, name: REPORT, bytes: reportBytes(report) }, settings);
    return { report, stored };
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const before = await writtenReport(ports, run, gate);
    if (before === null) throw error;
    return before;
  }
}

/** The report of a run of this step that died before it could record the verdict; null when there is none. */
async function writtenReport(ports: JudgePorts, run: PromotionItem, gate: RunningStage): Promise<WrittenReport | null> {
  const stored = await ports.evidence.find(artifactKey(run, gate, REPORT));
  if (stored === null) return null;
  const before: unknown = JSON.parse((await ports.evidence.read(stored)).toString('utf8'));
  return { report: parseStored(stageReport, before, `The report at ${stored.key}`), stored };
}
