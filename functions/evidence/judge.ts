import * as z from 'zod';
import type { Ledger } from '../ledger/ledger.ts';
import { parseStored } from '../platform/boundary.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { digestOf } from '../platform/json.ts';
import { evidencePaths } from '../platform/keys.ts';
import { systemActor } from '../platform/people.ts';
import type { Retention } from '../platform/retention.ts';
import { STAGES, type Stage } from '../promotion/life-cycle.ts';
import type { GateResult, PromotionItem, StoredObject } from '../registry/items.ts';
import { policySchema } from '../registry/policy.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import type { EvidenceStore } from './evidence-store.ts';
import { FIXED_THRESHOLDS, judgeOffline, OFFLINE_JUDGE, type OfflineThresholds } from './offline.ts';
import type { OfflineSums } from './offline-sums.ts';
import { buildEvaluationReport, buildSegmentAnalysis, type EvaluationReport, type Outcome } from './report.ts';
import { buildRiskSummary } from './risk-summary.ts';

export const judgeEvent = z.object({ promotionId: z.string(), stage: z.enum(STAGES) });
export type JudgeEvent = z.infer<typeof judgeEvent>;

export interface JudgeAnswer {
  readonly promotionId: string;
  readonly stage: Stage;
  readonly verdict: GateResult['verdict'];
  readonly reasons: readonly Reason[];
}

export interface JudgePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'policy'>;
  readonly writes: Pick<RegistryWrites, 'updateRun'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly evidence: Pick<EvidenceStore, 'saveTo' | 'writeOnce'>;
  /** Lends an empty directory for the time of `use`. */
  readonly withDirectory: <T>(use: (directory: string) => Promise<T>) => Promise<T>;
  /** Sums of the two local files; throws UNUSABLE_EVIDENCE with all faults when they cannot be judged. */
  readonly offlineSums: (
    files: { readonly backtest: string; readonly history: string },
    options: { readonly directory: string; readonly exactMinUnits: number },
  ) => Promise<OfflineSums>;
}

/** How many reasons travel with the verdict; all of them are in the evaluation report. */
const MAX_REASONS = 50;

/**
 * Judges a gate and records the verdict with its three artifacts. Safe to repeat: a gate that was judged answers the
 * recorded verdict, and the artifacts of one promotion are the same bytes each time.
 * @throws ReleaseError INVALID_INPUT for a stage without a judge, NOT_FOUND, PROMOTION_ENDED, DIGEST_MISMATCH
 */
export async function judge(
  ports: JudgePorts,
  event: JudgeEvent,
  settings: { readonly retention: Retention; readonly at: string },
): Promise<JudgeAnswer> {
  assertJudged(event.stage);
  const run = await readPromotion(ports, event.promotionId);
  const known = run.gates[event.stage];
  if (known !== undefined) return answer(event, known);
  assertInStage(run, event.stage);
  const { report, artifacts } = await judgeOfflineGate(ports, run, settings);
  const result: GateResult = {
    verdict: report.verdict,
    reasons: shortened(report.verdict === 'FAIL' ? report.reasons : report.pending),
    judge: OFFLINE_JUDGE,
    judgedAt: settings.at,
    artifacts,
  };
  return record(ports, { run, event, result });
}

async function judgeOfflineGate(
  ports: JudgePorts,
  run: PromotionItem,
  settings: { readonly retention: Retention; readonly at: string },
): Promise<{ readonly report: EvaluationReport; readonly artifacts: Readonly<Record<string, StoredObject>> }> {
  const thresholds = await readThresholds(ports, run);
  const outcome = await evaluate(ports, run, thresholds);
  const { promotionId, model, version, baseline, artifact, backtest, history } = run;
  const report = buildEvaluationReport(
    {
      ...{ promotionId, model, version, baseline },
      evidence: { artifact, backtest, history },
      policy: { version: run.policyVersion, digest: run.policyDigest, thresholds },
    },
    outcome,
  );
  return { report, artifacts: await writeArtifacts(ports, { run, report, ...settings }) };
}

async function evaluate(ports: JudgePorts, run: PromotionItem, thresholds: OfflineThresholds): Promise<Outcome> {
  return ports.withDirectory(async (directory) => {
    const files = { backtest: `${directory}/backtest`, history: `${directory}/history` };
    await ports.evidence.saveTo(run.backtest, files.backtest);
    await ports.evidence.saveTo(run.history, files.history);
    try {
      const options = { directory, exactMinUnits: thresholds.leak_exact_min_units };
      const sums = await ports.offlineSums(files, options);
      return { judged: true, sums, decision: judgeOffline(sums, thresholds) };
    } catch (error) {
      // What is wrong with the evidence is a finding about the candidate; everything else is a defect and is retried.
      if (!isReleaseError(error, 'UNUSABLE_EVIDENCE')) throw error;
      return { judged: false, reasons: [...error.reasons] };
    }
  });
}

async function writeArtifacts(
  ports: JudgePorts,
  written: {
    readonly run: PromotionItem;
    readonly report: EvaluationReport;
    readonly retention: Retention;
    readonly at: string;
  },
): Promise<Record<string, StoredObject>> {
  const { run, report, retention, at } = written;
  const write = (file: string, bytes: string, contentType: string) =>
    ports.evidence.writeOnce(evidencePaths.evidence(run.promotionId, report.gate, file), bytes, {
      contentType,
      retention,
      at,
    });
  return {
    'evaluation-report': await write(
      'evaluation-report.json',
      `${JSON.stringify(report, null, 2)}\n`,
      'application/json',
    ),
    'segment-analysis': await write('segment-analysis.csv', buildSegmentAnalysis(report), 'text/csv; charset=utf-8'),
    'risk-summary': await write('risk-summary.md', buildRiskSummary(report, run), 'text/markdown; charset=utf-8'),
  };
}

async function record(
  ports: JudgePorts,
  judged: { readonly run: PromotionItem; readonly event: JudgeEvent; readonly result: GateResult },
): Promise<JudgeAnswer> {
  const { run, event, result } = judged;
  const { verdict, reasons, judge: name, artifacts } = result;
  const data = { promotionId: run.promotionId, stage: event.stage, verdict, reasons, judge: name, artifacts };
  const gates = { ...run.gates, [event.stage]: result };
  const unchanged = { expression: 'gates = :before', values: { ':before': run.gates } };
  try {
    await ports.ledger.append(
      { model: run.model, type: 'gate-judged', at: result.judgedAt, actor: systemActor('judge'), data },
      [ports.writes.updateRun(run, { gates }, unchanged)],
    );
    return answer(event, result);
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    return answerOfWinner(ports, event, error);
  }
}

/** Another run of this step was first, or the promotion ended meanwhile: what was recorded counts. */
async function answerOfWinner(ports: JudgePorts, event: JudgeEvent, cause: ReleaseError): Promise<JudgeAnswer> {
  const run = await readPromotion(ports, event.promotionId);
  const known = run.gates[event.stage];
  if (known !== undefined) return answer(event, known);
  assertInStage(run, event.stage);
  throw cause;
}

async function readPromotion(ports: JudgePorts, promotionId: string): Promise<PromotionItem> {
  const id = parsePromotionId(promotionId);
  const run = id === null ? null : await ports.registry.run(id.model, promotionId);
  if (run?.kind === 'promotion') return run;
  throw new ReleaseError('NOT_FOUND', `There is no promotion ${promotionId}.`);
}

/** The thresholds that the promotion started under, checked against the digest that it was sealed with. */
async function readThresholds(ports: JudgePorts, run: PromotionItem): Promise<OfflineThresholds> {
  const item = await ports.registry.policy(run.model, run.policyVersion);
  if (item === null) {
    throw new ReleaseError('NOT_FOUND', `There is no policy ${run.policyVersion} of ${run.model}.`);
  }
  if (item.policyDigest !== run.policyDigest || digestOf(item.policy) !== run.policyDigest) {
    throw new ReleaseError('DIGEST_MISMATCH', `Policy ${run.policyVersion} of ${run.model} is not the recorded one.`);
  }
  const policy = parseStored(policySchema, item.policy, `Policy ${run.policyVersion} of ${run.model}`);
  return { ...policy.offline, ...FIXED_THRESHOLDS };
}

function assertJudged(stage: Stage): void {
  if (stage === 'offline') return;
  throw new ReleaseError('INVALID_INPUT', `There is no judge for the stage ${stage}.`, {
    reasons: [
      {
        code: 'STAGE_WITHOUT_JUDGE',
        path: 'stage',
        message: 'This gate is not judged here.',
        got: stage,
        allowed: 'offline',
      },
    ],
  });
}

function assertInStage(run: PromotionItem, stage: Stage): void {
  if (run.end !== undefined) {
    throw new ReleaseError('PROMOTION_ENDED', `${run.promotionId} has ended as ${run.end}.`);
  }
  if (run.stage !== stage || run.awaitingApproval) {
    throw new ReleaseError('INVALID_INPUT', `${run.promotionId} is not in the stage ${stage}.`);
  }
}

function shortened(reasons: readonly Reason[]): Reason[] {
  if (reasons.length <= MAX_REASONS) return [...reasons];
  const more = reasons.length - MAX_REASONS;
  const message = `${more} more reasons are in the evaluation report.`;
  return [...reasons.slice(0, MAX_REASONS), { code: 'MORE_REASONS', message }];
}

function answer(event: JudgeEvent, result: GateResult): JudgeAnswer {
  return { ...event, verdict: result.verdict, reasons: result.reasons };
}
