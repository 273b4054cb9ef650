import { closedWords } from './closed.ts';
import type { Outcome } from './decide.ts';
import { messagePage } from './page-frame.ts';
import { countApprovals } from './quorum.ts';
import { asked, progress } from './wording.ts';

/** The page for a link that leads nowhere: the same for an unknown id and for a wrong secret. */
export function unknownLinkPage(): string {
  return messagePage('This link does not work', [
    'It may be incomplete, or it was never issued. Open the link from the newest email again, or ask whoever runs model releases.',
  ]);
}

export function failurePage(): string {
  return messagePage('Nothing was recorded', [
    'The request could not be handled right now. Your decision was not recorded. Please go back and try again in a moment.',
  ]);
}

/** The answer to a post, except for what is shown on the form (field faults, no session, or another's) and unknown links. */
export function outcomePage(outcome: Exclude<Outcome, { readonly status: 400 | 401 | 404 }>): string {
  const { gate, run, request } = outcome.found;
  const what = asked(run, gate.stage);
  switch (outcome.status) {
    case 200:
      return messagePage(outcome.decision === 'approve' ? 'Your approval is recorded' : 'Your rejection is recorded', [
        `${request.approver.name} ${outcome.decision === 'approve' ? 'approved' : 'rejected'}: ${what}. It stands at position ${outcome.seq} of the ledger.`,
        afterwards(outcome.found),
        'You can close this page.',
      ]);
    case 403:
      if (outcome.decidedAs !== undefined) {
        const { name, email } = outcome.decidedAs;
        return messagePage('You have decided on this', [
          `You decided on ${what} as ${name} (${email}): whoever vouches for you says that you are the same person, and each person counts once.`,
          'Nothing was recorded now.',
        ]);
      }
      return messagePage('You may not decide on this', [
        `Whoever asks cannot approve, and only the current approvers of ${run.model} decide on ${what}.`,
        'Nothing was recorded.',
      ]);
    case 409:
    case 410: {
      const closed = closedWords(outcome.found, outcome.status === 410);
      const { title, lines } = closed ?? { title: 'Nothing is left to decide here', lines: [what] };
      return messagePage(title, [...lines, 'Nothing was recorded now.']);
    }
  }
}

type Found = Exclude<Outcome, { readonly status: 404 }>['found'];

function afterwards({ gate }: Found): string {
  if (gate.status === 'approved') return 'The quorum is complete and the flow goes on by itself.';
  if (gate.status === 'rejected') return 'This ends it. What is in production stays as it is.';
  return `${progress(gate, countApprovals(gate.decisions))} so far; others are still asked.`;
}
