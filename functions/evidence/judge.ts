import * as z from 'zod';
import type { HoldReason } from '../change/advance-notice/notice-checks.ts';
import { recordHold } from '../drill/hold/record-hold.ts';
import { durationSeconds } from '../platform/duration.ts';
import { type Reason, ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { STAGES, type Stage } from '../promotion/life-cycle.ts';
import type { GateResult, PromotionItem } from '../registry/items.ts';
import { judgeCanaryGate } from './canary/canary-gate.ts';
import type { Judged, JudgePorts, JudgeSettings } from './judge-ports.ts';
import { judgeOfflineGate, judgeOfflineParts, type SplitBacktest, sumOfflinePart } from './offline/offline-gate.ts';
import { assertInStage, recordAdvance, recordLook, recordVerdict, shortened } from './record-judged.ts';
import { judgeShadowGate } from './shadow/shadow-gate.ts';

/** With `merge` a backtest is judged by the sums of its parts. */
export const judgeEvent = z.object({
  promotionId: z.string(),
  stage: z.enum(STAGES),
  merge: z.literal(true).exactOptional(),
});
export type JudgeEvent = z.infer<typeof judgeEvent>;

/** A part of a backtest that was split is to be summed. */
export const partEvent = z.object({ promotionId: z.string(), stage: z.literal('offline'), shard: z.int().min(0) });
export type PartEvent = z.infer<typeof partEvent>;

export interface JudgeAnswer {
  readonly promotionId: string;
  readonly stage: Stage;
  /** SPLIT: a backtest is too large for one function; its parts are to be summed, and judged together. */
  readonly verdict: GateResult['verdict'] | SplitBacktest['verdict'];
  /** Why it failed, or what is not shown yet. */
  readonly reasons: readonly Reason[];
  /** The next canary step may go out; only with CONTINUE. */
  readonly advance: boolean;
  /** When to look again; 0 when the verdict is final. */
  readonly waitSeconds: number;
  /** The parts of a backtest; only with SPLIT. */
  readonly shards?: SplitBacktest['shards'];
}

/**
 * Judges a gate. A verdict is recorded with its artifacts; CONTINUE records nothing, but the look that it spent, that a
 * canary step was held, and what keeps the next one from going out. Safe to repeat: a gate that was judged answers the recorded verdict, no look is spent twice, and
 * a step that was raised before is answered as such until its document is out.
 * @throws ReleaseError INVALID_INPUT for a stage without a judge, NOT_FOUND, PROMOTION_ENDED, DIGEST_MISMATCH
 */
export async function judge(ports: JudgePorts, event: JudgeEvent, settings: JudgeSettings): Promise<JudgeAnswer> {
  const { promotionId, stage } = event;
  const run = await readPromotion(ports, promotionId);
  const known = run.gates[stage];
  if (known !== undefined) return answer(event, known);
  const judgeStage = judgeOf(event);
  assertInStage(run, stage);
  const judged = await judgeStage(ports, run, settings);
  if (judged.verdict === 'SPLIT') return { ...answer(event, { ...judged, reasons: [] }), shards: judged.shards };
  if (judged.verdict !== 'CONTINUE') {
    const recorded = await recordVerdict(ports, { run, stage, judged }, settings);
    // Whoever was first left something to start from: each time round, somebody got on.
    return recorded === null ? judge(ports, event, settings) : answer(event, recorded);
  }
  await recordLook(ports, { run, stage, judged }, settings);
  if (stage === 'canary') await recordWidening(ports, run, { held: judged.held ?? [], at: settings.at });
  await recordAdvance(ports, { run, judged }, settings);
  const { advance } = judged;
  const waitSeconds = durationSeconds(run.plan.poll);
  return { ...answer(event, { verdict: judged.verdict, reasons: shortened(judged.reasons) }), advance, waitSeconds };
}

/**
 * Sums one part of a backtest that was split. Safe to repeat: the same part has the same sums, and a gate that was judged
 * needs none any more.
 * @throws ReleaseError NOT_FOUND, PROMOTION_ENDED, DIGEST_MISMATCH
 */
export async function sumPartOfGate(ports: JudgePorts, event: PartEvent, settings: JudgeSettings): Promise<PartEvent> {
  const run = await readPromotion(ports, event.promotionId);
  if (run.gates[event.stage] === undefined) {
    assertInStage(run, event.stage);
    await sumOfflinePart(ports, { run, shard: event.shard }, settings);
  }
  return event;
}

/** Since when a canary is not widened, and why; a look at which its next step is not due tells nothing of that. */
async function recordWidening(
  ports: JudgePorts,
  run: PromotionItem,
  { held, at }: { readonly held: readonly HoldReason[]; readonly at: string },
): Promise<void> {
  await recordHold(ports, run, { stage: 'canary', reasons: held, at, who: 'judge', step: run.canaryStep });
}

type StageJudge = (ports: JudgePorts, run: PromotionItem, settings: JudgeSettings) => Promise<Judged | SplitBacktest>;

function judgeOf({ stage, merge }: JudgeEvent): StageJudge {
  if (stage !== 'offline' && merge !== undefined) throw withoutParts(stage);
  switch (stage) {
    case 'offline':
      return merge === true ? judgeOfflineParts : judgeOfflineGate;
    case 'shadow':
      return judgeShadowGate;
    case 'canary':
      return judgeCanaryGate;
    case 'production':
      throw withoutJudge(stage);
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

function withoutParts(stage: Stage): ReleaseError {
  return new ReleaseError('INVALID_INPUT', `The evidence of the stage ${stage} has no parts.`, {
    reasons: [
      {
        code: 'STAGE_WITHOUT_PARTS',
        path: 'stage',
        message: 'Only a backtest is split into parts.',
        got: stage,
        allowed: 'offline',
      },
    ],
  });
}

function answer(
  { promotionId, stage }: JudgeEvent,
  { verdict, reasons }: Pick<JudgeAnswer, 'verdict' | 'reasons'>,
): JudgeAnswer {
  return { promotionId, stage, verdict, reasons, advance: false, waitSeconds: 0 };
}
