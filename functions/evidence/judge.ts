import * as z from 'zod';
import { durationSeconds } from '../platform/duration.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { systemActor } from '../platform/people.ts';
import { STAGES, type Stage } from '../promotion/life-cycle.ts';
import type { GateResult, PromotionItem } from '../registry/items.ts';
import type { Judged, JudgePorts, JudgeSettings } from './judge-ports.ts';
import { judgeOfflineGate } from './offline/offline-gate.ts';
import { judgeRunningStage } from './stages/judge-stage.ts';

export const judgeEvent = z.object({ promotionId: z.string(), stage: z.enum(STAGES) });
export type JudgeEvent = z.infer<typeof judgeEvent>;

export interface JudgeAnswer {
  readonly promotionId: string;
  readonly stage: Stage;
  readonly verdict: GateResult['verdict'];
  /** Why it failed, or what is not shown yet. */
  readonly reasons: readonly Reason[];
  /** The next canary step may go out; only with CONTINUE. */
  readonly advance: boolean;
  /** When to look again; 0 when the verdict is final. */
  readonly waitSeconds: number;
}

/** How many reasons travel with the verdict; all of them are in the evaluation report. */
const MAX_REASONS = 50;

/**
 * Judges a gate. A verdict is recorded with its three artifacts; CONTINUE records nothing, but that a canary step was held
 * when it was. Safe to repeat: a gate that was judged answers the recorded verdict, and a step that was raised before is
 * answered as such until its document is out.
 * @throws ReleaseError INVALID_INPUT for a stage without a judge, NOT_FOUND, PROMOTION_ENDED, DIGEST_MISMATCH
 */
export async function judge(ports: JudgePorts, event: JudgeEvent, settings: JudgeSettings): Promise<JudgeAnswer> {
  const run = await readPromotion(ports, event.promotionId);
  const known = run.gates[event.stage];
  if (known !== undefined) return answer(event, known);
  const judgeStage = judgeOf(event.stage);
  assertInStage(run, event.stage);
  const judged = await judgeStage(ports, run, settings);
  if (judged.verdict !== 'CONTINUE') return record(ports, { run, event, judged }, settings);
  if (judged.advance) await advance(ports, { run, closedDays: judged.closedDays }, settings);
  const { verdict, advance: advances } = judged;
  const waitSeconds = durationSeconds(run.plan.poll);
  return { ...event, verdict, reasons: shortened(judged.reasons), advance: advances, waitSeconds };
}

type StageJudge = (ports: JudgePorts, run: PromotionItem, settings: JudgeSettings) => Promise<Judged>;

function judgeOf(stage: Stage): StageJudge {
  switch (stage) {
    case 'offline':
      return judgeOfflineGate;
    case 'shadow':
    case 'canary':
      return (ports, run, settings) => judgeRunningStage(ports, { run, stage }, settings);
    case 'production':
      throw withoutJudge(stage);
  }
}

async function record(
  ports: JudgePorts,
  found: {
    readonly run: PromotionItem;
    readonly event: JudgeEvent;
    readonly judged: Exclude<Judged, { readonly verdict: 'CONTINUE' }>;
  },
  settings: JudgeSettings,
): Promise<JudgeAnswer> {
  const { run, event, judged } = found;
  const result: GateResult = {
    verdict: judged.verdict,
    reasons: shortened(judged.reasons),
    judge: judged.judge,
    judgedAt: settings.at,
    artifacts: { ...judged.artifacts },
  };
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

/** Raises the canary step, once. When its document is not out yet it was raised before, and nothing is left to record. */
async function advance(
  ports: JudgePorts,
  { run, closedDays }: { readonly run: PromotionItem; readonly closedDays: number },
  { at }: JudgeSettings,
): Promise<void> {
  const from = run.canaryStep;
  const to = from + 1;
  if (!run.exposures.some(({ stage, step }) => stage === 'canary' && step === from)) return;
  const percentage = run.plan.canary.steps[to]?.percentage ?? null;
  const data = { promotionId: run.promotionId, from, to, percentage, closedDays };
  const unchanged = { expression: 'canaryStep = :before', values: { ':before': from } };
  try {
    await ports.ledger.append({ model: run.model, type: 'canary-advanced', at, actor: systemActor('judge'), data }, [
      ports.writes.updateRun(run, { canaryStep: to }, unchanged),
    ]);
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const now = await readPromotion(ports, run.promotionId);
    assertInStage(now, 'canary');
    if (now.canaryStep !== to) throw error;
  }
}

async function readPromotion(ports: JudgePorts, promotionId: string): Promise<PromotionItem> {
  const id = parsePromotionId(promotionId);
  const run = id === null ? null : await ports.registry.run(id.model, promotionId);
  if (run?.kind === 'promotion') return run;
  throw new ReleaseError('NOT_FOUND', `There is no promotion ${promotionId}.`);
}

function withoutJudge(stage: Stage): ReleaseError {
  return new ReleaseError('INVALID_INPUT', `There is no judge for the stage ${stage}.`, {
    reasons: [
      {
        code: 'STAGE_WITHOUT_JUDGE',
        path: 'stage',
        message: 'This gate is not judged here.',
        got: stage,
        allowed: 'offline, shadow or canary',
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

function answer(event: JudgeEvent, { verdict, reasons }: GateResult): JudgeAnswer {
  return { ...event, verdict, reasons, advance: false, waitSeconds: 0 };
}
