import * as z from 'zod';
import { durationSeconds } from '../platform/duration.ts';
import { type Reason, ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { STAGES, type Stage } from '../promotion/life-cycle.ts';
import type { GateResult, PromotionItem } from '../registry/items.ts';
import { judgeCanaryGate } from './canary/canary-gate.ts';
import type { Judged, JudgePorts, JudgeSettings } from './judge-ports.ts';
import { judgeOfflineGate } from './offline/offline-gate.ts';
import { assertInStage, recordAdvance, recordLook, recordVerdict, shortened } from './record-judged.ts';
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

/**
 * Judges a gate. A verdict is recorded with its artifacts; CONTINUE records nothing, but the look that it spent, and that
 * a canary step was held. Safe to repeat: a gate that was judged answers the recorded verdict, no look is spent twice, and
 * a step that was raised before is answered as such until its document is out.
 * @throws ReleaseError INVALID_INPUT for a stage without a judge, NOT_FOUND, PROMOTION_ENDED, DIGEST_MISMATCH
 */
export async function judge(ports: JudgePorts, event: JudgeEvent, settings: JudgeSettings): Promise<JudgeAnswer> {
  const { stage } = event;
  const run = await readPromotion(ports, event.promotionId);
  const known = run.gates[stage];
  if (known !== undefined) return answer(event, known);
  const judgeStage = judgeOf(stage);
  assertInStage(run, stage);
  const judged = await judgeStage(ports, run, settings);
  if (judged.verdict !== 'CONTINUE') {
    const recorded = await recordVerdict(ports, { run, stage, judged }, settings);
    // Whoever was first left something to start from: each time round, somebody got on.
    return recorded === null ? judge(ports, event, settings) : answer(event, recorded);
  }
  await recordLook(ports, { run, stage, judged }, settings);
  await recordAdvance(ports, { run, judged }, settings);
  const { verdict, advance } = judged;
  return {
    ...event,
    verdict,
    reasons: shortened(judged.reasons),
    advance,
    waitSeconds: durationSeconds(run.plan.poll),
  };
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

function answer(event: JudgeEvent, { verdict, reasons }: GateResult): JudgeAnswer {
  return { ...event, verdict, reasons, advance: false, waitSeconds: 0 };
}
