import { durationWords } from '../approval/exposure-words.ts';
import { END_WORDS } from '../approval/wording.ts';
import type { Reason } from '../platform/errors.ts';
import { letter } from '../platform/letter.ts';
import { normalEmail } from '../platform/people.ts';
import { sentence } from '../platform/sentence.ts';
import type { ChangeItem, ModelItem, PromotionItem, Run } from '../registry/items.ts';
import { settingsDiff } from '../registry/settings-diff.ts';
import { causeWords } from '../rollback/cause-words.ts';
import type { Note } from './release-note/note.ts';
import { afterRollback } from './release-note/note-facts.ts';
import { noteLetter } from './release-note/note-letter.ts';

/** A rollback as it is told to people. */
export interface RollbackFacts {
  readonly model: string;
  /** Version taken out, of production or as a candidate beside it; empty: the safe forecast. */
  readonly from: string;
  /** Version that serves now, again or as before; empty: the safe forecast. */
  readonly to: string;
  readonly cause: string;
  readonly requestedBy: string;
  readonly detail?: string;
  readonly seconds: number;
}

/** One notice, as it is emailed to people. Other systems are told by events (see events/). */
export interface Notice {
  readonly subject: string;
  readonly text: string;
  /** @default the lines of the text */
  readonly html?: string;
  /** Addresses, each once. */
  readonly recipients: readonly string[];
}

/**
 * The notice of a version that serves from now on: its release note, so that the teams read what the approvers read. Null:
 * the note cannot be made, and what is known is told without it.
 */
export function releaseNotice(run: PromotionItem, model: ModelItem | null, note: Note | null): Notice {
  const notice = endNotice(run, model);
  if (note === null) return notice;
  const { text, html } = letter(notice.subject, noteLetter(run, note));
  return { ...notice, text, html };
}

/**
 * The notice of how a promotion or change ended, for the owner, the requester and, when it acts, the teams downstream.
 * A canary acted even if nothing came of it: its forecasts were used. Of a rollback the teams have a notice already.
 */
export function endNotice(run: Run, model: ModelItem | null): Notice {
  const end = run.end ?? 'withdrawn';
  const acts = end === 'promoted' || end === 'applied';
  const what = run.kind === 'promotion' ? `${run.model} version ${run.version}` : changeName(run);
  return {
    subject: `${END_WORDS[end]}: ${what}`,
    text: [
      endSentence(run, end),
      '',
      `Reason for the change: ${run.change.reason}`,
      `Scope: ${run.change.scope}`,
      `Expected impact: ${run.change.expectedImpact}`,
      ...(acts ? [`Way back: ${run.change.rollbackPlan}`] : []),
      ...(acts && run.kind !== 'promotion' && run.kind !== 'restore' ? alterations(run) : []),
      ...reasonLines(run.reasons ?? []),
      '',
      `Asked for by ${run.requestedBy.name} <${run.requestedBy.email}>.`,
      `Id: ${run.promotionId}`,
      ...(run.kind === 'promotion' && run.releaseNote !== undefined
        ? [`Release note: s3://${run.releaseNote.bucket}/${run.releaseNote.key}`]
        : []),
    ].join('\n'),
    recipients: distinct([
      run.requestedBy.email,
      ...concerned(run, model, acts || (end !== 'rolled-back' && wasServed(run))),
    ]),
  };
}

/** The notice of a rollback, for the owner and the teams downstream: it always acts. */
export function rollbackNotice(facts: RollbackFacts, model: ModelItem): Notice {
  const to = named(facts.to);
  return {
    subject: `Rolled back: ${facts.model} to ${to}`,
    text: [
      `${facts.model} is served by ${to}; ${named(facts.from)} was taken out.`,
      '',
      `Cause: ${causeWords(facts.cause)} (${facts.cause})`,
      ...(facts.detail === undefined ? [] : [`Detail: ${facts.detail}`]),
      `Asked for by ${facts.requestedBy}.`,
      `It took ${facts.seconds} seconds from the request to the confirmed switch.`,
      '',
      afterRollback(facts.from, model.owner),
    ].join('\n'),
    recipients: distinct([model.owner.email, ...model.downstream.map((team) => team.email)]),
  };
}

/**
 * Owner and, when it acts, the teams downstream. A change concerns in addition everybody who has a part after it or had
 * one before it: nobody loses or gains a responsibility without being told.
 */
function concerned(run: Run, model: ModelItem | null, acts: boolean): readonly string[] {
  if (run.kind === 'promotion') {
    return [...(model === null ? [] : [model.owner.email]), ...(acts ? emails(model?.downstream ?? []) : [])];
  }
  const sides = [run.proposal, ...(run.before === undefined ? [] : [run.before])];
  if (!acts) return [(run.before ?? run.proposal).owner.email];
  return sides.flatMap((side) => [side.owner.email, ...emails(side.approvers), ...emails(side.downstream)]);
}

function emails(people: readonly { readonly email: string }[]): readonly string[] {
  return people.map(({ email }) => email);
}

/** What a change altered, setting by setting. */
function alterations(run: ChangeItem): readonly string[] {
  const differences = settingsDiff(run.before ?? null, run.proposal);
  const lines = differences.map(({ path, before, after }) => `- ${path}: ${before || 'none'} -> ${after || 'none'}`);
  // The settings of a new model are many and all new; its page and the ledger have them.
  return run.before === undefined ? [] : ['', 'What changed:', ...lines];
}

function changeName(run: ChangeItem): string {
  if (run.kind === 'restore') return `the end of the kill switch of ${run.model}`;
  return run.kind === 'onboard' ? `the onboarding of ${run.model}` : `the change of ${run.model}`;
}

function endSentence(run: Run, end: NonNullable<Run['end']>): string {
  if (run.kind !== 'promotion') {
    return `${sentence(changeName(run))} ${effect(run, end)}`;
  }
  if (end === 'promoted') {
    const beside = `Version ${run.baseline} runs beside it for ${durationWords(run.plan.confirmation)}, unserved, as what it is compared with.`;
    return `${run.model} serves version ${run.version} from now on; before, it was ${named(run.baseline)}.${run.baseline === '' ? '' : ` ${beside}`}`;
  }
  return `Version ${run.version} of ${run.model} does not go to production; the promotion ended ${whereIn(run)}: ${end}. ${leftBehind(run, end)}`;
}

function effect({ adopt, pointer, restore }: ChangeItem, end: NonNullable<Run['end']>): string {
  if (restore !== undefined) {
    const serves =
      restore.productionVersion === '' ? "The safe forecast of the model's policy" : named(restore.productionVersion);
    return end === 'applied'
      ? `took effect. ${sentence(serves)} serves everything again.`
      : `does not take effect; it ended: ${end}. ${restore.fallback} goes on serving what the switch covers.`;
  }
  if (end === 'applied') {
    const served = adopt === undefined ? '' : ` Version ${adopt.version} serves: adopted, gates not passed.`;
    return `is applied.${served}`;
  }
  return adopt !== undefined && pointer !== undefined
    ? `took effect but for its version; it ended: ${end}. The safe forecast serves, version ${adopt.version} was not adopted.`
    : `does not take effect; it ended: ${end}.`;
}

/** Where a promotion stood. */
function whereIn(run: PromotionItem): string {
  return run.awaitingApproval ? `while people were asked to let it into ${run.stage}` : `in the ${run.stage} stage`;
}

/** What people had of a candidate that did not make it, and what serves after it. */
function leftBehind(run: PromotionItem, end: NonNullable<Run['end']>): string {
  const after =
    end === 'rolled-back' ? 'What serves now, the notice of the rollback says.' : 'Production alone serves, as before.';
  const first = run.exposures.find(({ stage }) => stage === 'canary');
  if (first === undefined) {
    const shadowed = run.exposures.length > 0 ? 'It ran beside production and was never served. ' : '';
    return `${shadowed}${end === 'rolled-back' ? after : 'What serves is unchanged.'}`;
  }
  const most = Math.max(...run.exposures.map(({ percentage }) => percentage));
  return `As a canary it served up to ${most} % of the units from ${first.movedAt} on and serves no more. ${after}`;
}

function wasServed(run: Run): boolean {
  return run.kind === 'promotion' && run.exposures.some(({ stage }) => stage === 'canary');
}

function reasonLines(reasons: readonly Reason[]): readonly string[] {
  if (reasons.length === 0) return [];
  return ['', 'Why:', ...reasons.map((reason) => `- ${reasonText(reason)}`)];
}

/** One reason as a line of text: code, message, got, allowed and next step. */
export function reasonText(reason: Reason): string {
  return [
    `${reason.code}${reason.path === undefined ? '' : ` (${reason.path})`}: ${reason.message}`,
    ...(reason.got === undefined ? [] : [`Got: ${reason.got}.`]),
    ...(reason.allowed === undefined ? [] : [`Allowed: ${reason.allowed}.`]),
    ...(reason.next === undefined ? [] : [reason.next]),
  ].join(' ');
}

function named(version: string): string {
  return version === '' ? 'the safe forecast' : `version ${version}`;
}

function distinct(addresses: readonly string[]): readonly string[] {
  return [...new Map(addresses.map((address) => [normalEmail(address), address])).values()];
}
