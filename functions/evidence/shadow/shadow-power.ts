import { canaryConfigOf } from '../canary/canary-stage.ts';
import { checkPower, type JudgedPower } from '../canary/power.ts';
import type { JudgePorts } from '../judge-ports.ts';
import type { StageSubject } from '../stages/running-stage.ts';

/**
 * Whether the canary that would follow could show within its time that it does no harm, from what is known before anybody
 * is exposed. With a finding it could not: nobody should be asked to let it begin.
 */
export async function powerOfCanary(
  ports: Pick<JudgePorts, 'powerEvidence'>,
  { run, policy, question }: StageSubject,
): Promise<JudgedPower> {
  const plan = run.plan.canary;
  const config = canaryConfigOf(policy.canary, plan);
  const { unit, where, excludedSegments, steps } = plan;
  const every = config.pass_every_days;
  const { sums } = await ports.powerEvidence(question, {
    rule: { unit, where, excludedSegments, salt: run.promotionId },
    percentage: steps.at(-1)?.percentage ?? 0,
    minShare: policy.shadow.cycle_min_actual_share,
    coverDays: policy.canary.cover_days,
    lengths: Array.from({ length: Math.floor(config.max_days / every) }, (_, look) => (look + 1) * every),
  });
  return checkPower(sums, plan, config);
}
