import type { Reason } from '../platform/errors.ts';
import { type Html, html } from '../platform/html.ts';
import { instead, notSignedIn, type SignInView, signedInAs } from '../sign-in/sign-in-section.ts';
import { closedWords } from './closed.ts';
import { EMPTY_FORM, JUSTIFICATION_MAX, JUSTIFICATION_MIN, type TypedForm } from './decision-form.ts';
import { evidenceSections, verdictSection } from './evidence-sections.ts';
import { checked, described, errorSummary, fault, faultOf, wrong } from './form-parts.ts';
import { holdsSection } from './holds-section.ts';
import type { GateItem } from './items.ts';
import { page } from './page-frame.ts';
import type { Review } from './review.ts';
import {
  askedSection,
  consequences,
  decisionsSection,
  exposureSection,
  failureModes,
  proposalSection,
  sealFooter,
} from './review-sections.ts';
import { toldNoteSection } from './told-note-section.ts';
import { wayBackSection } from './way-back-section.ts';
import { asked, END_TONES, END_WORDS, instant, question, STATUS_WORDS, typedName } from './wording.ts';

interface Filled {
  readonly typed: TypedForm;
  readonly faults: readonly Reason[];
  readonly signIn?: SignInView;
}

/**
 * The page of one approver's request at the time `now`: what is asked, the evidence, and, while it can be decided, the
 * form. After a faulty post it shows the faults beside their fields, with the text that was typed. Who is not signed in as that
 * approver, where that is needed, finds the way to sign in instead of the form.
 */
export function approvalPage(review: Review, now: Date, filled: Filled = { typed: EMPTY_FORM, faults: [] }): string {
  const { gate, run, request } = review;
  const closed = closedWords(review, isOver(gate, now));
  const title = closed?.title ?? question(run, gate.stage);
  const unsigned = closed === null ? notSignedIn(filled.signIn) : null;
  return page(
    `${filled.faults.length === 0 && unsigned === null ? '' : 'Error: '}${closed === null ? '' : `${closed.title}. `}Approval of ${asked(run, gate.stage)}`,
    html`<header><p class="eyebrow">Approval request for ${request.approver.name}</p>
<h1>${title}</h1>
<p>${statusPill(review, now)} ${closed === null ? html`<span class="soft">Decide before ${instant(gate.expiresAt)}.</span> <a href="#decide">Go to your decision</a>` : null}</p></header>
${closed === null ? null : html`<div class="card notice" role="status">${closed.lines.map((line) => html`<p>${line}</p>`)}</div>`}${closed === null && filled.faults.length > 0 ? errorSummary('Nothing was recorded yet', filled.faults) : null}${unsigned}
${verdictSection(review)}${evidenceSections(review)}${failureModes(review)}${askedSection(review)}${proposalSection(review)}${exposureSection(review)}${closed === null ? holdsSection(review) : null}${wayBackSection(review)}${toldNoteSection(review)}${closed === null ? consequences(review) : null}${decisionsSection(review)}
${closed === null ? (instead(filled.signIn, { id: 'decide', title: 'Your decision' }) ?? form(review, filled)) : null}
${sealFooter(review)}`,
  );
}

function isOver(gate: GateItem, now: Date): boolean {
  return gate.status === 'open' && now.toISOString() >= gate.expiresAt;
}

/** What became of the run outweighs what was decided at the gate: an approval does not mean that the version serves. */
function statusPill({ gate, run }: Review, now: Date): Html {
  if (run.end !== undefined) return html`<span class="pill ${END_TONES[run.end]}">${END_WORDS[run.end]}</span>`;
  const status = isOver(gate, now) ? 'expired' : gate.status;
  const tone = status === 'open' ? 'plain' : status === 'approved' ? 'good' : status === 'rejected' ? 'bad' : 'warn';
  return html`<span class="pill ${tone}">${STATUS_WORDS[status]}</span>`;
}

function form({ run, request }: Review, { typed, faults, signIn }: Filled): Html {
  const name = typedName(run);
  const what = run.kind === 'promotion' ? 'version' : "model's name";
  return html`<section aria-labelledby="decide"><h2 id="decide">Your decision</h2>
<p>It is recorded under your name, ${request.approver.name} (${request.approver.email}), and cannot be changed.</p>
${signedInAs(signIn)}
<form method="post" novalidate>
<fieldset ${wrong(faults, 'decision')} ${faultOf(faults, 'decision')}><legend>Decision</legend>${fault(faults, 'decision')}
<label class="choice"><input type="radio" id="decision" name="decision" value="approve" ${checked(typed.decision === 'approve')}><span><strong>Approve</strong></span></label>
<label class="choice"><input type="radio" name="decision" value="reject" ${checked(typed.decision === 'reject')}><span><strong>Reject</strong> <span class="hint">ends it at once</span></span></label></fieldset>
<div ${wrong(faults, 'version', 'field')}><label class="block" for="version">Type the ${what}: ${name}</label>
<span class="hint" id="version-hint">By hand, so that nothing can decide in your place.</span>${fault(faults, 'version')}
<input type="text" id="version" name="version" value="${typed.version}" autocomplete="off" autocapitalize="off" spellcheck="false" ${described(faults, 'version')}></div>
<div ${wrong(faults, 'justification', 'field')}><label class="block" for="justification">Justification</label>
<span class="hint" id="justification-hint">Why, in ${JUSTIFICATION_MIN} to ${JUSTIFICATION_MAX} characters. It is kept in the ledger.</span>${fault(faults, 'justification')}
<textarea id="justification" name="justification" rows="6" ${described(faults, 'justification')}>
${typed.justification}</textarea></div>
<button type="submit">Record my decision</button>
</form></section>`;
}
