import type { ApprovalStore } from '../../approval/approval-store.ts';
import { plusDuration } from '../../platform/duration.ts';
import { isReleaseError } from '../../platform/errors.ts';
import { systemActor } from '../../platform/people.ts';
import type { ModelItem, PromotionItem, Run } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import { type LetterMarks, sendOnce } from '../events/tell-once.ts';
import type { FreezePeriod } from '../freeze.ts';
import { hasActed, heldStageOf, standsStill, versionOf } from './announced-run.ts';
import { askException } from './ask-exception.ts';
import { type GiveNoticePorts, giveNotice } from './give-notice.ts';
import { notExcepted, secondApprovers } from './hold-exceptions.ts';
import { eachOnce, frozen, noticeFacts } from './notice-checks.ts';
import { noticeLinkId, type OpenNotice } from './notice-item.ts';
import { recalledEmail } from './notice-letter.ts';
import type { OpenNoticeStore } from './open-notice-store.ts';

export interface AttendNoticesPorts extends GiveNoticePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'model' | 'allInFlight'>;
  readonly approvals: Pick<ApprovalStore, 'gates'>;
  readonly open: Pick<OpenNoticeStore, 'begin' | 'all' | 'close' | 'closed'>;
  readonly marks: LetterMarks;
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
  if (run.end !== undefined) await takeBack(ports, run, model);
}

/** So long after the end of a run, letters that do not leave are tried again: behind that, nobody waits for it any more. */
const TRIED_FOR = 'P1D';

/**
 * Whoever has a letter is told that it does not come, once each; what does not leave is tried again at the next look. It is
 * recorded when all know, or after a day.
 */
async function takeBack(ports: AttendNoticesPorts, run: Run, model: ModelItem | null): Promise<void> {
  const { promotionId, endedAt } = run;
  const told = await Promise.all((await toldTeams(ports, run, model)).map((team) => tellEnd(ports, run, team)));
  const untold = told.some((one) => !one.knows);
  if (untold && endedAt !== undefined && plusDuration(endedAt, TRIED_FOR) > ports.now()) return;
  const teams = told.flatMap(({ team, knows }) => (knows ? [team] : []));
  await recordTakenBack(ports, run, { promotionId, ...versionOf(run), end: run.end ?? '', teams });
}

/** Teams that have a letter: of those that the notice names, and of those that came while it was not given to all. */
async function toldTeams(
  { links }: AttendNoticesPorts,
  { promotionId, advanceNotice }: Run,
  model: ModelItem | null,
): Promise<ModelItem['downstream']> {
  const teams = eachOnce([...(advanceNotice?.teams ?? []), ...(model?.downstream ?? [])]);
  const sent = await Promise.all(
    teams.map(async (team) => {
      const link = await links.link(noticeLinkId(promotionId, { kind: 'team', ...team }));
      return link?.sentAt === undefined ? [] : [team];
    }),
  );
  return sent.flat();
}

async function tellEnd(
  ports: AttendNoticesPorts,
  run: Run,
  { team, email }: ModelItem['downstream'][number],
): Promise<{ readonly team: string; readonly knows: boolean }> {
  try {
    await sendOnce(ports, { eventId: `${run.promotionId}/taken-back`, to: email }, recalledEmail(run, team));
    return { team, knows: true };
  } catch (error) {
    ports.onUndelivered(run.promotionId, error);
    return { team, knows: false };
  }
}

async function recordTakenBack(
  ports: AttendNoticesPorts,
  run: Run,
  data: { readonly promotionId: string; readonly end: string; readonly teams: string[] },
): Promise<void> {
  const draft = {
    model: run.model,
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
