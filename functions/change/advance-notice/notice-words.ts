import { durationWords, exposureWords } from '../../approval/exposure-words.ts';
import { instant } from '../../approval/wording.ts';
import type { ModelItem, PromotionItem } from '../../registry/items.ts';
import { waitedFor } from './notice-checks.ts';

/** The lead time as people say it. */
function leadTimeWords(leadTime: string): string {
  return durationWords(leadTime) || 'no lead time';
}

/** What a team is told, in a sentence. */
export function noticeSentence(
  { model, version }: Pick<PromotionItem, 'model' | 'version'>,
  earliestAt: string,
): string {
  return `Version ${version} of ${model} is to serve a part of the forecasts, no earlier than ${instant(earliestAt)}.`;
}

/** What, when, and with which effect, as names and values. */
export function noticeLines(run: PromotionItem, earliestAt: string): readonly (readonly [string, string])[] {
  const notice = run.advanceNotice;
  return [
    ['What changes', run.change.scope],
    ['Why', run.change.reason],
    ['Expected impact', run.change.expectedImpact],
    ['Starts at the earliest', `${instant(earliestAt)}, after its trial beside production and an approval`],
    ...(notice === undefined ? [] : [['Lead time', leadTimeWords(notice.leadTime)] as const]),
    ['Way back', run.change.rollbackPlan],
    ['Severity', severityWords(run)],
  ];
}

function severityWords({ severity }: PromotionItem): string {
  return severity === undefined ? 'critical' : `${severity.level}: ${severity.because}`;
}

/** How far it goes at first. */
export function noticeExposure(run: PromotionItem): readonly string[] {
  return exposureWords(run, 'canary');
}

/** What a team is to do, and what it can do about it. */
export function whatToDo(run: PromotionItem, { owner }: Pick<ModelItem, 'owner'>): readonly string[] {
  const asked = run.advanceNotice?.acknowledge === 'all';
  return [
    'Look whether what your team plans for that time goes with it: orders, campaigns, stocktaking.',
    `To object, write to ${owner.name} <${owner.email}> (${owner.team}) before it starts. Its approvers are asked before it serves anybody, and one rejection ends it; a freeze of your season can be put into the model's calendar.`,
    asked
      ? 'Acknowledge: until all teams have, it does not start.'
      : 'You may acknowledge, so that everybody can see that your team knows; it does not wait for that.',
  ];
}

/** Who was told and what became of it. */
export function acknowledgementWords(run: PromotionItem, model: Pick<ModelItem, 'downstream'>): readonly string[] {
  const notice = run.advanceNotice;
  if (notice === undefined) return [];
  const waited = waitedFor(notice, model);
  return notice.teams.map(({ team, email }) => {
    const answer = notice.acknowledgements.find((one) => one.email === email);
    if (answer !== undefined) return `${team}: acknowledged by ${answer.name} at ${instant(answer.at)}`;
    return waited.some((one) => one.email === email) ? `${team}: not acknowledged yet` : `${team}: told`;
  });
}
