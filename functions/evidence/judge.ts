import * as z from 'zod';
import { durationSeconds } from '../platform/duration.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { systemActor } from '../platform/people.ts';
import { STAGES, type Stage } from '../promotion/life-cycle.ts';
import type { GateResult, PromotionItem } from '../registry/items.ts';
import { judgeCanaryGate } from './canary/canary-gate.ts';
import type { Judged, JudgePorts, JudgeSettings } from './judge-ports.ts';
import { looksUnchanged, type SpentLook, sameLooks, spentLook, toldLook } from './looks.ts';
import { judgeOfflineGate } from './offline/offline-gate.ts';
import { judgeShadowGate } from './shadow/shadow-gate.ts';

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
 * Judges a gate. A verdict is recorded with its three artifacts; CONTINUE records nothing, but the look that it spent, and
 * that a canary step was held. Safe to repeat: a gate that was judged answers the recorded verdict, no look is spent
 * twice, and a step that was raised before is answered as such until its document is out.
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
  const spent = spentLook(run, judged.looks);
  if (spent !== null) await recordLook(ports, { run, event, spent }, settings);
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
      return judgeShadowGate;
    case 'canary':
      return judgeCanaryGate;
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
  const spent = spentLook(run, judged.looks);
  const { promotionId } = run;
  const data = {
    ...{ promotionId, stage: event.stage, verdict, reasons, judge: name, artifacts },
    ...(spent === null ? {} : { look: toldLook(spent, event.stage) }),
  };
  const gates = { ...run.gates, [event.stage]: result };
  const looks = looksUnchanged(run.looks);
  const unchanged = {
    expression: `gates = :before AND ${looks.expression}`,
    values: { ':before': run.gates, ...looks.values },
  };
  const members = spent === null ? { gates } : { gates, looks: spent.after };
  try {
    await ports.ledger.append(
      { model: run.model, type: 'gate-judged', at: result.judgedAt, actor: systemActor('judge'), data },
      [ports.writes.updateRun(run, members, unchanged)],
    );
    return answer(event, result);
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const now = await readAgain(ports, event);
    // Another run of this step recorded its verdict, or its look, which the verdict must then start from.
    if (now.gates[event.stage] === undefined && sameLooks(now.looks, run.looks)) throw error;
    return judge(ports, event, settings);
  }
}

/** Records what a look that goes on leaves behind, once: when another run of this step was first, its look counts. */
async function recordLook(
  ports: JudgePorts,
  found: { readonly run: PromotionItem; readonly event: JudgeEvent; readonly spent: SpentLook },
  { at }: JudgeSettings,
): Promise<void> {
  const { run, event, spent } = found;
  const { promotionId } = run;
  const data = { promotionId, stage: event.stage, look: toldLook(spent, event.stage) };
  try {
    await ports.ledger.append({ model: run.model, type: 'look-recorded', at, actor: systemActor('judge'), data }, [
      ports.writes.updateRun(run, { looks: spent.after }, looksUnchanged(spent.before)),
    ]);
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const now = await readAgain(ports, event);
    if (sameLooks(now.looks, spent.before)) throw error;
  }
}

/** @throws ReleaseError PROMOTION_ENDED when it ended meanwhile */
async function readAgain(ports: JudgePorts, event: JudgeEvent): Promise<PromotionItem> {
  const run = await readPromotion(ports, event.promotionId);
  if (run.gates[event.stage] === undefined) assertInStage(run, event.stage);
  return run;
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
