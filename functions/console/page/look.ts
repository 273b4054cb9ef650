import * as z from 'zod';
import { Html, html } from '../../platform/html.ts';

/** Where a page is shown: on an address of its own, or inside a CloudWatch dashboard, which calls the function again. */
export type Look =
  | { readonly kind: 'page'; readonly base: string }
  | { readonly kind: 'widget'; readonly endpoint: string; readonly theme: Theme };

export const theme = z.enum(['light', 'dark']);
export type Theme = z.infer<typeof theme>;

const LIGHT =
  '--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff;--ground:#f3f5f7;--accent:#0b5cad;--good:#116329;--good-bg:#e6f6ea;--bad:#a40e26;--bad-bg:#fdecee;--warn:#7a4b00;--warn-bg:#fff5d6';
const DARK =
  '--ink:#e6edf3;--soft:#9aa6b2;--line:#3b434c;--paper:#161b22;--ground:#0d1117;--accent:#6cb0f5;--good:#6fdd8b;--good-bg:#12301b;--bad:#ff9aa5;--bad-bg:#3d1519;--warn:#f0c36a;--warn-bg:#33270d';

/** Every rule stays inside `.rc`: on a dashboard the page is a part of somebody else's. Its width is that of its widget. */
const STYLE = `
.rc{${LIGHT};color-scheme:light;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;overflow-wrap:anywhere;container-type:inline-size;padding:1rem;text-align:left}
.rc.dark{${DARK};color-scheme:dark}
@media (prefers-color-scheme:dark){.rc.auto{${DARK};color-scheme:dark}}
.rc *{box-sizing:border-box}
.rc main,.rc .in{max-width:84rem;margin:0 auto}
.rc section{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.25rem;margin:1rem 0}
.rc h1{font-size:1.5rem;line-height:1.25;margin:.2rem 0 .4rem;color:var(--ink)}
.rc h2{font-size:1.1rem;margin:0 0 .5rem;color:var(--ink)}
.rc h3{font-size:1rem;margin:1rem 0 .3rem;color:var(--ink)}
.rc p{margin:.4rem 0;color:inherit}
.rc ul{margin:.3rem 0;padding-left:1.4rem}
.rc .soft,.rc time{color:var(--soft)}
.rc .pill{display:inline-block;padding:.05rem .6rem;border-radius:1rem;font-weight:600;font-size:.9rem;border:1px solid currentcolor}
.rc .good{color:var(--good);background:var(--good-bg)}.rc .bad{color:var(--bad);background:var(--bad-bg)}.rc .warn{color:var(--warn);background:var(--warn-bg)}.rc .plain{color:var(--soft)}
.rc .unread{border-left:.35rem solid var(--bad);background:var(--bad-bg);color:var(--bad);padding:.4rem .8rem}
.rc dl{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.35rem 1rem;margin:0}
.rc dt{color:var(--soft)}.rc dd{margin:0;white-space:pre-line}
.rc .scroll{overflow-x:auto}
.rc table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;color:inherit;background:none;overflow-wrap:break-word}
.rc caption{text-align:left;color:var(--soft);padding:.3rem 0}
.rc th,.rc td{text-align:left;padding:.35rem .6rem .35rem 0;border:0;border-bottom:1px solid var(--line);vertical-align:top;color:inherit;background:none;font-weight:400}
.rc thead th{color:var(--soft);font-weight:600}
.rc tbody th{font-weight:600}
.rc a,.rc button.to{color:var(--accent)}
.rc button.to{font:inherit;font-weight:600;background:none;border:0;padding:0;text-decoration:underline;cursor:pointer}
.rc :focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.rc code{font:.85em/1.4 ui-monospace,monospace;color:inherit;background:none;padding:0}
@container (max-width:44rem){
.rc table{overflow-wrap:anywhere}
.rc dl{grid-template-columns:1fr;gap:.1rem}.rc dd{margin-bottom:.6rem}.rc section{padding:.9rem}
.rc thead{display:block;position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}.rc table,.rc caption,.rc tbody,.rc tr,.rc tbody th,.rc td{display:block}
.rc tr{border-bottom:1px solid var(--line);padding:.5rem 0}.rc tbody th,.rc td{border:0;padding:.1rem 0}
.rc td::before{content:attr(data-label) ": ";color:var(--soft)}}
`;

/** A page as its look has it. It runs no script, and loads nothing. */
export function framed(look: Look, body: Html): string {
  const shade = look.kind === 'page' ? 'auto' : look.theme;
  // On a dashboard the page around has its own landmarks.
  const inner = look.kind === 'page' ? html`<main>${body}</main>` : html`<div class="in">${body}</div>`;
  return html`<style>${new Html(STYLE)}</style><div class="cwdb-no-default-styles"></div><div class="rc ${shade}">${inner}</div>`
    .markup;
}

/** Goes to the page of a model; null: to the page over all. A dashboard calls the function for what stands before its action. */
export function linkTo(look: Look, model: string | null, words: string): Html {
  if (look.kind === 'page') {
    const to = model === null ? look.base : `${look.base}/${encodeURIComponent(model)}`;
    return html`<a href="${to}">${words}</a>`;
  }
  const parameters = model === null ? html`{}` : html`{"model":"${model}"}`;
  return html`<button type="button" class="to">${words}</button><cwdb-action action="call" display="widget" endpoint="${look.endpoint}">${parameters}</cwdb-action>`;
}
