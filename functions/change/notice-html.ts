import { html } from '../platform/html.ts';
import type { Notice } from './notice.ts';

/** The notice as HTML without images or other assets: its lines as they stand. */
export function noticeHtml(notice: Notice): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${notice.subject}</title></head>
<body style="font:16px/1.5 system-ui,sans-serif;color:#1b1f24;max-width:640px;margin:0 auto;padding:16px">
<h1 style="font-size:20px">${notice.subject}</h1>
<div style="white-space:pre-line">${notice.text}</div>
</body></html>`.markup;
}
