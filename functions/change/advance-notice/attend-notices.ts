import type { ApprovalStore } from '../../approval/approval-store.ts';
import { isReleaseError } from '../../platform/errors.ts';
import { systemActor } from '../../platform/people.ts';
import type { ModelItem, PromotionItem, Run } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { FreezePeriod } from '../freeze.ts';
import { hasActed, heldStageOf, standsStill, versionOf } from './announced-run.ts';
import { askException } from './ask-exception.ts';
import { type GiveNoticePorts, giveNotice } from './give-notice.ts';
import { notExcepted, secondApprovers } from './hold-exceptions.ts';
import { frozen, noticeFacts } from './notice-checks.ts';
import { noticeLinkId, type OpenNotice } from './notice-item.ts';
import { recalledEmail } from './notice-letter.ts';
import type { OpenNoticeStore } from './open-notice-store.ts';

export interface AttendNoticesPorts extends GiveNoticePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'model' | 'allInFlight'>;
  readonly approvals: Pick<ApprovalStore, 'gates'>;
  readonly open: Pick<OpenNoticeStore, 'begin' | 'all' | 'close' | 'closed'>;
  /** Of all models. */
  readonly freezes: readonly FreezePeriod[];
  /** Told of a run that could not be attended to. */
  readonly onFailed: (promotionId: string, error: unknown) => void;
}

/**
 * What is due for the notices of all runs: gives them, reminds, takes back those of runs that ended before they acted; and, where people are asked about a stage that a freeze will hold, asks for an exception in time.
 * One that fails keeps no other; the first failure is thrown at the end. Safe to repeat, and to run twice at once.
 */
export async function attendNotices(ports: AttendNoticesPorts): Promise<void> {
  const failures: unknown[] = [];
  const each = async (of: readonly OpenNotice[], work: (one: OpenNotice) => Promise<void>) => {
    for (const one of of) {
      try {
        await work(one);
      } catch (error) {
        failures.push(error);
        ports.onFailed(one.promotionId, error);
      }
    }
  };
  await each(await ports.registry.allInFlight(), (inFlight) => attend(ports, inFlight));
  await each(await ports.open.all(), (open) => settle(ports, open));
  if (failures.length > 0) throw failures[0];
}

async function attend(ports: AttendNoticesPorts, of: OpenNotice): Promise<void> {
  const [run, model] = await Promise.all([
    ports.registry.run(of.model, of.promotionId),
    ports.registry.model(of.model),
  ]);
  if (run === null || run.end !== undefined || model === null) return;
  await giveNotice(ports, run, model);
  if (run.kind === 'promotion') await foreseeFreeze(ports, run, model);
}

/**
 * A freeze that outlasts the approval ends the promotion at once: an exception has to be there before. Of a canary that runs,
 * the exception is asked for once its judge found that it stands still.
 */
async function foreseeFreeze(ports: AttendNoticesPorts, run: PromotionItem, model: ModelItem): Promise<void> {
  const stage = heldStageOf(run);
  const isStill = standsStill(run);
  if (stage === null || !(run.awaitingApproval || isStill)) return;
  const reasons = frozen(noticeFacts(run, model, { now: ports.now(), freezes: ports.freezes }));
  if (reasons.length === 0) return;
  const gates = await ports.approvals.gates(run.promotionId);
  const of = { model, stage, gates };
  const step = isStill ? { step: run.canaryStep } : {};
  const approvers = secondApprovers(run, model, of);
  await askException(ports, run, { stage, reasons: notExcepted(reasons, run, of), approvers, ...step });
}

/** Nothing is left to do once it has acted, and once what does not come was taken back. */
async function settle(ports: AttendNoticesPorts, of: OpenNotice): Promise<void> {
  const [run, model] = await Promise.all([
    ports.registry.run(of.model, of.promotionId),
    ports.registry.model(of.model),
  ]);
  if (run === null) return;
  // A change whose execution failed behind its last step took effect, whatever its end is called.
  if (hasActed(run) || model?.changedBy === run.promotionId) return ports.open.close(of);
  if (run.end !== undefined) await takeBack(ports, run);
}

/** Whoever has a letter is told that it does not come. At least once: a run that was cut before its record tells again. */
async function takeBack(ports: AttendNoticesPorts, run: Run): Promise<void> {
  const { model, promotionId } = run;
  const told: string[] = [];
  for (const team of run.advanceNotice?.teams ?? []) {
    const link = await ports.links.link(noticeLinkId(promotionId, { kind: 'team', ...team }));
    if (link?.sentAt === undefined) continue;
    await ports
      .sendEmail(team.email, recalledEmail(run, team.team))
      .then(() => told.push(team.team))
      .catch((error: unknown) => ports.onUndelivered(promotionId, error));
  }
  const data = { promotionId, ...versionOf(run), end: run.end ?? '', teams: told };
  const draft = {
    model,
    type: 'notice-recalled' as const,
    at: ports.now(),
    actor: systemActor('advance-notice'),
    data,
  };
  try {
    await ports.ledger.append(draft, [ports.open.closed(run)]);
  } catch (error) {
    // Another run was first.
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
  }
}
