import { parseStored } from '../../platform/boundary.ts';
import { isReleaseError, ReleaseError } from '../../platform/errors.ts';
import type { PromotionItem, StoredObject } from '../../registry/items.ts';
import type { Policy } from '../../registry/policy.ts';
import { CANARY_JUDGE, judgeCanary } from '../canary/canary.ts';
import type { CanarySettings } from '../canary/canary-sums-store.ts';
import { explainFinding } from '../explain-finding.ts';
import { byCode } from '../finding.ts';
import {
  artifactKey,
  type Judged,
  type JudgePorts,
  type JudgeSettings,
  readPolicy,
  reportBytes,
  writeArtifact,
} from '../judge-ports.ts';
import { canaryTables } from '../report/canary-report.ts';
import { shadowTables } from '../report/shadow-report.ts';
import { buildStageAnalysis, buildStageSummary } from '../report/stage-artifacts.ts';
import { type StageReport, stageReport } from '../report/stage-report.ts';
import { judgeShadow, SHADOW_JUDGE, type ShadowDecision } from '../shadow/shadow.ts';
import { evidenceWarnings, type MeasuredQuality, type RecordFilter, type StageRead } from './stage-evidence.ts';

type RunningStage = StageReport['gate'];

/** Days before the canary that each unit is compared with itself by. */
const DAYS_BEFORE = 28;

/** What was found in a running stage: what to report, and whether the canary goes on to its next step. */
interface Found {
  readonly report: StageReport;
  readonly advance: boolean;
  readonly closedDays: number;
}

/**
 * Judges a candidate that runs beside production, from the prediction log and the outcomes. CONTINUE writes nothing. The
 * evidence grows while it is judged, so a report that was written counts, whatever a repeated look would find.
 */
export async function judgeRunningStage(
  ports: JudgePorts,
  { run, stage }: { readonly run: PromotionItem; readonly stage: RunningStage },
  settings: JudgeSettings,
): Promise<Judged> {
  const policy = await readPolicy(ports, run);
  const { report, advance, closedDays } = await ports.withDirectory((directory) => {
    const question = { model: run.model, filter: filterOf(run, stage), directory };
    return stage === 'shadow'
      ? findShadow(ports, { run, policy, question }, settings)
      : findCanary(ports, { run, policy, question }, settings);
  });
  if (report.verdict === 'CONTINUE') return { verdict: 'CONTINUE', reasons: report.pending, advance, closedDays };
  return conclude(ports, { run, report }, settings);
}

interface Subject {
  readonly run: PromotionItem;
  readonly policy: Policy;
  readonly question: Parameters<JudgePorts['shadowEvidence']>[0];
}

async function findShadow(ports: JudgePorts, subject: Subject, { at }: JudgeSettings): Promise<Found> {
  const { run, policy, question } = subject;
  const read = await ports.shadowEvidence(question, policy.shadow);
  const safeForecast = run.baseline === '';
  const context = { now: at, until: untilOf(question.filter), safeForecast };
  const decision = judgeShadow(read.sums, policy.shadow, context);
  const tables = shadowTables(read.sums, decision, { thresholds: policy.shadow, safeForecast });
  return {
    report: { ...reportOf(subject, { read, decision, gate: 'shadow', judge: SHADOW_JUDGE }), ...tables },
    ...{ advance: false, closedDays: 0 },
  };
}

async function findCanary(ports: JudgePorts, subject: Subject, { at }: JudgeSettings): Promise<Found> {
  const { run, policy, question } = subject;
  const { steps } = run.plan.canary;
  const read = await ports.canaryEvidence(question, canarySettings(run, policy));
  const exposed = question.filter.exposures.some(({ step }) => step === run.canaryStep);
  const until = untilOf(question.filter);
  const context = { now: at, until, steps, step: run.canaryStep, exposed, stock: read.stock };
  const decision = judgeCanary(read.sums, policy.canary, context);
  const tables = canaryTables(read.sums, decision, policy.canary);
  return {
    report: { ...reportOf(subject, { read, decision, gate: 'canary', judge: CANARY_JUDGE }), ...tables },
    advance: decision.advance,
    closedDays: read.sums.steps.find(({ step }) => step === run.canaryStep)?.closedDays ?? 0,
  };
}

function canarySettings(run: PromotionItem, policy: Policy): CanarySettings {
  const { unit, where, excludedSegments, steps } = run.plan.canary;
  return {
    rule: { unit, where, excludedSegments, salt: run.promotionId },
    percentages: steps.map(({ percentage }) => percentage),
    last: steps.length - 1,
    minShare: policy.shadow.cycle_min_actual_share,
    coverDays: policy.canary.cover_days,
    daysBefore: DAYS_BEFORE,
  };
}

/** @throws ReleaseError INVALID_INPUT for a stage of which no document went out: there is nothing to judge, and no bound */
function filterOf(run: PromotionItem, stage: RunningStage): RecordFilter {
  const exposures = run.exposures.filter((exposure) => exposure.stage === stage);
  if (exposures.length > 0) return { promotionId: run.promotionId, candidate: run.version, exposures };
  throw new ReleaseError('INVALID_INPUT', `${run.promotionId} was never exposed in the stage ${stage}.`);
}

function untilOf({ exposures }: RecordFilter): string {
  return exposures.at(-1)?.until ?? '';
}

type Decided = Pick<ShadowDecision, 'verdict' | 'reasons' | 'pending'>;

function reportOf(
  { run, policy }: Subject,
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

async function conclude(
  ports: JudgePorts,
  found: { readonly run: PromotionItem; readonly report: StageReport },
  settings: JudgeSettings,
): Promise<Judged> {
  const { run } = found;
  const { gate } = found.report;
  const { report, stored } = await firstReport(ports, found, settings);
  const write = (name: 'segment-analysis' | 'risk-summary', bytes: string) =>
    writeArtifact(ports, { run, gate, name, bytes }, settings);
  return {
    verdict: report.verdict === 'PASS' ? 'PASS' : 'FAIL',
    reasons: report.reasons,
    judge: report.judge,
    artifacts: {
      'evaluation-report': stored,
      'segment-analysis': await write('segment-analysis', buildStageAnalysis(report)),
      'risk-summary': await write('risk-summary', buildStageSummary(report, run)),
    },
  };
}

/** The report as it was written first: by this run, or by one that died before it could record the verdict. */
async function firstReport(
  ports: JudgePorts,
  { run, report }: { readonly run: PromotionItem; readonly report: StageReport },
  settings: JudgeSettings,
): Promise<{ readonly report: StageReport; readonly stored: StoredObject }> {
  const { gate } = report;
  const name = 'evaluation-report';
  try {
    const stored = await writeArtifact(ports, { run, gate, name, bytes: reportBytes(report) }, settings);
    return { report, stored };
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const stored = await ports.evidence.find(artifactKey(run, gate, name));
    if (stored === null) throw error;
    const before: unknown = JSON.parse((await ports.evidence.read(stored)).toString('utf8'));
    return { report: parseStored(stageReport, before, `The report at ${stored.key}`), stored };
  }
}
