import { noteParts } from '../change/release-note/note-html.ts';
import { type Html, html } from '../platform/html.ts';
import type { Review } from './review.ts';

/** What owner and teams downstream will read, word by word. */
export function toldNoteSection({ note, run }: Review): Html | null {
  if (note === null) return null;
  const when =
    run.kind === 'promotion' && run.pointer === undefined
      ? 'It is written once the version serves, with that moment and with the approvals that are still to come.'
      : 'It is written: the version went into production.';
  return html`<section class="told" aria-labelledby="told"><h2 id="told">What the teams will be told</h2>
<p class="soft">The release note, from the same facts. ${when}</p>
${noteParts(note)}</section>`;
}
