import { needsNotice } from '../change/advance-notice/announced-run.ts';
import type { Run } from '../registry/items.ts';
import type { Restoration } from '../registry/restoration.ts';
import type { GateItem, GateStage, GateStatus } from './items.ts';

/** What people type by hand so that no scanner can decide: the version, or the model's name where there is none. */
export function typedName(run: Run): string {
  return run.kind === 'promotion' ? run.version : run.model;
}

/** What is asked, in a few words, for headings and subjects. */
export function asked(run: Run, stage: GateStage): string {
  if (run.kind === 'promotion') return `${run.model} ${run.version} into ${stage}`;
  if (run.kind === 'change') return `change of ${run.model}`;
  if (run.kind === 'restore') return `${run.model} without its kill switch`;
  return run.adopt === undefined ? `new model ${run.model}` : `new model ${run.model}, adopting ${run.adopt.version}`;
}

/** The question that the page asks. */
export function question(run: Run, stage: GateStage): string {
  if (run.kind === 'promotion') return `Let ${run.model} ${run.version} into ${stage}?`;
  if (run.kind === 'restore') return `Leave the kill switch of ${run.model}?`;
  return run.kind === 'onboard' ? `Accept ${run.model} as a new model?` : `Accept this change of ${run.model}?`;
}

/** Why a candidate that is no better is wanted, where the change record says so. */
export function equalIsEnough(run: Run): string | null {
  const said = run.kind === 'promotion' ? run.change.equalIsEnough : undefined;
  return said === undefined ? null : `${said.because}: ${said.explanation}`;
}

/** How much a change may disturb whoever works by the forecasts, and by which rule; as it was registered. */
export function severityFacts({ severity, change }: Run): readonly (readonly [string, string])[] {
  if (severity === undefined) return change.critical === true ? [['Severity', 'critical: declared so']] : [];
  return [['Severity', `${severity.level}: ${severity.because}`]];
}

/** What happens when the gate is passed. */
export function onApproval(run: Run, stage: GateStage): string {
  if (run.kind === 'promotion') {
    const before = run.baseline === '' ? 'The safe forecast' : `Version ${run.baseline}`;
    if (stage === 'shadow')
      return `The way back is proved, then version ${run.version} starts to run beside production. When it has proved itself there, people are asked again before it serves anything; if it does not, the promotion ends by itself.`;
    if (stage === 'canary')
      return `The way back is proved, then version ${run.version} serves the first step. The steps follow by themselves; after the last, it is taken out again and people are asked about production. If it does harm or proves nothing in time, the promotion ends by itself.`;
    return `Version ${run.version} serves all forecasts of ${run.model} within minutes, and owner and teams downstream are told. ${before} stays ready to be gone back to.`;
  }
  if (run.kind === 'change') {
    const when = needsNotice(run) ? 'once the teams downstream know of them, and not before' : 'at once';
    return `The proposed owner, approvers, teams and policy take effect for ${run.model} ${when}.`;
  }
  if (run.restore !== undefined) return `${restoredTo(run.restore)} The kill switch is closed.`;
  const created = `The model ${run.model} is created with the proposed owner, approvers and policy.`;
  return run.adopt === undefined
    ? `${created} It serves the safe forecast until a version is promoted.`
    : `${created} Version ${run.adopt.version}, which serves elsewhere already, serves all its forecasts at once, although it passed no gate.`;
}

/** Who serves what a kill switch covered, once it is left. */
function restoredTo({ productionVersion }: Restoration): string {
  const who = productionVersion === '' ? "The safe forecast of the model's policy" : `Version ${productionVersion}`;
  return `${who} serves all forecasts within minutes, also where a kill switch has another forecast serve now.`;
}

/** What happens when one person rejects. */
export function onRejection(run: Run, stage: GateStage): string {
  if (run.kind === 'restore')
    return 'One rejection ends this request. The kill switch stays as it is; a new attempt needs a new request.';
  if (run.kind !== 'promotion')
    return 'One rejection ends this change. Everything stays as it is; a new attempt needs a new request.';
  const shadow = stage === 'canary' ? ` Version ${run.version} no longer runs beside production.` : '';
  return `One rejection ends this promotion.${shadow} Production stays as it is; a new attempt needs a new request.`;
}

/** What happens when too few people decide in time. */
export function onExpiry(run: Run): string {
  return run.kind === 'promotion'
    ? 'the request expires, and the promotion ends with it. Production stays as it is.'
    : 'the request expires and nothing changes.';
}

/** Instants as people read them: `2026-11-22 14:05 UTC`. */
export function instant(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

export const STATUS_WORDS: Readonly<Record<GateStatus, string>> = {
  open: 'Waiting for a decision',
  approved: 'Approved',
  rejected: 'Rejected',
  expired: 'Expired',
  void: 'Void',
  withdrawn: 'Withdrawn',
};

type RunEnd = NonNullable<Run['end']>;

export const END_WORDS: Readonly<Record<RunEnd, string>> = {
  promoted: 'In production',
  applied: 'Applied',
  rejected: 'Rejected',
  expired: 'Expired',
  withdrawn: 'Withdrawn',
  'rolled-back': 'Rolled back',
};

/** Class of the pill that shows an end. */
export const END_TONES: Readonly<Record<RunEnd, 'good' | 'bad' | 'warn'>> = {
  promoted: 'good',
  applied: 'good',
  rejected: 'bad',
  expired: 'warn',
  withdrawn: 'warn',
  'rolled-back': 'warn',
};

/** `1 of 2 approvals` */
export function progress(gate: Pick<GateItem, 'quorum'>, approvals: number): string {
  return `${approvals} of ${gate.quorum} ${gate.quorum === 1 ? 'approval' : 'approvals'}`;
}
