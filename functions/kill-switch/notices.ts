import type { Notice } from '../change/notice.ts';
import { normalEmail } from '../platform/people.ts';
import type { ModelItem } from '../registry/items.ts';
import type { KillSwitchInput } from './input.ts';
import type { KillSwitchAnswer } from './kill-switch-ports.ts';

/**
 * What owner, approvers and whoever threw it are told of a kill switch, and the teams downstream where what they are
 * handed changes: a model, or a canary, which served some of it.
 */
export function thrownNotice(input: KillSwitchInput, answer: KillSwitchAnswer, model: ModelItem): Notice {
  const { level, reason, requestedBy, expiresAt } = input;
  const { version = '', fallback = '', fallbackSegments = [], promotionId } = answer;
  const what =
    level === 'model'
      ? `The safe forecast ${fallback} serves ${fallbackSegments.length === 0 ? 'everything' : fallbackSegments.join(', ')} of ${model.model}.`
      : `The ${level} ${version} of ${model.model} is stopped; production serves as before.`;
  const then =
    level === 'model'
      ? 'It stays so until an approved restoration: start the onboarding machine with kind restore.'
      : level === 'candidate'
        ? 'The version is withdrawn for good.'
        : 'The version may be tried again by a new attempt.';
  const acts = level === 'model' || level === 'canary' || level === 'candidate';
  const people = [requestedBy, model.owner, ...model.approvers, ...(acts ? model.downstream : [])];
  return {
    subject: `Kill switch thrown: ${model.model}${level === 'model' ? '' : ` ${level} ${version}`}`,
    text: [
      what,
      '',
      `Reason: ${reason}`,
      `Thrown by ${requestedBy.name} <${requestedBy.email}>.`,
      `To be looked at again before ${expiresAt}.`,
      then,
      ...(promotionId === undefined ? [] : [`Ended: ${promotionId}`]),
    ].join('\n'),
    recipients: [...new Map(people.map(({ email }) => [normalEmail(email), email])).values()],
  };
}
