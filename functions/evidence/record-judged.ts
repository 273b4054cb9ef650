import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import type { JsonObject } from '../platform/json.ts';
import { systemActor } from '../platform/people.ts';
import type { Stage } from '../promotion/life-cycle.ts';
import type { GateResult, PromotionItem } from '../registry/items.ts';
import type { Judged, JudgePorts, JudgeSettings } from './judge-ports.ts';
import { looksUnchanged, sameLooks, spentLook, toldLook } from './looks.ts';

type RecordPorts = Pick<JudgePorts, 'registry' | 'writes' | 'ledger'>;
type Continued = Extract<Judged, { readonly verdict: 'CONTINUE' }>;
export type Concluded = Exclude<Judged, Continued>;

interface InStage<T extends Judged> {
  readonly run: PromotionItem;
  readonly stage: Stage;
  readonly judged: T;
}

/**
 * Records a verdict with the look that it spent, in one transaction with its entry. Null when another run of this step
 * was first, with a verdict or with a look that this verdict did not start from: what is recorded then has to be read.
 * @throws ReleaseError PROMOTION_ENDED, INVALID_INPUT when the promotion ended or left the stage meanwhile
 */
export async function recordVerdict(
  ports: RecordPorts,
  { run, stage, judged }: InStage<Concluded>,
  { at }: JudgeSettings,
): Promise<GateResult | null> {
  const result: GateResult = {
    verdict: judged.verdict,
    reasons: shortened(judged.reasons),
    judge: judged.judge,
    judgedAt: at,
    artifacts: { ...judged.artifacts },
  };
  const { verdict, reasons, judge, artifacts } = result;
  const spent = spentLook(run, judged.looks);
  const { promotionId, model } = run;
  const data = {
    ...{ promotionId, stage, verdict, reasons, judge, artifacts },
    ...(spent === null ? {} : { look: toldLook(spent, stage), ...measuredData(judged) }),
  };
  const gates = { ...run.gates, [stage]: result };
  const looks = looksUnchanged(run.looks);
  const unchanged = {
    expression: `gates = :before AND ${looks.expression}`,
    values: { ':before': run.gates, ...looks.values },
  };
  const members = spent === null ? { gates } : { gates, looks: spent.after, ...measuredIn({ stage, judged, at }) };
  try {
    await ports.ledger.append({ model, type: 'gate-judged', at, actor: systemActor('judge'), data }, [
      ports.writes.updateRun(run, members, unchanged),
    ]);
    return result;
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const now = await readAgain(ports, { run, stage });
    if (now.gates[stage] === undefined && sameLooks(now.looks, run.looks)) throw error;
    return null;
  }
}

/**
 * Records what a look that goes on leaves behind, once: nothing when it spent none, and when another run of this step was
 * first, that one's look is the one that was spent.
 * @throws ReleaseError PROMOTION_ENDED, INVALID_INPUT when the promotion ended or left the stage meanwhile
 */
export async function recordLook(
  ports: RecordPorts,
  { run, stage, judged }: InStage<Continued>,
  { at }: JudgeSettings,
): Promise<void> {
  const spent = spentLook(run, judged.looks);
  if (spent === null) return;
  const { promotionId, model } = run;
  const data = { promotionId, stage, look: toldLook(spent, stage), ...measuredData(judged) };
  try {
    await ports.ledger.append({ model, type: 'look-recorded', at, actor: systemActor('judge'), data }, [
      ports.writes.updateRun(
        run,
        { looks: spent.after, ...measuredIn({ stage, judged, at }) },
        looksUnchanged(spent.before),
      ),
    ]);
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const now = await readAgain(ports, { run, stage });
    if (now.gates[stage] === undefined && sameLooks(now.looks, run.looks)) throw error;
  }
}

/** Raises the canary step, once. When its document is not out yet it was raised before, and nothing is left to record. */
export async function recordAdvance(
  ports: RecordPorts,
  { run, judged }: Pick<InStage<Continued>, 'run' | 'judged'>,
  { at }: JudgeSettings,
): Promise<void> {
  const from = run.canaryStep;
  const to = from + 1;
  if (!judged.advance || !run.exposures.some(({ stage, step }) => stage === 'canary' && step === from)) return;
  const percentage = run.plan.canary.steps[to]?.percentage ?? null;
  const { promotionId, model } = run;
  const data = { promotionId, from, to, percentage, closedDays: judged.closedDays };
  const unchanged = { expression: 'canaryStep = :before', values: { ':before': from } };
  try {
    await ports.ledger.append({ model, type: 'canary-advanced', at, actor: systemActor('judge'), data }, [
      ports.writes.updateRun(run, { canaryStep: to }, unchanged),
    ]);
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const now = await readAgain(ports, { run, stage: 'canary' });
    if (now.canaryStep !== to) throw error;
  }
}

/** What a look measured, as the ledger tells it beside the look. */
function measuredData({ measured }: Judged): JsonObject {
  return measured === undefined ? {} : { measures: measured.measures.map((one) => ({ ...one })) };
}

/** The same as the promotion keeps it, in the place of the look before. */
function measuredIn(of: { readonly stage: Stage; readonly judged: Judged; readonly at: string }) {
  const { stage, at, judged } = of;
  const isRunning = stage === 'shadow' || stage === 'canary';
  return judged.measured === undefined || !isRunning ? {} : { newestLook: { stage, at, ...judged.measured } };
}

/** The promotion as it is now, after a write of it lost its race. */
async function readAgain(
  ports: RecordPorts,
  { run, stage }: { readonly run: PromotionItem; readonly stage: Stage },
): Promise<PromotionItem> {
  const now = await ports.registry.run(run.model, run.promotionId);
  if (now?.kind !== 'promotion') throw new ReleaseError('NOT_FOUND', `There is no promotion ${run.promotionId}.`);
  if (now.gates[stage] === undefined) assertInStage(now, stage);
  return now;
}

/** @throws ReleaseError PROMOTION_ENDED, INVALID_INPUT for a promotion that stands elsewhere */
export function assertInStage(run: PromotionItem, stage: Stage): void {
  if (run.end !== undefined) {
    throw new ReleaseError('PROMOTION_ENDED', `${run.promotionId} has ended as ${run.end}.`);
  }
  if (run.stage !== stage || run.awaitingApproval) {
    throw new ReleaseError('INVALID_INPUT', `${run.promotionId} is not in the stage ${stage}.`);
  }
}

/** How many reasons travel with the verdict; all of them are in the evaluation report. */
const MAX_REASONS = 50;

export function shortened(reasons: readonly Reason[]): Reason[] {
  if (reasons.length <= MAX_REASONS) return [...reasons];
  const more = reasons.length - MAX_REASONS;
  const message = `${more} more reasons are in the evaluation report.`;
  return [...reasons.slice(0, MAX_REASONS), { code: 'MORE_REASONS', message }];
}
