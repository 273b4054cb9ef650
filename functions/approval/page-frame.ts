import { createHash } from 'node:crypto';
import { darkChartRules } from '../evidence/report/chart-colors.ts';
import { Html, html } from '../platform/html.ts';

/** One style for all pages; its digest is the only style that the content security policy lets in. */
const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff;--ground:#f3f5f7;--accent:#0b5cad;--on-accent:#fff;--good:#116329;--good-bg:#e6f6ea;--bad:#a40e26;--bad-bg:#fdecee;--warn:#7a4b00;--warn-bg:#fff5d6}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa6b2;--line:#3b434c;--paper:#161b22;--ground:#0d1117;--accent:#6cb0f5;--on-accent:#0d1117;--good:#6fdd8b;--good-bg:#12301b;--bad:#ff9aa5;--bad-bg:#3d1519;--warn:#f0c36a;--warn-bg:#33270d}${darkChartRules()}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",sans-serif;overflow-wrap:anywhere}
main{max-width:46rem;margin:0 auto;padding:1.25rem 1rem 3rem}
section,.card{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.25rem;margin:1rem 0}
h1{font-size:1.6rem;line-height:1.25;margin:.2rem 0 .6rem}
h2{font-size:1.1rem;margin:0 0 .6rem}
h3{font-size:1rem;margin:1rem 0 .3rem}
p{margin:.4rem 0}
ul,ol{margin:.3rem 0;padding-left:1.4rem}[aria-current]{font-weight:600}details{margin:.6rem 0}summary{cursor:pointer;color:var(--accent)}
.eyebrow,.soft,footer,.hint{color:var(--soft)}
.eyebrow{margin:0;font-size:.85rem;letter-spacing:.04em;text-transform:uppercase}
.pill{display:inline-block;padding:.1rem .6rem;border-radius:1rem;font-weight:600;font-size:.9rem;border:1px solid currentcolor}
.good{color:var(--good);background:var(--good-bg)}.bad{color:var(--bad);background:var(--bad-bg)}.warn{color:var(--warn);background:var(--warn-bg)}.plain{color:var(--soft)}
.notice{border-left:.35rem solid var(--warn);background:var(--warn-bg)}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.35rem 1rem;margin:0}
dt{color:var(--soft)}dd{margin:0;white-space:pre-line}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:.35rem .5rem;border-bottom:1px solid var(--line);vertical-align:top}
th:first-child,td:first-child,.left th,.left td{text-align:left}
thead th{color:var(--soft);font-weight:600;white-space:nowrap}
table{overflow-wrap:break-word}table:not(.left) td{white-space:nowrap}
td.worse{color:var(--bad);font-weight:600}td.better{color:var(--good)}table:not(.left) td.wrap{white-space:normal}.range{display:block;white-space:normal;color:var(--soft);font-size:.85em;font-weight:400}
figure{margin:.8rem 0}figcaption{color:var(--soft);font-size:.9rem}svg{display:block;width:100%;height:auto;font-family:inherit}svg.narrow{display:none}.figures>div{display:contents}
.told table{font-size:.85rem}.told thead th,.told table:not(.left) td{white-space:normal}
fieldset{border:0;margin:0 0 1rem;padding:0}legend,label.block{font-weight:600;padding:0;display:block}
.choice{display:flex;gap:.6rem;align-items:flex-start;margin:.5rem 0;padding:.6rem .75rem;border:1px solid var(--line);border-radius:.4rem}
.choice input{width:1.3rem;height:1.3rem;margin:.1rem 0 0;flex:none;accent-color:var(--accent)}
.field{margin:0 0 1rem}
input[type=text],textarea{width:100%;font:inherit;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:.4rem;padding:.55rem .7rem;margin-top:.3rem}
input[type=text]{max-width:24rem}textarea{min-height:8rem;resize:vertical}
.wrong{border-left:.35rem solid var(--bad);padding-left:.8rem}.fault{color:var(--bad);font-weight:600;margin:.2rem 0}
.errors{border:2px solid var(--bad);border-radius:.5rem;padding:.75rem 1rem;margin:0 0 1rem}.errors a{color:var(--bad)}
button{font:inherit;font-weight:600;color:var(--on-accent);background:var(--accent);border:0;border-radius:.4rem;padding:.7rem 1.4rem;cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
a{color:var(--accent)}code{font:.85rem/1.4 ui-monospace,monospace}footer{font-size:.85rem}
@media (max-width:34rem){dl{grid-template-columns:1fr;gap:.1rem}dd{margin-bottom:.6rem}section,.card{padding:.9rem .9rem}button{width:100%}svg.narrow{display:block}svg.wide{display:none}
thead{display:block;position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}table,tbody,tr,tbody th,td{display:block}
tr{border-bottom:1px solid var(--line);padding:.5rem 0}tbody th,td{text-align:left!important;white-space:normal!important;border:0;padding:.1rem 0}
td.none{display:none}td::before{content:attr(data-label) ": ";color:var(--soft);font-weight:400}}
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Headers of every answer: nothing is kept, nothing is loaded, nothing learns the address, nobody frames it. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'x-robots-tag': 'noindex, nofollow',
};

/** A whole page without scripts or outside assets. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>${body}</main>
</body>
</html>
`.markup;
}

/** A page that says one thing. */
export function messagePage(title: string, lines: readonly string[]): string {
  return page(title, html`<div class="card"><h1>${title}</h1>${lines.map((line) => html`<p>${line}</p>`)}</div>`);
}
