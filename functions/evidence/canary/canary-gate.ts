import type { PromotionItem } from '../../registry/items.ts';
import type { Policy } from '../../registry/policy.ts';
import type { Judged, JudgePorts, JudgeSettings } from '../judge-ports.ts';
import { canaryTables } from '../report/canary-report.ts';
import type { StageReport } from '../report/stage-report.ts';
import { type FoundInStage, judgeRunningStage, type StageSubject, untilOf } from '../stages/running-stage.ts';
import { reportOf, tableReporting } from '../stages/stage-reporting.ts';
import { CANARY_JUDGE, judgeCanary } from './canary.ts';
import type { CanarySettings } from './canary-sums-store.ts';

/** Days before the canary that each unit is compared with itself by. */
const DAYS_BEFORE = 28;

/** Judges a candidate that serves a share of the units, and whether it goes on to its next step. */
export function judgeCanaryGate(ports: JudgePorts, run: PromotionItem, settings: JudgeSettings): Promise<Judged> {
  return judgeRunningStage(ports, { run, reporting: tableReporting('canary') }, settings, (subject) =>
    find(ports, subject, settings),
  );
}

async function find(
  ports: JudgePorts,
  subject: StageSubject,
  { at }: JudgeSettings,
): Promise<FoundInStage<StageReport>> {
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
