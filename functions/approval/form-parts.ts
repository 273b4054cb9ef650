import type { Reason } from '../platform/errors.ts';
import { type Html, html } from '../platform/html.ts';

/** Parts that the forms of all pages share: what is wrong stands above the form and beside its field. */

export function errorSummary(title: string, faults: readonly Reason[]): Html {
  return html`<div class="errors" role="alert" tabindex="-1" autofocus aria-labelledby="errors"><h2 id="errors">${title}</h2>
<ul>${faults.map(({ path, message }) => html`<li><a href="#${path ?? ''}">${message}</a></li>`)}</ul></div>`;
}

export function checked(is: boolean): Html | null {
  return is ? html`checked` : null;
}

function messageOf(faults: readonly Reason[], field: string): string | undefined {
  return faults.find(({ path }) => path === field)?.message;
}

/** Class attribute of what holds a field. */
export function wrong(faults: readonly Reason[], field: string, base = ''): Html {
  return html`class="${base}${messageOf(faults, field) === undefined ? '' : ' wrong'}"`;
}

/** What is wrong with a field, to be said beside it. */
export function fault(faults: readonly Reason[], field: string): Html | null {
  const message = messageOf(faults, field);
  return message === undefined ? null : html`<p class="fault" id="${field}-fault">${message}</p>`;
}

/** Attributes by which a field names its hint, and what is wrong with it. */
export function described(faults: readonly Reason[], field: string): Html {
  if (messageOf(faults, field) === undefined) return html`aria-describedby="${field}-hint"`;
  return html`aria-describedby="${field}-hint ${field}-fault" aria-invalid="true"`;
}

/** Attributes by which a group of choices, which has no hint, names what is wrong with it. */
export function faultOf(faults: readonly Reason[], field: string): Html | null {
  return messageOf(faults, field) === undefined ? null : html`aria-describedby="${field}-fault" aria-invalid="true"`;
}
