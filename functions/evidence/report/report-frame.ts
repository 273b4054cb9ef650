import { createHash } from 'node:crypto';
import { Html, html } from '../../platform/html.ts';
import { darkChartRules } from './chart-colors.ts';

/** One style for all report pages. Text has a contrast of at least 4.5 to 1 on light and on dark paper (WCAG AA). */
const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff;--ground:#f3f5f7;--good:#116329;--good-bg:#e6f6ea;--bad:#a40e26;--bad-bg:#fdecee;--warn:#7a4b00;--warn-bg:#fff5d6;--accent:#0b5cad}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa6b2;--line:#3b434c;--paper:#161b22;--ground:#0d1117;--good:#6fdd8b;--good-bg:#12301b;--bad:#ff9aa5;--bad-bg:#3d1519;--warn:#f0c36a;--warn-bg:#33270d;--accent:#6cb0f5}${darkChartRules()}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;overflow-wrap:anywhere}
main{max-width:52rem;margin:0 auto;padding:1.25rem 1rem 3rem}
section{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.25rem;margin:1rem 0}
h1{font-size:1.6rem;line-height:1.25;margin:.2rem 0 .6rem}h2{font-size:1.15rem;margin:0 0 .5rem}h3{font-size:1rem;margin:1.2rem 0 .3rem}
p{margin:.4rem 0}ul{margin:.3rem 0;padding-left:1.3rem}li{margin:.25rem 0}
.soft,figcaption,caption,footer{color:var(--soft)}.eyebrow{color:var(--soft);margin:0;font-size:.85rem;letter-spacing:.04em;text-transform:uppercase}
.pill{display:inline-block;padding:.1rem .6rem;border-radius:1rem;font-weight:600;border:1px solid currentcolor}
.good{color:var(--good);background:var(--good-bg)}.bad{color:var(--bad);background:var(--bad-bg)}.warn{color:var(--warn);background:var(--warn-bg)}
.finding{border-left:.3rem solid var(--line);padding-left:.7rem;list-style:none}.findings{padding:0}.findings.fails>li{border-color:var(--bad)}.findings.open>li{border-color:var(--warn)}
.finding{margin:.7rem 0}.finding p{margin:.1rem 0}
code{font:.85em/1.4 ui-monospace,monospace}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.25rem 1rem;margin:0}dt{color:var(--soft)}dd{margin:0;white-space:pre-line}
figure{margin:.8rem 0}figcaption{font-size:.9rem}svg{display:block;width:100%;height:auto;font-family:inherit}svg.narrow{display:none}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;margin:.5rem 0;overflow-wrap:break-word;font-size:.92rem}
caption{text-align:left;font-size:.9rem;padding-bottom:.3rem;overflow-wrap:anywhere}
th,td{text-align:right;padding:.3rem .5rem;border-bottom:1px solid var(--line);vertical-align:top}
th:first-child,.text td,.text th{text-align:left}thead th{color:var(--soft);font-weight:600;vertical-align:bottom}tbody th{font-weight:500;overflow-wrap:anywhere;min-width:6.5rem}
td.worse{color:var(--bad);font-weight:600}td.better{color:var(--good)}.range{display:block;color:var(--soft);font-size:.85em;font-weight:400}.text td,.text th{overflow-wrap:anywhere}.text tbody th{width:34%}
details{margin:.6rem 0}summary{cursor:pointer;color:var(--accent);padding:.3rem 0}:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
footer{font-size:.85rem}
@media (max-width:40rem){main{padding:1rem .6rem 2rem}section{padding:.9rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}
svg.narrow{display:block}svg.wide{display:none}
th,td{padding:.3rem .25rem}
.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}.stack,.stack tbody,.stack caption{display:block}
.stack tr{display:grid;grid-template-columns:1fr 1fr;gap:.1rem .8rem;border-bottom:1px solid var(--line);padding:.45rem 0}
.stack tbody th{grid-column:1/-1;text-align:left;border:0;padding:0;font-weight:600}.stack td{text-align:left;border:0;padding:0}
.stack td.none{display:none}
.stack td::before{content:attr(data-label);color:var(--soft);font-weight:400;display:block;font-size:.8rem}}
@page{margin:14mm}
@media print{html{font-size:10pt}body{background:none}main{max-width:none;padding:0}section{border:0;border-top:1px solid var(--line);border-radius:0;padding:.6rem 0;margin:.6rem 0}
h2,h3,caption{break-after:avoid}tr,figure,li{break-inside:avoid}thead{display:table-header-group}a{color:inherit}summary{color:inherit;list-style:none}details::details-content{content-visibility:visible;display:block;block-size:auto}.pill,.good,.bad,.warn{print-color-adjust:exact}}
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** What the page demands of any browser, wherever it is opened from: no script, and nothing from outside. */
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'`;

/** A whole page that needs nothing but itself. */
export function reportPage(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>${body}</main>
</body>
</html>
`.markup;
}
