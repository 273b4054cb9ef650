import * as z from 'zod';
import type { GateItem } from '../../approval/items.ts';
import { notExcepted, secondApprovers } from '../../change/advance-notice/hold-exceptions.ts';
import { type HoldReason, holdName, noticeFacts, noticeReasons } from '../../change/advance-notice/notice-checks.ts';
import { HELD_STAGES, type HeldStage } from '../../change/advance-notice/notice-item.ts';
import type { FreezePeriod } from '../../change/freeze.ts';
import type { Armed } from '../../kill-switch/armed.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { durationSeconds } from '../../platform/duration.ts';
import { isReleaseError, type Reason, ReleaseError } from '../../platform/errors.ts';
import { parsePromotionId } from '../../platform/ids.ts';
import { type Approver, systemActor } from '../../platform/people.ts';
import type { ModelItem, PromotionItem } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { RegistryWrites } from '../../registry/registry-writes.ts';
import type { DrillStore } from '../drill-store.ts';
import type { Checked } from '../record-readiness.ts';
import type { Hold } from './hold.ts';
import { holdReasons } from './hold-checks.ts';
import { holdWait } from './hold-wait.ts';

export const mayExposeEvent = z.object({ promotionId: z.string() });

export interface MayExposePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'model'>;
  readonly writes: Pick<RegistryWrites, 'updateRun'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly drills: Pick<DrillStore, 'newest'>;
  /** Checks now whether a model can be gone back from; null when that fails. */
  readonly readiness: (model: string) => Promise<Checked | null>;
  /** Asks by dry run what would have to stop the canary; null for what does not answer. */
  readonly armed: (model: string) => Promise<Readonly<Record<string, Armed | null>>>;
  readonly gates: (promotionId: string) => Promise<readonly GateItem[]>;
  /** Tells the teams downstream, where they are to know and were not told yet; answers the promotion as it is then. */
  readonly giveNotice: (run: PromotionItem, model: ModelItem) => Promise<PromotionItem>;
  /** Gives approvers the means to let a stage be entered in spite of what holds it. */
  readonly askException: (
    run: PromotionItem,
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
 * the teams downstream know what they are to know; of a full promotion the one for all; neither during a freeze. Otherwise
 * the stage is held, and looked at again; what it is held for is recorded whenever that changes. Safe to repeat.
 * @throws ReleaseError NOT_FOUND; PROMOTION_ENDED for one that is over; CONDITION_FAILED for one that enters no such stage
 */
export async function mayExpose(ports: MayExposePorts, promotionId: string): Promise<MayExpose> {
  const { run: found, model } = await openPromotion(ports, promotionId);
  const stage = heldStage(found);
  const run = stage === 'canary' ? await ports.giveNotice(found, model) : found;
  const now = ports.now();
  const reasons = await reasonsFor(ports, { run, model, stage, now });
  if (reasons.some(({ code }) => DRILL_CODES.includes(code))) await ports.startDrill(model.model);
  const holds = await recordHold(ports, run, { stage, reasons, at: now });
  if (reasons.length === 0) return { promotionId, held: false, expired: false, reasons, waitSeconds: 0 };
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
      ...{ stage, pollSeconds: durationSeconds(run.plan.poll), heldSeconds, mostSeconds, passesInSeconds },
    }),
  };
}

function heldStage({ promotionId, stage }: PromotionItem): HeldStage {
  const held = HELD_STAGES.find((one) => one === stage);
  if (held !== undefined) return held;
  throw new ReleaseError('CONDITION_FAILED', `${promotionId} enters ${stage}, which nothing holds.`);
}

/** So long an approval is good for; the lead time that its own teams were promised comes on top. */
export function mostHeldSeconds({ advanceNotice }: PromotionItem, { policy }: ModelItem, stage: HeldStage): number {
  const promised = stage === 'canary' ? durationSeconds(advanceNotice?.leadTime ?? 'PT0S') : 0;
  return durationSeconds(policy.approvals.expiry) + promised;
}

/** A reason as it is answered; one that outlasts the approval says when to start again. */
function told({ until, ...reason }: HoldReason, tooLong: boolean): Reason {
  if (!tooLong || until === undefined) return reason;
  return { ...reason, next: `An approval does not last so long. Start a new attempt that is approved after ${until}.` };
}

async function openPromotion(
  { registry }: MayExposePorts,
  promotionId: string,
): Promise<{ readonly run: PromotionItem; readonly model: ModelItem }> {
  const name = parsePromotionId(promotionId)?.model ?? '';
  const [run, model] = await Promise.all([registry.run(name, promotionId), registry.model(name)]);
  if (run?.kind !== 'promotion' || model === null) {
    throw new ReleaseError('NOT_FOUND', `There is no promotion ${promotionId}.`);
  }
  if (run.end !== undefined) throw new ReleaseError('PROMOTION_ENDED', `${promotionId} ended as ${run.end}.`);
  return { run, model };
}

interface Entering {
  readonly run: PromotionItem;
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
  if (stage === 'production') return { stage, facts: known };
  const [[drill = null], readiness, armed] = await Promise.all([
    ports.drills.newest(model.model, 1),
    ports.readiness(model.model),
    ports.armed(model.model),
  ]);
  return { stage, facts: { ...known, policy: model.policy, drill, readiness, armed } };
}

/** Keeps what a stage is held for since when; answers the holds as they stand. */
async function recordHold(
  ports: MayExposePorts,
  run: PromotionItem,
  { stage, reasons, at }: { readonly stage: HeldStage; readonly reasons: readonly HoldReason[]; readonly at: string },
): Promise<readonly Hold[]> {
  const holds = run.holds ?? [];
  const names = [...new Set(reasons.map(holdName))];
  const last = holds.at(-1);
  if (JSON.stringify(last?.reasons ?? []) === JSON.stringify(names)) return holds;
  const next = [...holds, { since: at, ...holdOf(stage, reasons, names) }];
  const { model, promotionId } = run;
  const data = {
    promotionId,
    stage,
    held: reasons.length > 0,
    reasons: reasons.map((one) => ({ ...told(one, false) })),
  };
  const draft = { model, type: 'canary-held' as const, at, actor: systemActor('may-expose'), data };
  try {
    const unchanged = holds.length === 0 ? 'attribute_not_exists(holds)' : 'size(holds) = :count';
    const condition = { expression: unchanged, values: holds.length === 0 ? {} : { ':count': holds.length } };
    await ports.ledger.append(draft, [ports.writes.updateRun(run, { holds: next }, condition)]);
    return next;
  } catch (cause) {
    if (!isReleaseError(cause, 'CONDITION_FAILED')) throw cause;
    const now = await ports.registry.run(model, promotionId);
    // Another run of this step was first, with what it saw.
    if (now?.kind === 'promotion' && now.end === undefined) return now.holds ?? [];
    throw new ReleaseError('PROMOTION_ENDED', `${promotionId} ended while it was held.`, { cause });
  }
}

function holdOf(stage: HeldStage, reasons: readonly HoldReason[], names: readonly string[]): Omit<Hold, 'since'> {
  const untils = reasons.flatMap(({ until }) => (until === undefined ? [] : [until])).toSorted();
  const until = untils.length === reasons.length ? untils.at(-1) : undefined;
  const messages = names.map((name) => reasons.find((one) => holdName(one) === name)?.message ?? name);
  return { stage, reasons: [...names], messages, ...(until === undefined ? {} : { until }) };
}
