import { checked, described, errorSummary, fault, wrong } from '../../approval/form-parts.ts';
import { messagePage, page } from '../../approval/page-frame.ts';
import { instant } from '../../approval/wording.ts';
import type { Reason } from '../../platform/errors.ts';
import { type Html, html } from '../../platform/html.ts';
import { sentence } from '../../platform/sentence.ts';
import { CAUSE_WORDS, versionWords } from '../cause-words.ts';
import { CAUSES } from '../input.ts';
import type { ListedTarget } from '../target-list.ts';
import type { OpenedAlert, RollbackOutcome } from './request-rollback.ts';
import { blankForm, DETAIL_MAX, type TypedRollback } from './rollback-form.ts';
import type { Standing } from './standing.ts';
import type { Started } from './start-rollback.ts';

interface Filled {
  readonly typed: TypedRollback;
  readonly faults: readonly Reason[];
}

/**
 * The page of one person's link: what happened, how it stands, and, while there is something to withdraw, the form. After
 * a faulty post it shows the faults beside their fields, with the text that was typed.
 */
export function rollbackPage(opened: OpenedAlert, filled?: Filled): string {
  const { link, standing } = opened;
  const { alert, person } = link;
  const { typed, faults } = filled ?? { typed: blankForm(alert), faults: [] };
  const closed = closedLine(opened);
  const title = `${alert.model}: ${alert.headline}`;
  return page(
    `${faults.length === 0 ? '' : 'Error: '}${title}`,
    html`<p class="eyebrow">Alert for ${person.name}</p>
<h1>${title}</h1>
<p>${pill(opened)} ${closed === null ? html`<a href="#go-back">Go to the rollback</a>` : null}</p>
${closed === null ? null : html`<div class="card notice" role="status"><p>${closed}</p></div>`}
${closed === null && faults.length > 0 ? errorSummary('Nothing was started yet', faults) : null}
${happened(opened)}${stands(standing, opened.started)}
${closed === null ? form(opened, typed, faults) : null}
<footer>Reference: ${alert.id}</footer>`,
  );
}

function pill({ standing, started }: OpenedAlert): Html {
  if (started?.status === 'RUNNING') return html`<span class="pill warn">A rollback is under way</span>`;
  if (standing.withdraws !== null) return html`<span class="pill bad">Serves</span>`;
  return html`<span class="pill good">Does not serve</span>`;
}

/** Why there is no form; null while there is one. */
function closedLine({ link, standing, started, isConcerned, isExpired }: OpenedAlert): string | null {
  const { alert } = link;
  if (standing.withdraws === null) return notServing(alert.version, standing);
  if (!isConcerned)
    return `Only the owner and the approvers of ${alert.model}, as they are now, can roll it back here.`;
  if (isExpired) return `This link started rollbacks until ${instant(link.expiresAt)}.`;
  if (started?.status === 'RUNNING')
    return `The rollback that you started is under way. Open this page again in a minute.`;
  return null;
}

function notServing(version: string, { serves, withdrawn }: Standing): string {
  const now = serves === null ? '' : ` ${sentence(versionWords(serves))} serves.`;
  if (version === '') return `There is nothing to withdraw.${now}`;
  const why = withdrawn === null ? '' : ` It was withdrawn ${instant(withdrawn.at)} (${withdrawn.because}).`;
  return `Version ${version} does not serve any more.${why}${now}`;
}

function happened({ link }: OpenedAlert): Html {
  const { alert, createdAt } = link;
  return html`<section aria-labelledby="happened"><h2 id="happened">What happened</h2>
<dl>${alert.detail === '' ? null : html`<dt>Detail</dt><dd>${alert.detail}</dd>`}
<dt>Model</dt><dd>${alert.model}</dd>
<dt>At fault</dt><dd>${alert.version === '' ? 'no version in particular' : `version ${alert.version}`}</dd>
<dt>Kind</dt><dd>${CAUSE_WORDS[alert.cause]}</dd>
<dt>Noticed by</dt><dd>${alert.trigger}</dd>
<dt>Told</dt><dd>${instant(createdAt)}</dd></dl></section>`;
}

function stands({ serves, goesTo, withdraws }: Standing, started: Started | null): Html {
  return html`<section aria-labelledby="stands"><h2 id="stands">How it stands</h2>
<dl><dt>Serves now</dt><dd>${serves === null ? 'nothing of ours that can be read' : versionWords(serves)}</dd>
${withdraws === null ? null : html`<dt>Would go back to</dt><dd>${goesTo === null ? 'nothing by itself: choose a version below, or use the kill switch' : versionWords(goesTo)}</dd>`}
${started === null ? null : html`<dt>Your rollback</dt><dd>${started.executionName}: ${STATUS_WORDS[started.status] ?? started.status}</dd>`}</dl></section>`;
}

const STATUS_WORDS: Readonly<Record<string, string>> = {
  RUNNING: 'under way',
  SUCCEEDED: 'finished',
  FAILED: 'failed; whoever runs model releases is told',
  TIMED_OUT: 'timed out',
  ABORTED: 'was stopped',
};

function form({ link, standing }: OpenedAlert, typed: TypedRollback, faults: readonly Reason[]): Html {
  const { alert, person } = link;
  return html`<section aria-labelledby="go-back"><h2 id="go-back">Roll back</h2>
<p>It takes ${versionWords(standing.withdraws ?? '')} out within minutes, for good: to serve again it has to be promoted again. It is recorded under your name, ${person.name} (${person.email}). Nobody else has to agree.</p>
<form method="post" novalidate>
<div ${wrong(faults, 'model', 'field')}><label class="block" for="model">Type the model's name: ${alert.model}</label>
<span class="hint" id="model-hint">By hand, so that nothing can roll back in your place.</span>${fault(faults, 'model')}
<input type="text" id="model" name="model" value="${typed.model}" autocomplete="off" autocapitalize="off" spellcheck="false" ${described(faults, 'model')}></div>
<fieldset ${wrong(faults, 'cause')}><legend id="cause">Cause</legend>${fault(faults, 'cause')}
${CAUSES.map((cause) => html`<label class="choice"><input type="radio" name="cause" value="${cause}" ${checked(typed.cause === cause)}><span>${CAUSE_WORDS[cause]}</span></label>`)}</fieldset>
<fieldset ${wrong(faults, 'target')}><legend id="target">Go back to</legend>${fault(faults, 'target')}
${choice({ value: '', is: typed.target === '', words: byItself(standing), hint: 'chosen when the rollback runs' })}
${standing.targets.filter(({ version }) => version !== '').map((one) => choice({ value: one.version, is: typed.target === one.version, words: versionWords(one.version), hint: hintOf(one) }))}</fieldset>
<div ${wrong(faults, 'detail', 'field')}><label class="block" for="detail">Detail, if there is any</label>
<span class="hint" id="detail-hint">At most ${DETAIL_MAX} characters. It is kept in the ledger; without it, the alert's headline is.</span>${fault(faults, 'detail')}
<textarea id="detail" name="detail" rows="4" ${described(faults, 'detail')}>
${typed.detail}</textarea></div>
<button type="submit">Roll back now</button>
</form></section>`;
}

interface Choice {
  readonly value: string;
  readonly is: boolean;
  readonly words: string;
  readonly hint: string;
}

function choice({ value, is, words, hint }: Choice): Html {
  return html`<label class="choice"><input type="radio" name="target" value="${value}" ${checked(is)}><span><strong>${sentence(words)}</strong> <span class="hint">${hint}</span></span></label>`;
}

function byItself({ goesTo }: Standing): string {
  return goesTo === null ? 'What served before' : `What served before: ${versionWords(goesTo)}`;
}

function hintOf({ promotedAt, provenAt }: ListedTarget): string {
  const promoted = promotedAt === null ? [] : [`promoted ${instant(promotedAt)}`];
  return [...promoted, ...(provenAt === null ? [] : [`proven ${instant(provenAt)}`])].join(', ');
}

export function rollbackFailurePage(): string {
  return messagePage('The request could not be handled', [
    'Whether a rollback was started is not known. Going back twice is harmless: please go back and try again in a moment.',
    'If it does not work, whoever runs model releases can roll back without this page.',
  ]);
}

/** The answer to a post, except for field faults (they are shown on the form) and unknown links. */
export function rollbackOutcomePage(outcome: Exclude<RollbackOutcome, { readonly status: 400 | 404 }>): string {
  const { link, standing } = outcome.opened;
  const { model } = link.alert;
  switch (outcome.status) {
    case 200:
      return messagePage('The rollback is under way', [
        `${sentence(versionWords(outcome.withdraws))} of ${model} is being taken out. Open your link again in a minute to see how it stands; everybody concerned is told once it is done.`,
        `Reference: ${outcome.started.executionName}`,
      ]);
    case 403:
      return messagePage('You may not roll this back', [
        `Only the owner and the approvers of ${model}, as they are now, can roll it back here. Nothing was started.`,
      ]);
    case 409:
      return messagePage('There is nothing to roll back', [
        notServing(link.alert.version, standing),
        'Nothing was started.',
      ]);
    case 410:
      return messagePage('This link has expired', [
        `It started rollbacks until ${instant(link.expiresAt)}. Nothing was started; an alert that still holds is sent again.`,
      ]);
  }
}
