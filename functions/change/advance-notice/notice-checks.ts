import { instant } from '../../approval/wording.ts';
import type { Reason } from '../../platform/errors.ts';
import { normalEmail } from '../../platform/people.ts';
import type { ModelItem } from '../../registry/items.ts';
import { type FreezePeriod, freezeAt } from '../freeze.ts';
import { needsNotice, type ToldRun } from './announced-run.ts';
import type { AdvanceNotice, HeldStage } from './notice-item.ts';

/** A reason to hold that passes by itself at a moment (UTC), where one is known. */
export interface HoldReason extends Reason {
  readonly until?: string;
}

/** What is known of who was told, and of when nothing may start. */
export interface NoticeFacts {
  readonly now: string;
  /** Null: the change is not critical, or there is nobody to tell. */
  readonly notice: Pick<AdvanceNotice, 'givenAt' | 'earliestAt'> | null;
  /** Teams that take forecasts of the model and came after the notice was given; they have no letter yet. */
  readonly untold: readonly string[];
  /** Teams that have to acknowledge and did not yet. */
  readonly waitedFor: readonly string[];
  /** Of the model and of all models. */
  readonly freezes: readonly FreezePeriod[];
}

/** The facts of a run that is about to act. What is promised of a notice is of the policy in force, never of a proposed one. */
export function noticeFacts(
  run: ToldRun,
  model: Pick<ModelItem, 'policy' | 'downstream'>,
  { now, freezes }: { readonly now: string; readonly freezes: readonly FreezePeriod[] },
): NoticeFacts {
  const { advanceNotice: begun } = run;
  // Until it is given, it is for the teams as they are: one without any is nobody's.
  const teams = begun?.givenAt === undefined ? model.downstream : begun.teams;
  const needed = needsNotice(run) && teams.length > 0;
  return {
    now,
    notice: needed ? (run.advanceNotice ?? {}) : null,
    untold: untoldTeams(run.advanceNotice, model).map(({ team }) => team),
    waitedFor: waitedFor(run.advanceNotice, model).map(({ team }) => team),
    freezes: [...model.policy.freezes, ...freezes],
  };
}

/** Teams that take forecasts of the model now and are not among those that a given notice names. Each mailbox once. */
export function untoldTeams(
  notice: AdvanceNotice | undefined,
  { downstream }: Pick<ModelItem, 'downstream'>,
): AdvanceNotice['teams'] {
  if (notice?.givenAt === undefined) return [];
  const told = new Set(notice.teams.map(({ email }) => normalEmail(email)));
  return eachOnce(downstream).filter(({ email }) => !told.has(normalEmail(email)));
}

/** Teams without those that share a mailbox with one before them. */
export function eachOnce(teams: ModelItem['downstream']): ModelItem['downstream'] {
  return teams.filter(
    ({ email }, index) => teams.findIndex((one) => normalEmail(one.email) === normalEmail(email)) === index,
  );
}

/** Who still has to acknowledge; whoever takes no forecasts of the model any more has not to. */
export function waitedFor(
  notice: AdvanceNotice | undefined,
  { downstream }: Pick<ModelItem, 'downstream'>,
): AdvanceNotice['teams'] {
  if (notice?.acknowledge !== 'all') return [];
  const still = new Set(downstream.map(({ email }) => normalEmail(email)));
  const done = new Set(notice.acknowledgements.map(({ email }) => normalEmail(email)));
  return notice.teams.filter(({ email }) => still.has(normalEmail(email)) && !done.has(normalEmail(email)));
}

/** No candidate begins to serve during a freeze. */
export function frozen({ freezes, now }: NoticeFacts): readonly HoldReason[] {
  const freeze = freezeAt(freezes, now);
  if (freeze === null) return [];
  const { until, reasons } = freeze;
  const message = `Nothing new begins to serve until ${instant(until)}: ${reasons.join('; ')}.`;
  return [{ code: 'FROZEN', path: until, message, until, next: NEXT }];
}

/** A critical change is known to the teams for its lead time, and where it is asked for, acknowledged by them. */
export function announced(
  { notice, untold, waitedFor: teams, now }: NoticeFacts,
  next: string = NEXT_OF_MISSING.canary,
): readonly HoldReason[] {
  if (notice === null) return [];
  if (notice.givenAt === undefined || notice.earliestAt === undefined) {
    const message = 'The change is critical, and not all teams downstream were told of it yet.';
    return [{ code: 'NOTICE_MISSING', message, next }];
  }
  const { earliestAt, givenAt } = notice;
  const message = `The teams downstream were told at ${instant(givenAt)} that it starts no earlier than ${instant(earliestAt)}.`;
  const early = { code: 'LEAD_TIME_RUNS', path: earliestAt, message, until: earliestAt, next: NEXT };
  return [
    ...(Date.parse(earliestAt) > Date.parse(now) ? [early] : []),
    ...untold.map((team) => ({
      ...{
        code: 'NOTICE_MISSING',
        path: team,
        message: `${team} came after the notice was given and was not told yet.`,
      },
      next,
    })),
    ...teams.map((team) => ({
      ...{ code: 'NOTICE_NOT_ACKNOWLEDGED', path: team, message: `${team} has not acknowledged the notice.` },
      next: 'It acknowledges by the link in its letter and is reminded every day; it then goes on by itself.',
    })),
  ];
}

const NEXT = 'It goes on by itself then; a second approver may let it go on earlier, by the link in their letter.';

/** While a change is held, no other one is taken, so that no address can be corrected. */
const NEXT_OF_MISSING = {
  canary: 'It is sent within minutes and tried again; correct the address of a team that it cannot reach.',
  change:
    'It is sent within minutes and tried again. Where an address is wrong, stop the execution, correct the address by a change of ownership, and ask for this change again; or a second approver makes an exception.',
} as const;

/**
 * What holds a stage for the sake of others, and an approver may make an exception of. Nothing that proves the way back. A
 * freeze holds candidates; settings serve nobody.
 */
export function noticeReasons(facts: NoticeFacts, stage: HeldStage): readonly HoldReason[] {
  switch (stage) {
    case 'canary':
      return [...frozen(facts), ...announced(facts)];
    case 'production':
      return frozen(facts);
    case 'change':
      return announced(facts, NEXT_OF_MISSING.change);
  }
}

/** A reason by code and path, as holds and exceptions name it. */
export function holdName({ code, path }: Pick<Reason, 'code' | 'path'>): string {
  return path === undefined ? code : `${code} ${path}`;
}
