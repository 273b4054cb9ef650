import { type Html, type HtmlValue, html } from '../../platform/html.ts';
import type { Source } from '../read/source.ts';

export type Tone = 'good' | 'bad' | 'warn' | 'plain';

export function pill(tone: Tone, words: string): Html {
  return html`<span class="pill ${tone}">${words}</span>`;
}

/** A section under a heading of its own. */
export function section(id: string, title: string, body: HtmlValue): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>`;
}

/** A section about a source; one that could not be read is said to be so, and takes no other section along. */
export function sourceSection<T>(
  of: { readonly id: string; readonly title: string },
  source: Source<T>,
  body: (value: T) => HtmlValue,
): Html {
  return section(of.id, of.title, source.ok ? body(source.value) : unread(source.why));
}

/** What stands where a source could not be read. */
export function unread(why: string): Html {
  return html`<p class="unread"><strong>Could not be read</strong> (${why}). Load the page again; the function's log says more.</p>`;
}

export function facts(rows: readonly (readonly [string, HtmlValue] | null)[]): Html {
  const told = rows.flatMap((row) => (row === null ? [] : [row]));
  return html`<dl>${told.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

export function bullets(lines: readonly HtmlValue[]): Html {
  return html`<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}

export interface Table {
  readonly caption: string;
  /** The first one names the rows. */
  readonly columns: readonly [string, ...(readonly string[])];
  readonly rows: readonly (readonly [HtmlValue, ...(readonly HtmlValue[])])[];
}

/** Null when it has no rows. */
export function table({ caption, columns, rows }: Table): Html | null {
  if (rows.length === 0) return null;
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption>${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([name, ...cells]) =>
      html`<tr><th scope="row">${name}</th>${cells.map((cell, index) => html`<td data-label="${columns[index + 1] ?? ''}">${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

const UNITS = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
] as const;

/** How long before or after `at` an instant is, in words. */
export function relative(iso: string, at: string): string {
  const seconds = Math.round((Date.parse(iso) - Date.parse(at)) / 1000);
  if (Number.isNaN(seconds)) return '';
  const [size, name] = UNITS.find(([unit]) => Math.abs(seconds) >= unit) ?? [0, ''];
  if (size === 0) return 'just now';
  const count = Math.floor(Math.abs(seconds) / size);
  const words = `${count} ${name}${count === 1 ? '' : 's'}`;
  return seconds < 0 ? `${words} ago` : `in ${words}`;
}

/** An instant in UTC, and how long ago that is. What is no instant is shown as it is. */
export function time(iso: string, at: string): Html {
  if (Number.isNaN(Date.parse(iso))) return html`${iso === '' ? '–' : iso}`;
  const utc = new Date(iso).toISOString();
  return html`${utc.slice(0, 10)} ${utc.slice(11, 16)} UTC <time datetime="${utc}">(${relative(utc, at)})</time>`;
}

/** Names in a sentence, or what stands for nobody. */
export function names(all: readonly string[], nobody = 'nobody'): string {
  return all.length === 0 ? nobody : all.join(', ');
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
