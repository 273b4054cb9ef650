import type { Found } from './find-request.ts';
import { asked, END_WORDS, instant } from './wording.ts';

/** Why nobody decides on a request any more: what became of it, for a heading, and what that means. */
export interface Closed {
  readonly title: string;
  readonly lines: readonly string[];
}

/**
 * What stands in the way of a decision; null while one can be taken. What the person did comes first, then what became of
 * the run, since that outweighs what happened at the gate. `isOver`: the time to decide has passed.
 */
export function closedWords(
  { gate, run, request }: Pick<Found, 'gate' | 'run' | 'request'>,
  isOver: boolean,
): Closed | null {
  const what = asked(run, gate.stage);
  const ended = run.end === undefined ? [] : [`It has ended since: ${END_WORDS[run.end].toLowerCase()}.`];
  const why = (gate.reason === undefined ? (run.reasons ?? []) : [gate.reason]).map(({ message }) => message);
  if (request.decision !== undefined)
    return {
      title: 'You have decided on this',
      lines: [`You decided on ${what}: ${request.decision}. A request can be used once.`, ...ended],
    };
  if (request.delegatedTo !== undefined)
    return {
      title: 'This request is no longer yours',
      lines: [`The model's owner asked ${request.delegatedTo.name} to decide on ${what} in your place.`, ...ended],
    };
  if (gate.status === 'void')
    return {
      title: 'This request is void',
      lines: [
        ...(gate.reason === undefined ? [] : [gate.reason.message]),
        'What you were asked is no longer what would happen, so it cannot be decided on here.',
        ...(ended.length > 0 ? ended : ['Those who decide on what it is now are asked anew by email.']),
      ],
    };
  if (gate.status === 'withdrawn' || run.end === 'withdrawn' || run.end === 'rolled-back')
    return {
      title: run.kind === 'promotion' ? 'The promotion was withdrawn' : 'The change was withdrawn',
      lines: [...why, `Nothing is left to decide on ${what}.`],
    };
  if (gate.status === 'expired' || isOver)
    return {
      title: 'This request has expired',
      lines: [`The time to decide on ${what} ended at ${instant(gate.expiresAt)}.`, ...ended],
    };
  if (gate.status === 'approved' || gate.status === 'rejected')
    return {
      title: gate.status === 'approved' ? 'Others have approved it' : 'It was rejected',
      lines: [`${what}: it was ${gate.status} before you decided. Nothing is left to decide.`, ...ended],
    };
  if (ended.length > 0) return { title: 'It has ended', lines: [...ended, `Nothing is left to decide on ${what}.`] };
  return null;
}
