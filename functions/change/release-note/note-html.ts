import { together } from '../../evidence/report/page-parts.ts';
import { reportPage } from '../../evidence/report/report-frame.ts';
import { type Html, html } from '../../platform/html.ts';
import type { Block, Note } from './note.ts';

/** The note as a page that needs nothing but itself. Same note, same bytes. */
export function notePage(note: Note): string {
  const sections = note.sections.map(
    ({ title, blocks }) => html`<section><h2>${title}</h2>${blocks.map(blockOf)}</section>`,
  );
  return reportPage(
    note.title,
    html`<p class="eyebrow">Release note</p>
<h1>${note.title}</h1>
<section>${leadOf(note)}</section>
${sections}`,
  );
}

/** The same text as part of another page, below a heading of the second level: its first sentences, and the rest to unfold. */
export function noteParts(note: Note): Html {
  return html`${leadOf(note)}
<details><summary>The whole note</summary>${note.sections.map(
    ({ title, blocks }) => html`<h3>${title}</h3>${blocks.map(blockOf)}`,
  )}</details>`;
}

function leadOf({ lead }: Note): Html {
  return html`<p>${together(lead.join(' '))}</p>`;
}

function blockOf(block: Block): Html {
  if (block.kind === 'text') return html`<p>${together(block.text)}</p>`;
  if (block.kind === 'list') return html`<ul>${block.items.map((item) => html`<li>${together(item)}</li>`)}</ul>`;
  const { about, columns, rows, words } = block;
  return html`<p class="soft">${about}</p>
<div class="scroll" role="region" aria-label="${about}" tabindex="0"><table class="stack${words === true ? ' text left' : ''}">
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map((cells) => rowOf(columns, cells))}</tbody></table></div>`;
}

function rowOf(columns: readonly string[], [name = '', ...cells]: readonly string[]): Html {
  return html`<tr><th scope="row">${name}</th>
${cells.map((cell, index) => html`<td data-label="${columns[index + 1] ?? ''}"${cell === '' ? html` class="none"` : null}>${cell}</td>`)}</tr>`;
}
