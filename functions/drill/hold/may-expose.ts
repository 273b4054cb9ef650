import * as z from 'zod';
import type { GateItem } from '../../approval/items.ts';
import { heldStageOf } from '../../change/advance-notice/announced-run.ts';
import { notExcepted, secondApprovers } from '../../change/advance-notice/hold-exceptions.ts';
import { type HoldReason, holdName, noticeFacts, noticeReasons } from '../../change/advance-notice/notice-checks.ts';
import type { HeldStage } from '../../change/advance-notice/notice-item.ts';
import type { FreezePeriod } from '../../change/freeze.ts';
import type { Armed } from '../../kill-switch/armed.ts';
import { durationSeconds } from '../../platform/duration.ts';
import { type Reason, ReleaseError } from '../../platform/errors.ts';
import { parsePromotionId } from '../../platform/ids.ts';
import type { Approver } from '../../platform/people.ts';
import type { ModelItem, Run } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { DrillStore } from '../drill-store.ts';
import type { Checked } from '../record-readiness.ts';
import { holdReasons } from './hold-checks.ts';
import { holdWait } from './hold-wait.ts';
import { type RecordHoldPorts, recordHold } from './record-hold.ts';

export const mayExposeEvent = z.object({ promotionId: z.string() });

export interface MayExposePorts extends RecordHoldPorts {
  readonly registry: Pick<RegistryStore, 'run' | 'model'>;
  readonly drills: Pick<DrillStore, 'newest'>;
  /** Checks now whether a model can be gone back from; null when that fails. */
  readonly readiness: (model: string) => Promise<Checked | null>;
  /** Asks by dry run what would have to stop the canary; null for what does not answer. */
  readonly armed: (model: string) => Promise<Readonly<Record<string, Armed | null>>>;
  readonly gates: (promotionId: string) => Promise<readonly GateItem[]>;
  /** Tells the teams downstream, where they are to know and were not told yet; answers the run as it is then. */
  readonly giveNotice: (run: Run, model: ModelItem) => Promise<Run>;
  /** Gives approvers the means to let a run go on in spite of what holds it. */
  readonly askException: (
    run: Run,
    of: { readonly stage: HeldStage; readonly reasons: readonly HoldReason[]; readonly approvers: readonly Approver[] },
  ) => Promise<void>;
  /** Of all models. */
  readonly freezes: readonly FreezePeriod[];
  /** Starts a drill, unless one runs. */
  readonly startDrill: (model: string) => Promise<void>;
  readonly now: () => string;
}

export interface MayExpose {
  readonly promotionId: string;
  readonly held: boolean;
  /** It was held for as long as it may be, or what holds it lasts longer: it ends. */
  readonly expired: boolean;
  readonly reasons: readonly Reason[];
  readonly waitSeconds: number;
}

/** Reasons by which a drill is started. */
const DRILL_CODES = ['DRILL_MISSING', 'DRILL_STALE'];

/**
 * Whether what people approved may go out: of a canary the first document, once going back is rehearsed, ready and armed, and
 * the teams downstream know what they are to know; of a full promotion the one for all; neither during a freeze; and whether
 * a change of settings may take effect, once the teams know. Otherwise it is held, and looked at again; what it is held for is
 * recorded whenever that changes. What is no promotion and no change of settings is never held. Safe to repeat.
 * @throws ReleaseError NOT_FOUND; PROMOTION_ENDED for one that is over; CONDITION_FAILED for a promotion in another stage
 */
export async function mayExpose(ports: MayExposePorts, promotionId: string): Promise<MayExpose> {
  const { run: found, model } = await openRun(ports, promotionId);
  const stage = heldStageOf(found);
  if (stage === null) return notHeld(found);
  const run = stage === 'production' ? found : await ports.giveNotice(found, model);
  const now = ports.now();
  const reasons = await reasonsFor(ports, { run, model, stage, now });
  if (reasons.some(({ code }) => DRILL_CODES.includes(code))) await ports.startDrill(model.model);
  const holds = await recordHold(ports, run, { stage, reasons, at: now, who: 'may-expose' });
  if (reasons.length === 0) return goesOn(promotionId);
  const since = Date.parse(holds.find((one) => (one.stage ?? 'canary') === stage)?.since ?? now);
  const heldSeconds = Math.max(0, (Date.parse(now) - since) / 1000);
  const mostSeconds = mostHeldSeconds(run, model, stage);
  const tooLong = reasons.filter(({ until }) => until !== undefined && Date.parse(until) > since + mostSeconds * 1000);
  const passesInSeconds = reasons.flatMap(({ until }) =>
    until === undefined ? [] : [(Date.parse(until) - Date.parse(now)) / 1000],
  );
  return {
    ...{ promotionId, held: true, expired: tooLong.length > 0 || heldSeconds >= mostSeconds },
    reasons: reasons.map((reason) => told(reason, tooLong.includes(reason))),
    waitSeconds: holdWait({
      ...{ stage, pollSeconds: pollSeconds(run, model), heldSeconds, mostSeconds, passesInSeconds },
    }),
  };
}

function goesOn(promotionId: string): MayExpose {
  return { promotionId, held: false, expired: false, reasons: [], waitSeconds: 0 };
}

function notHeld(run: Run): MayExpose {
  if (run.kind !== 'promotion') return goesOn(run.promotionId);
  throw new ReleaseError('CONDITION_FAILED', `${run.promotionId} enters ${run.stage}, which nothing holds.`);
}

function pollSeconds(run: Run, { policy }: ModelItem): number {
  return durationSeconds(run.kind === 'promotion' ? run.plan.poll : policy.poll);
}

/** So long an approval is good for; the lead time that its own teams were promised comes on top. */
export function mostHeldSeconds({ advanceNotice }: Run, { policy }: ModelItem, stage: HeldStage): number {
  const promised = stage === 'production' ? 0 : durationSeconds(advanceNotice?.leadTime ?? 'PT0S');
  return durationSeconds(policy.approvals.expiry) + promised;
}

/** A reason as it is answered; one that outlasts the approval says when to start again. */
function told({ until, ...reason }: HoldReason, tooLong: boolean): Reason {
  if (!tooLong || until === undefined) return reason;
  return { ...reason, next: `An approval does not last so long. Start a new attempt that is approved after ${until}.` };
}

async function openRun(
  { registry }: MayExposePorts,
  promotionId: string,
): Promise<{ readonly run: Run; readonly model: ModelItem }> {
  const name = parsePromotionId(promotionId)?.model ?? '';
  const [run, model] = await Promise.all([registry.run(name, promotionId), registry.model(name)]);
  if (run === null || model === null) {
    throw new ReleaseError('NOT_FOUND', `There is no promotion or change ${promotionId}.`);
  }
  if (run.end !== undefined) throw new ReleaseError('PROMOTION_ENDED', `${promotionId} ended as ${run.end}.`);
  return { run, model };
}

interface Entering {
  readonly run: Run;
  readonly model: ModelItem;
  readonly stage: HeldStage;
  readonly now: string;
}

async function reasonsFor(ports: MayExposePorts, entering: Entering): Promise<readonly HoldReason[]> {
  const { run, model, stage, now } = entering;
  const [facts, gates] = await Promise.all([factsFor(ports, entering), ports.gates(run.promotionId)]);
  const of = { model, stage, gates };
  const reasons = notExcepted(holdReasons(facts), run, of);
  const excepted = noticeReasons(noticeFacts(run, model, { now, freezes: ports.freezes }), stage);
  const liftable = reasons.filter((reason) => excepted.some((one) => holdName(one) === holdName(reason)));
  await ports.askException(run, { stage, reasons: liftable, approvers: secondApprovers(run, model, of) });
  return reasons;
}

async function factsFor(
  ports: MayExposePorts,
  { run, model, stage, now }: Entering,
): Promise<Parameters<typeof holdReasons>[0]> {
  const known = noticeFacts(run, model, { now, freezes: ports.freezes });
  if (stage !== 'canary') return { stage, facts: known };
  const [[drill = null], readiness, armed] = await Promise.all([
    ports.drills.newest(model.model, 1),
    ports.readiness(model.model),
    ports.armed(model.model),
  ]);
  return { stage, facts: { ...known, policy: model.policy, drill, readiness, armed } };
}
