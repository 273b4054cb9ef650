import type { PromotionItem } from '../../registry/items.ts';
import type { Judged, JudgePorts, JudgeSettings } from '../judge-ports.ts';
import { shadowTables } from '../report/shadow-report.ts';
import { type FoundInStage, judgeRunningStage, reportOf, type StageSubject, untilOf } from '../stages/running-stage.ts';
import { judgeShadow, SHADOW_JUDGE } from './shadow.ts';

/** Judges a candidate that forecasts beside production and serves nobody. */
export function judgeShadowGate(ports: JudgePorts, run: PromotionItem, settings: JudgeSettings): Promise<Judged> {
  return judgeRunningStage(ports, { run, stage: 'shadow' }, settings, (subject) => find(ports, subject, settings));
}

async function find(ports: JudgePorts, subject: StageSubject, { at }: JudgeSettings): Promise<FoundInStage> {
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
