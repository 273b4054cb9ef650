import { sentence } from '../../platform/sentence.ts';
import type { ChangeItem, PromotionItem, Run } from '../../registry/items.ts';
import { promotionSeverity } from '../change-severity.ts';
import { HELD_STAGES, type HeldStage } from './notice-item.ts';

/** As much of a run as tells whether teams hear of it before it acts. */
export type ToldRun =
  | Pick<PromotionItem, 'kind' | 'severity' | 'change' | 'plan' | 'advanceNotice'>
  | Pick<ChangeItem, 'kind' | 'severity' | 'change' | 'advanceNotice'>;

/**
 * Whether the teams downstream hear of a run before it acts. Of changes without a version, those of settings alone:
 * nothing serves of a model that is set up or adopted, what leaves a kill switch mends what teams already feel, and who owns
 * and approves must be replaceable at once, the more so while something is wrong. Ownership is a type of its own, which alters
 * no threshold, so that nothing else gets around the notice under its name.
 */
export function needsNotice(run: ToldRun): boolean {
  if (run.kind === 'promotion') {
    return (run.severity ?? promotionSeverity(run.change, run.plan.canary.where)).level === 'critical';
  }
  return run.kind === 'change' && run.change.type !== 'ownership' && run.severity?.level === 'critical';
}

/**
 * Whether teams are to know of a run that did not act yet: of a promotion once its candidate runs beside production, of a
 * change from its registration on, so that the lead time goes by while it is on trial or people decide.
 */
export function isNoticeDue(run: Run): boolean {
  if (run.end !== undefined || !needsNotice(run)) return false;
  return run.kind !== 'promotion' || (run.exposures.length > 0 && !hasActed(run));
}

/** Whether something of what was announced took effect. */
export function hasActed(run: Run): boolean {
  return run.kind === 'promotion' ? run.exposures.some(({ stage }) => stage === 'canary') : run.end === 'applied';
}

/** What of a run may be held where it stands; null: nothing. */
export function heldStageOf(run: Run): HeldStage | null {
  if (run.kind === 'promotion') return HELD_STAGES.find((one) => one === run.stage) ?? null;
  return run.kind === 'change' ? 'change' : null;
}

/** A run as people name it, for headings and subjects. */
export function runName(run: Run): string {
  return run.kind === 'promotion' ? `${run.model} version ${run.version}` : `settings of ${run.model}`;
}

/** What is announced or held, in the middle of a sentence: a version, or a change without one. */
export function announcedWords(model: string, version: string | undefined): string {
  return version === undefined ? `the change of settings of ${model}` : `version ${version} of ${model}`;
}

/** A run in the middle of a sentence. */
export function runWords(run: Run): string {
  return announcedWords(run.model, versionOf(run).version);
}

/** The same at the beginning of a sentence. */
export function runStart(run: Run): string {
  return sentence(runWords(run));
}

/** What a run that is held does not do yet: it does not do so; it is held before that. */
export function heldFrom(run: Run, stage: HeldStage): { readonly to: string; readonly before: string } {
  if (stage === 'change') return { to: 'take effect', before: 'it takes effect' };
  if (stage === 'canary' && hasActed(run)) return { to: 'serve more units', before: 'it serves more units' };
  return { to: `enter ${stage}`, before: stage };
}

/** Whether a canary runs that is not widened, as its judge recorded last. */
export function standsStill(run: Run): boolean {
  if (run.kind !== 'promotion' || run.stage !== 'canary' || run.awaitingApproval) return false;
  const hold = run.holds?.findLast(({ stage = 'canary' }) => stage === 'canary');
  return hasActed(run) && run.gates.canary === undefined && hold !== undefined && hold.reasons.length > 0;
}

/** What the ledger says of a run besides its id: the version, where it has one. */
export function versionOf(run: Run): { readonly version?: string } {
  return run.kind === 'promotion' ? { version: run.version } : {};
}
