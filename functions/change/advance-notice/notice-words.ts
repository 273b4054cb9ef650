import { durationWords, exposureWords } from '../../approval/exposure-words.ts';
import { instant } from '../../approval/wording.ts';
import type { ModelItem, Run } from '../../registry/items.ts';
import { type Difference, settingsDiff } from '../../registry/settings-diff.ts';
import { clipped } from '../events/told.ts';
import { untoldTeams, waitedFor } from './notice-checks.ts';

/** The lead time as people say it. */
function leadTimeWords(leadTime: string): string {
  return durationWords(leadTime) || 'no lead time';
}

/** What a team is told, in a sentence. */
export function noticeSentence(run: Run, earliestAt: string): string {
  const when = `no earlier than ${instant(earliestAt)}`;
  return run.kind === 'promotion'
    ? `Version ${run.version} of ${run.model} is to serve a part of the forecasts, ${when}.`
    : `Settings of ${run.model} are to change, ${when}.`;
}

/** What, when, and with which effect, as names and values. */
export function noticeLines(run: Run, earliestAt: string): readonly (readonly [string, string])[] {
  const notice = run.advanceNotice;
  const after = run.kind === 'promotion' ? 'its trial beside production and an approval' : 'an approval';
  return [
    ['What changes', run.change.scope],
    ['Why', run.change.reason],
    ['Expected impact', run.change.expectedImpact],
    ['Starts at the earliest', `${instant(earliestAt)}, after ${after}`],
    ...(notice === undefined ? [] : [['Lead time', leadTimeWords(notice.leadTime)] as const]),
    ['Way back', run.change.rollbackPlan],
    ['Severity', severityWords(run)],
  ];
}

function severityWords({ severity }: Run): string {
  return severity === undefined ? 'critical' : `${severity.level}: ${severity.because}`;
}

/** How far it goes at first; of a change, what it alters. */
export function noticeReach(run: Run): { readonly title: string; readonly lines: readonly string[] } {
  if (run.kind === 'promotion') return { title: 'How far it goes at first', lines: exposureWords(run, 'canary') };
  const differences = settingsDiff(run.before ?? null, run.proposal);
  const lines = differences.slice(0, MAX_DIFFERENCES).map(differenceWords);
  const more = differences.length - lines.length;
  return {
    title: 'Setting by setting',
    lines: more > 0 ? [...lines, `and ${more} more, as the ledger has them`] : lines,
  };
}

/** So many settings are told one by one. */
const MAX_DIFFERENCES = 50;

function differenceWords({ path, before, after }: Difference): string {
  return `${path}: ${clipped(before || 'none', 300)} becomes ${clipped(after || 'none', 300)}`;
}

/** What is known to go wrong with a candidate. */
export function noticeFailures(run: Run): readonly string[] {
  return run.kind === 'promotion' ? run.knownFailureModes : [];
}

/** What a team is to do, and what it can do about it. */
export function whatToDo(run: Run, { owner }: Pick<ModelItem, 'owner'>): readonly string[] {
  const asked = run.advanceNotice?.acknowledge === 'all';
  const object =
    run.kind === 'promotion'
      ? "before it starts. Its approvers are asked before it serves anybody, and one rejection ends it; a freeze of your season can be put into the model's calendar."
      : 'before it takes effect. Approvers are asked about it, and one rejection ends it.';
  return [
    'Look whether what your team plans for that time goes with it: orders, campaigns, stocktaking.',
    `To object, write to ${owner.name} <${owner.email}> (${owner.team}) ${object}`,
    asked
      ? 'Acknowledge: until all teams have, it does not start.'
      : 'You may acknowledge, so that everybody can see that your team knows; it does not wait for that.',
  ];
}

/** Who was told and what became of it. */
export function acknowledgementWords(run: Run, model: Pick<ModelItem, 'downstream'>): readonly string[] {
  const notice = run.advanceNotice;
  if (notice === undefined) return [];
  const waited = waitedFor(notice, model);
  const told = notice.teams.map(({ team, email }) => {
    const answer = notice.acknowledgements.find((one) => one.email === email);
    if (answer !== undefined) return `${team}: acknowledged by ${answer.name} at ${instant(answer.at)}`;
    return waited.some((one) => one.email === email) ? `${team}: not acknowledged yet` : `${team}: told`;
  });
  return [...told, ...untoldTeams(notice, model).map(({ team }) => `${team}: not told yet`)];
}
