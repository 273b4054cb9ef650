/** Markup whose values are escaped. Only `html` makes it, so that no text reaches a page or an email unescaped. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

export type HtmlValue = string | number | Html | readonly HtmlValue[] | null | undefined;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Template tag: literal parts are markup, values are text; null and undefined are left out, lists are joined. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts.map((part, index) => (index === 0 ? part : markupOf(values[index - 1]) + part)).join(''));
}

function markupOf(value: HtmlValue): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Html) return value.markup;
  if (typeof value === 'string') return visible(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
  if (typeof value === 'number') return String(value);
  return value.map(markupOf).join('');
}

/**
 * Text in which nothing hides: control characters and marks that reverse the reading order, which could make a change
 * record say something else than it contains, are shown as replacement characters. Line breaks and tabs stay.
 */
export function visible(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(/[^\P{Cc}\n\t]|\p{Cf}/gu, '\ufffd');
}

/** The same on one line, as a subject has to be: a line break would begin another header. */
export function visibleLine(text: string): string {
  return visible(text.replace(/\s+/g, ' ').trim());
}
