import { messagePage, page } from '../../approval/page-frame.ts';
import { instant } from '../../approval/wording.ts';
import type { Reason } from '../../platform/errors.ts';
import { type Html, html } from '../../platform/html.ts';
import { versionWords } from '../cause-words.ts';
import { type Acknowledged, answerOf } from './acknowledge.ts';
import { type AcknowledgeForm, EMPTY_FORM, NAME_MAX, NOTE_MAX } from './acknowledge-form.ts';
import type { FoundRecall } from './find-recall.ts';
import { recallName, uriOf, waitedFor } from './recall-item.ts';
import type { RecallSummary } from './recall-summary.ts';
import {
  answerWords,
  counted,
  countLines,
  numberWords,
  recallSentence,
  toldDays,
  toldStores,
  whatToDo,
} from './recall-words.ts';

interface Filled {
  readonly typed: AcknowledgeForm;
  readonly faults: readonly Reason[];
}

/**
 * The page of one recipient: what is recalled, what to do, who knows, and, while it is asked for, the form. After a
 * faulty post it shows the faults beside their fields, with the text that was typed.
 */
export function recallPage(
  found: FoundRecall,
  summary: RecallSummary | null,
  { typed, faults }: Filled = { typed: EMPTY_FORM, faults: [] },
): string {
  const { recall, asked } = found;
  const notice = noticeOf(found);
  return page(
    `${faults.length === 0 ? '' : 'Error: '}Recall of ${recall.model} version ${recall.version}`,
    html`<p class="eyebrow">Recall for ${asked.team}</p>
<h1>Forecasts of ${recall.model} version ${recall.version} are recalled</h1>
<p>${statusPill(found)} ${notice === null ? html`<a href="#acknowledge">Go to your acknowledgement</a>` : null}</p>
${notice === null ? null : html`<div class="card notice" role="status"><p>${notice}</p></div>`}
${notice === null && faults.length > 0 ? errorSummary(faults) : null}
<section aria-labelledby="what"><h2 id="what">What is recalled</h2><p>${recallSentence(recall)}</p>
<dl>${countLines(recall).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}<dt>Rolled back</dt><dd>${instant(recall.rolledBackAt)}, to ${versionWords(recall.to)}</dd></dl></section>
<section aria-labelledby="do"><h2 id="do">What to do</h2><ol>${whatToDo(recall).map((line) => html`<li>${line}</li>`)}</ol></section>
${listSection(found)}${summary === null ? null : html`${daySection(summary)}${storeSection(summary)}`}
<section aria-labelledby="who"><h2 id="who">Who knows</h2><ul>${answerWords(recall).map((line) => html`<li>${line}</li>`)}</ul></section>
${notice === null ? form(found, { typed, faults }) : null}
<footer><p>${recallName(recall)}, ledger position ${recall.ledgerSeq}</p></footer>`,
  );
}

function statusPill({ recall }: FoundRecall): Html {
  const left = waitedFor(recall).length;
  return recall.status === 'closed'
    ? html`<span class="pill good">Closed</span>`
    : html`<span class="pill warn">Open: ${counted(left, 'team has', 'teams have')} not acknowledged</span>`;
}

/** Why there is no form; null while there is one. */
function noticeOf(found: FoundRecall): string | null {
  const answer = answerOf(found);
  if (answer?.outcome === 'acknowledged') {
    return `${answer.name ?? ''} acknowledged it for ${found.asked.team} at ${instant(answer.at)}.`;
  }
  if (answer !== undefined) return 'Your team takes no forecasts of this model any more; nothing is asked of it.';
  return found.asked.acknowledges ? null : 'You own the model; the teams downstream acknowledge.';
}

function listSection({ recall }: FoundRecall): Html {
  const { list } = recall;
  if (list === undefined) return html``;
  return html`<section aria-labelledby="list"><h2 id="list">The list</h2><p><code>${uriOf(list)}</code></p>
<p>Gzipped NDJSON, one line per forecast: store, sku, targetDate, asOf, units, at, requestId, and supersededByLater, which is true where a later forecast has replaced it. It is not public: read it with your own rights in the account.</p>
<p class="soft">Version ${list.versionId}, SHA-256 <code>${list.sha256}</code></p></section>`;
}

function daySection(summary: RecallSummary): Html {
  const { told, more, toCome } = toldDays(summary);
  return table(
    {
      id: 'days',
      title: toCome ? 'Days still to come' : 'Days, all of them over',
      first: 'day',
      further: further(more, 'day'),
    },
    told.map(({ targetDate, ...counts }) => ({ name: targetDate, ...counts })),
  );
}

function storeSection(summary: RecallSummary): Html {
  const { told, more } = toldStores(summary);
  return table(
    { id: 'stores', title: 'Stores', first: 'store', further: further(more, 'store') },
    told.map(({ store, region, ...counts }) => ({ name: region === '' ? store : `${store} (${region})`, ...counts })),
  );
}

function further(more: number, what: string): string {
  return more === 0 ? '' : `And ${counted(more, `more ${what}`)}, in the summary beside the list.`;
}

function table(
  of: { readonly id: string; readonly title: string; readonly first: string; readonly further: string },
  rows: readonly {
    readonly name: string;
    readonly forecasts: number;
    readonly replaced: number;
    readonly toCome: number;
  }[],
): Html {
  const { id, title, first } = of;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0"><table>
<thead><tr><th scope="col">${first}</th><th scope="col">to act on</th><th scope="col">replaced</th><th scope="col">recalled</th></tr></thead>
<tbody>${rows.map(
    ({ name, forecasts, replaced, toCome }) =>
      html`<tr><th scope="row">${name}</th><td data-label="to act on">${numberWords(toCome)}</td><td data-label="replaced">${numberWords(replaced)}</td><td data-label="recalled">${numberWords(forecasts)}</td></tr>`,
  )}</tbody></table></div>${of.further === '' ? null : html`<p class="soft">${of.further}</p>`}</section>`;
}

function errorSummary(faults: readonly Reason[]): Html {
  return html`<div class="errors" role="alert" tabindex="-1" autofocus aria-labelledby="errors"><h2 id="errors">Nothing was recorded yet</h2>
<ul>${faults.map(({ path, message }) => html`<li><a href="#${path ?? ''}">${message}</a></li>`)}</ul></div>`;
}

function form({ recall, asked }: FoundRecall, { typed, faults }: Filled): Html {
  const field = (name: keyof AcknowledgeForm, label: string, hint: string, input: Html) => {
    const message = faults.find(({ path }) => path === name)?.message;
    return html`<div class="field${message === undefined ? '' : ' wrong'}"><label class="block" for="${name}">${label}</label>
<span class="hint" id="${name}-hint">${hint}</span>${message === undefined ? null : html`<p class="fault" id="${name}-fault">${message}</p>`}
${input}</div>`;
  };
  const described = (name: keyof AcknowledgeForm) =>
    faults.some(({ path }) => path === name)
      ? html`aria-describedby="${name}-hint ${name}-fault" aria-invalid="true"`
      : html`aria-describedby="${name}-hint"`;
  return html`<section aria-labelledby="acknowledge"><h2 id="acknowledge">Acknowledge for ${asked.team}</h2>
<p>It is recorded for ${asked.team} (${asked.email}) and cannot be changed.</p>
<form method="post" novalidate>
${field('name', 'Your name', `Up to ${NAME_MAX} characters.`, html`<input type="text" id="name" name="name" value="${typed.name}" autocomplete="name" ${described('name')}>`)}
${field('model', `Type the model's name: ${recall.model}`, 'By hand, so that nothing can acknowledge in your place.', html`<input type="text" id="model" name="model" value="${typed.model}" autocomplete="off" autocapitalize="off" spellcheck="false" ${described('model')}>`)}
${field(
  'note',
  'Note (optional)',
  `What you do about it, in up to ${numberWords(NOTE_MAX)} characters. It is kept in the ledger.`,
  html`<textarea id="note" name="note" rows="4" ${described('note')}>
${typed.note}</textarea>`,
)}
<button type="submit">Acknowledge</button>
</form></section>`;
}

/** The answer to a post, except for field faults (they are shown on the form) and unknown links. */
export function acknowledgedPage(outcome: Exclude<Acknowledged, { readonly status: 400 | 404 }>): string {
  const { recall, asked } = outcome.found;
  const what = `the recall of ${recall.model} version ${recall.version}`;
  switch (outcome.status) {
    case 200:
      return messagePage('Your acknowledgement is recorded', [
        `${outcome.answer?.name ?? ''} acknowledged ${what} for ${asked.team}. It stands at position ${outcome.answer?.seq ?? ''} of the ledger.`,
        recall.status === 'closed'
          ? 'All teams have acknowledged: the recall is closed.'
          : `${counted(waitedFor(recall).length, 'team')} still to acknowledge.`,
        'You can close this page.',
      ]);
    case 409:
      return messagePage('It was acknowledged before', [
        `${outcome.answer?.name ?? ''} acknowledged ${what} for ${asked.team} at ${instant(outcome.answer?.at ?? '')}. Nothing was recorded now.`,
      ]);
    case 410:
      return messagePage('No acknowledgement is needed', [
        `Nothing is asked of ${asked.team} about ${what}. Nothing was recorded.`,
      ]);
  }
}
