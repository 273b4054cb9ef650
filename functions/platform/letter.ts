import type { Email } from './email.ts';
import { type Html, html, visible } from './html.ts';

/** One part of a letter; a letter has at most one link, so that nobody wonders which one is meant. */
export type Block =
  | { readonly kind: 'text'; readonly text: string }
  /** What must be seen first. */
  | { readonly kind: 'headline'; readonly text: string; readonly tone: 'good' | 'bad' | 'warn' }
  | { readonly kind: 'facts'; readonly title: string | null; readonly rows: readonly (readonly [string, string])[] }
  | { readonly kind: 'list'; readonly title: string; readonly lines: readonly string[] }
  | { readonly kind: 'link'; readonly label: string; readonly url: string }
  | { readonly kind: 'small'; readonly text: string };

/**
 * A letter as plain text and as HTML from the same parts. The HTML is tables and inline styles alone, since Outlook lays
 * out by Word's rules, and names nothing outside itself: no picture, no font, nothing that tells when it was opened.
 */
export function letter(subject: string, blocks: readonly Block[]): Email {
  return { subject, text: visible(blocks.map(textOf).join('\n\n')), html: htmlOf(subject, blocks) };
}

function textOf(block: Block): string {
  switch (block.kind) {
    case 'facts':
      return [
        ...(block.title === null ? [] : [`${block.title}:`]),
        ...block.rows.map(([name, value]) => `${name}: ${value}`),
      ].join('\n');
    case 'list':
      return [`${block.title}:`, ...block.lines.map((line) => `- ${line}`)].join('\n');
    case 'link':
      return `${block.label} here:\n${block.url}`;
    default:
      return block.text;
  }
}

const FONT = "font-family:'Segoe UI',Arial,Helvetica,sans-serif;font-size:16px;line-height:24px;color:#1b1f24";
const SOFT = "font-family:'Segoe UI',Arial,Helvetica,sans-serif;font-size:14px;line-height:20px;color:#57606a";
const TONES = {
  good: { ink: '#116329', paper: '#e6f6ea' },
  bad: { ink: '#a40e26', paper: '#fdecee' },
  warn: { ink: '#7a4b00', paper: '#fff5d6' },
} as const;

function htmlOf(subject: string, blocks: readonly Block[]): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light"><meta name="supported-color-schemes" content="light"><title>${subject}</title></head>
<body style="margin:0;padding:0;background-color:#f3f5f7">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#f3f5f7"><tr><td align="center" style="padding:16px 8px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#ffffff" style="max-width:640px;border:1px solid #d0d7de">
${blocks.map((block) => html`<tr><td style="padding:8px 20px;${FONT};word-break:break-word">${partOf(block)}</td></tr>`)}
</table>
</td></tr></table>
</body></html>`.markup;
}

function partOf(block: Block): Html {
  switch (block.kind) {
    case 'text':
      return html`<p style="margin:0">${block.text}</p>`;
    case 'small':
      return html`<p style="margin:0;${SOFT}">${block.text}</p>`;
    case 'headline': {
      const { ink, paper } = TONES[block.tone];
      return html`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td bgcolor="${paper}" style="padding:10px 14px;border-left:4px solid ${ink};${FONT}"><strong>${block.text}</strong></td></tr></table>`;
    }
    case 'facts':
      return html`${titled(block.title)}${block.rows.map(([name, value]) => html`<p style="margin:0 0 8px 0"><span style="${SOFT}">${name}</span><br>${lines(value)}</p>`)}`;
    case 'list':
      return html`${titled(block.title)}<ul style="margin:0;padding:0 0 0 22px">${block.lines.map((line) => html`<li>${line}</li>`)}</ul>`;
    case 'link':
      // Outlook gives a link no padding, but a cell. A mailbox that shows letters in a frame cannot show the page there: nobody may frame it.
      return html`<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr><td bgcolor="#0b5cad" style="padding:12px 20px"><a href="${block.url}" target="_blank" rel="noopener noreferrer" style="${FONT};color:#ffffff;font-weight:bold;text-decoration:none">${block.label}</a></td></tr></table>`;
  }
}

function titled(title: string | null): Html | null {
  return title === null ? null : html`<p style="margin:0 0 6px 0"><strong>${title}</strong></p>`;
}

/** Line breaks as somebody typed them. */
function lines(value: string): readonly Html[] {
  return visible(value)
    .split('\n')
    .map((line, index) => (index === 0 ? html`${line}` : html`<br>${line}`));
}
