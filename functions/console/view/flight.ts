import type { GateItem } from '../../approval/items.ts';
import { heldStageOf } from '../../change/advance-notice/announced-run.ts';
import { untoldTeams, waitedFor } from '../../change/advance-notice/notice-checks.ts';
import type { Hold } from '../../drill/hold/hold.ts';
import type { GateResult, ModelItem, NewestLook, PromotionItem, Run } from '../../registry/items.ts';
import type { FlightRead } from '../read/read-model.ts';

/** What a run waits for now. */
export type Wait =
  | { readonly kind: 'held'; readonly hold: Hold }
  | {
      readonly kind: 'people';
      readonly stage: string;
      readonly round: number;
      readonly quorum: number;
      readonly decided: readonly { readonly name: string; readonly decision: string; readonly at: string }[];
      readonly undecided: readonly string[];
      readonly expiresAt: string;
    }
  /** People are about to be asked, or were and the run goes on from there. */
  | { readonly kind: 'asking' }
  /** Whether and how people were asked could not be read. */
  | { readonly kind: 'unread'; readonly why: string }
  /** A judge looks at evidence as it comes. `of`: at least so many; null: its policy is not the current one. */
  | {
      readonly kind: 'evidence';
      readonly stage: 'shadow' | 'canary';
      readonly done: number;
      readonly of: number | null;
      readonly unit: 'cycles' | 'days';
      readonly until: string | null;
    }
  /** A step of the machine that takes seconds or minutes. */
  | { readonly kind: 'step' };

/** How far a canary is. */
export interface CanaryProgress {
  /** From 1. */
  readonly step: number;
  readonly steps: number;
  readonly percentage: number;
  /** Whole business days, as ISO 8601. */
  readonly hold: string;
  /** UTC; null: the step's document is not out yet. */
  readonly since: string | null;
  readonly until: string | null;
  readonly newest: NewestLook | null;
}

export interface NoticeState {
  readonly givenAt: string | null;
  readonly earliestAt: string | null;
  readonly acknowledged: readonly { readonly team: string; readonly name: string; readonly at: string }[];
  readonly waitedFor: readonly string[];
  /** They came after it was given, and have no letter yet. */
  readonly untold: readonly string[];
}

export interface Flight {
  readonly promotionId: string;
  readonly kind: Run['kind'];
  /** Empty for a run without a version. */
  readonly version: string;
  readonly stage: string;
  readonly awaitingApproval: boolean;
  readonly why: string;
  readonly changeType: string;
  readonly severity: string;
  readonly requestedBy: string;
  readonly startedAt: string;
  readonly verdicts: readonly { readonly stage: string; readonly result: GateResult }[];
  readonly wait: Wait;
  readonly canary: CanaryProgress | null;
  readonly notice: NoticeState | null;
}

/** A run that has not ended, as people follow it. `model` is null where it could not be read. */
export function flightOf({ run, gates }: FlightRead, model: ModelItem | null): Flight {
  const promotion = run.kind === 'promotion' ? run : null;
  return {
    ...{ promotionId: run.promotionId, kind: run.kind, version: promotion?.version ?? '' },
    stage: promotion?.stage ?? 'change',
    awaitingApproval: promotion?.awaitingApproval ?? true,
    ...{ why: run.change.reason, changeType: run.change.type, severity: run.severity?.level ?? '' },
    ...{ requestedBy: run.requestedBy.name, startedAt: run.startedAt },
    verdicts: promotion === null ? [] : verdictsOf(promotion),
    wait: waitOf(run, gates, model),
    canary: promotion === null ? null : progressOf(promotion),
    notice: noticeOf(run, model),
  };
}

function verdictsOf({ gates }: PromotionItem): Flight['verdicts'] {
  return Object.entries(gates).map(([stage, result]) => ({ stage, result }));
}

function waitOf(run: Run, gates: FlightRead['gates'], model: ModelItem | null): Wait {
  const promotion = run.kind === 'promotion' ? run : null;
  const hold = holdOf(run);
  if (promotion === null && hold !== null) return { kind: 'held', hold };
  if (promotion === null || promotion.awaitingApproval) {
    if (!gates.ok) return { kind: 'unread', why: gates.why };
    const open = gates.value.findLast(({ status }) => status === 'open');
    return open === undefined ? { kind: 'asking' } : peopleOf(open);
  }
  if (hold !== null) return { kind: 'held', hold };
  const exposed = promotion.exposures.findLast(({ stage }) => stage === promotion.stage);
  if (exposed === undefined || promotion.gates[exposed.stage] !== undefined) return { kind: 'step' };
  return evidenceOf(promotion, exposed, model);
}

/** What holds a run where it stands; null: nothing. A change is held only after it was approved. */
function holdOf(run: Run): Hold | null {
  const hold = run.holds?.at(-1);
  if (hold === undefined || hold.reasons.length === 0) return null;
  // A canary that was judged stands still no more, whatever held it.
  if (run.kind === 'promotion' && run.gates[run.stage] !== undefined) return null;
  return (hold.stage ?? 'canary') === heldStageOf(run) ? hold : null;
}

function peopleOf({ stage, round, quorum, approvers, decisions, expiresAt }: GateItem): Wait {
  const decided = decisions.map(({ approver, decision, at }) => ({ name: approver.name, decision, at }));
  const done = new Set(decisions.map(({ approver }) => approver.id));
  const undecided = approvers.filter(({ id }) => !done.has(id)).map(({ name }) => name);
  return { kind: 'people', stage, round, quorum, decided, undecided, expiresAt };
}

function evidenceOf(
  run: PromotionItem,
  { stage, until }: PromotionItem['exposures'][number],
  model: ModelItem | null,
): Wait {
  if (stage === 'shadow') {
    const same = model !== null && model.policyVersion === run.policyVersion;
    const of = same ? model.policy.shadow.min_cycles : null;
    return { kind: 'evidence', stage, done: run.looks.shadow?.cycles ?? 0, of, unit: 'cycles', until };
  }
  const hold = run.plan.canary.steps[run.canaryStep]?.hold;
  const of = hold === undefined ? null : wholeDays(hold);
  return { kind: 'evidence', stage, done: run.newestLook?.stepDays ?? 0, of, unit: 'days', until };
}

function progressOf(run: PromotionItem): CanaryProgress | null {
  const exposed = run.exposures.filter(({ stage }) => stage === 'canary');
  const step = run.plan.canary.steps[run.canaryStep];
  if (step === undefined || (run.stage !== 'canary' && exposed.length === 0)) return null;
  const live = exposed.findLast((one) => one.step === run.canaryStep);
  return {
    ...{ step: run.canaryStep + 1, steps: run.plan.canary.steps.length },
    ...{ percentage: step.percentage, hold: step.hold },
    since: live?.movedAt ?? null,
    until: exposed.at(-1)?.until ?? null,
    newest: run.newestLook?.stage === 'canary' ? run.newestLook : null,
  };
}

function noticeOf(run: Run, model: ModelItem | null): NoticeState | null {
  const notice = run.advanceNotice;
  if (notice === undefined) return null;
  return {
    ...{ givenAt: notice.givenAt ?? null, earliestAt: notice.earliestAt ?? null },
    acknowledged: notice.acknowledgements.map(({ team, name, at }) => ({ team, name, at })),
    waitedFor: model === null ? [] : waitedFor(notice, model).map(({ team }) => team),
    untold: model === null ? [] : untoldTeams(notice, model).map(({ team }) => team),
  };
}

/** Holds are whole days. */
function wholeDays(hold: string): number | null {
  const days = /^P(?:(\d+)W)?(?:(\d+)D)?/.exec(hold);
  return days === null ? null : Number(days[1] ?? 0) * 7 + Number(days[2] ?? 0);
}
