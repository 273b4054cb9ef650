import type { Link } from '../../approval/find-request.ts';
import { described, errorSummary, fault, wrong } from '../../approval/form-parts.ts';
import { messagePage, page } from '../../approval/page-frame.ts';
import { instant } from '../../approval/wording.ts';
import type { Reason } from '../../platform/errors.ts';
import { type Html, html } from '../../platform/html.ts';
import { type AcknowledgeForm, EMPTY_FORM, NAME_MAX, NOTE_MAX } from '../../rollback/recall/acknowledge-form.ts';
import { instead, notSignedIn, type SignInView, signedInAs, signInView } from '../../sign-in/sign-in-section.ts';
import { heldFrom, runName, runStart } from './announced-run.ts';
import {
  acknowledgementOf,
  exceptionOf,
  type NoticeAnswered,
  REASON_MIN,
  refusal,
  typedByHand,
} from './answer-notice.ts';
import type { FoundNotice } from './find-notice.ts';
import {
  acknowledgementWords,
  noticeFailures,
  noticeLines,
  noticeReach,
  noticeSentence,
  whatToDo,
} from './notice-words.ts';

interface Filled {
  readonly typed: AcknowledgeForm;
  readonly faults: readonly Reason[];
  readonly signIn?: SignInView | undefined;
}

/**
 * The page of one recipient. After a faulty post it shows the faults beside their fields, with what was typed. An approver who is
 * not signed in, where that is needed, finds the way to sign in instead of the form.
 */
export function noticePage(found: FoundNotice, filled: Filled = { typed: EMPTY_FORM, faults: [] }): string {
  const { run, whose } = found;
  const settled = settledWords(found);
  const title = whose.kind === 'team' ? 'Critical change ahead' : `Held before ${heldFrom(run, whose.stage).before}`;
  const unsigned = settled === null ? notSignedIn(filled.signIn) : null;
  return page(
    `${filled.faults.length === 0 && unsigned === null ? '' : 'Error: '}${title}: ${runName(run)}`,
    html`<p class="eyebrow">${whose.kind === 'team' ? `Notice for ${whose.team}` : `For ${whose.approver.name}`}</p>
<h1>${title}: ${runName(run)}</h1>
${settled === null ? html`<p><a href="#answer">${whose.kind === 'team' ? 'Go to your acknowledgement' : 'Go to the exception'}</a></p>` : html`<div class="card notice" role="status"><p>${settled}</p></div>`}
${settled === null && filled.faults.length > 0 ? errorSummary('Nothing was recorded yet', filled.faults) : null}${unsigned}
${whose.kind === 'team' ? noticeSections(found) : holdSections(found)}
${settled === null ? (instead(filled.signIn, { id: 'answer', title: 'Make an exception' }) ?? form(found, filled)) : null}
<footer><p>${run.promotionId}</p></footer>`,
  );
}

/** What the page says of who is signed in; undefined for teams, who need not be. */
export function noticeSignIn(link: Link, { whose }: FoundNotice, posted = false): SignInView | undefined {
  return whose.kind === 'team' ? undefined : signInView('notices', link, whose.approver, posted);
}

const NO_SECOND_APPROVER =
  'You may not make this exception: it takes an approver of this stage who neither let it in nor asked for it.';

/** Why there is no form; null while there is one. */
function settledWords(found: FoundNotice): string | null {
  switch (refusal(found)) {
    case null:
      return null;
    case 403:
      return NO_SECOND_APPROVER;
    case 409: {
      const before = acknowledgementOf(found) ?? exceptionOf(found);
      const who = before === undefined ? '' : 'name' in before ? before.name : before.approver.name;
      return `${who} did so at ${instant(before?.at ?? '')}; it stands at position ${before?.seq ?? ''} of the ledger.`;
    }
    case 410:
      return found.run.end === undefined
        ? 'Nothing is asked of you any more.'
        : `${found.run.kind === 'promotion' ? 'The promotion' : 'The change'} ended as ${found.run.end}. Nothing is asked of you any more.`;
  }
}

function earliestOf({ run }: FoundNotice): string | undefined {
  return run.advanceNotice?.earliestAt;
}

function noticeSections(found: FoundNotice): Html {
  const { run, model } = found;
  const earliestAt = earliestOf(found);
  const reach = noticeReach(run);
  return html`<section aria-labelledby="what"><h2 id="what">What is to change</h2>
<p>${earliestAt === undefined ? 'Other teams are still being told; only then the lead time begins.' : noticeSentence(run, earliestAt)}</p>
${earliestAt === undefined ? null : definitions(noticeLines(run, earliestAt))}</section>
${list('exposure', reach.title, reach.lines)}
${list('failures', 'Known failure modes', noticeFailures(run))}
${list('do', 'What to do', whatToDo(run, model))}
${list('who', 'Who knows', acknowledgementWords(run, model))}`;
}

function holdSections(found: FoundNotice): Html {
  const { run, model, holding } = found;
  return html`${list(
    'holds',
    'What it waits for',
    holding.map(({ message }) => message),
  )}
<section aria-labelledby="what"><h2 id="what">What waits</h2>${definitions([
    run.kind === 'promotion' ? ['Version', run.version] : ['Change', runName(run)],
    ['Why', run.change.reason],
    ['Scope', run.change.scope],
    ['Expected impact', run.change.expectedImpact],
    ['Way back', run.change.rollbackPlan],
  ])}</section>
${list('who', 'Teams downstream', acknowledgementWords(run, model))}`;
}

function definitions(lines: readonly (readonly [string, string])[]): Html {
  return html`<dl>${lines.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

function list(id: string, title: string, lines: readonly string[]): Html | null {
  if (lines.length === 0) return null;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul></section>`;
}

function form(found: FoundNotice, { typed, faults, signIn }: Filled): Html {
  const { whose } = found;
  const isTeam = whose.kind === 'team';
  const expected = typedByHand(found);
  const field = (name: keyof AcknowledgeForm, label: string, hint: string, input: Html) =>
    html`<div ${wrong(faults, name, 'field')}><label class="block" for="${name}">${label}</label>
<span class="hint" id="${name}-hint">${hint}</span>${fault(faults, name)}
${input}</div>`;
  return html`<section aria-labelledby="answer"><h2 id="answer">${isTeam ? `Acknowledge for ${whose.team}` : 'Make an exception'}</h2>
<p>${
    isTeam
      ? `It is recorded for ${whose.team} (${whose.email}) and cannot be changed.`
      : `It is recorded in the ledger under your name, ${whose.approver.name}, cannot be changed, and lifts what is listed above, nothing else.`
  }</p>
${signedInAs(signIn)}
<form method="post" novalidate>
${isTeam ? field('name', 'Your name', `Up to ${NAME_MAX} characters.`, html`<input type="text" id="name" name="name" value="${typed.name}" autocomplete="name" ${described(faults, 'name')}>`) : null}
${field('model', `Type ${isTeam || found.run.kind !== 'promotion' ? "the model's name" : 'the version'}: ${expected}`, 'By hand, so that nothing can answer in your place.', html`<input type="text" id="model" name="model" value="${typed.model}" autocomplete="off" autocapitalize="off" spellcheck="false" ${described(faults, 'model')}>`)}
${field(
  'note',
  isTeam ? 'Note (optional)' : 'Why it cannot wait',
  isTeam
    ? `What it means for your team, in up to ${NOTE_MAX} characters. It is kept in the ledger.`
    : `In ${REASON_MIN} to ${NOTE_MAX} characters. It is kept in the ledger.`,
  html`<textarea id="note" name="note" rows="4" ${described(faults, 'note')}>
${typed.note}</textarea>`,
)}
<button type="submit">${isTeam ? 'Acknowledge' : 'Make the exception'}</button>
</form></section>`;
}

/** The answer to a post, except for what is shown on the form (field faults, no session, or another's) and unknown links. */
export function answeredPage(outcome: Exclude<NoticeAnswered, { readonly status: 400 | 401 | 404 }>): string {
  const { found, status } = outcome;
  const { run, whose } = found;
  const what = runName(run);
  if (status === 200) {
    return whose.kind === 'team'
      ? messagePage('Your acknowledgement is recorded', [
          `The notice of ${what} is acknowledged for ${whose.team}. It stands at position ${outcome.seq ?? ''} of the ledger.`,
          'You can close this page.',
        ])
      : messagePage('Your exception is recorded', [
          `${runStart(run)} may ${heldFrom(run, whose.stage).to} in spite of what was listed. It stands at position ${outcome.seq ?? ''} of the ledger.`,
          'It goes on by itself at its next look, unless something else holds it. You can close this page.',
        ]);
  }
  const title = {
    403: 'You may not make this exception',
    409: 'It was recorded before',
    410: 'Nothing is asked any more',
  } as const;
  // Whom the issuer knows under another address is told by the answer alone.
  const why = settledWords(found) ?? (status === 403 ? NO_SECOND_APPROVER : '');
  return messagePage(title[status], [why, 'Nothing was recorded now.']);
}
