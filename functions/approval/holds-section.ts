import { type Html, html } from '../platform/html.ts';
import type { Review } from './review.ts';
import { instant } from './wording.ts';

/** What would hold the stage that is asked for, if it were approved now or later; nothing where nothing does. */
export function holdsSection({ holds, gate }: Review): Html | null {
  const { now, tooLong, freeze } = holds;
  if (now.length === 0 && freeze === null) return null;
  return html`<section aria-labelledby="holds"><h2 id="holds">When it could begin</h2>${
    now.length === 0
      ? null
      : html`<p>Approved now, it is held and then goes on by itself:</p><ul>${now.map((words) => html`<li>${words}</li>`)}</ul>`
  }${
    tooLong
      ? html`<p class="fault">That is longer than an approval lasts: approved now, it would end without having begun.</p>`
      : null
  }${
    freeze === null
      ? null
      : html`<p>A freeze begins at ${instant(freeze.from)}. What has not begun by then is held until ${instant(freeze.until)}: ${freeze.reasons.join('; ')}.${gate.stage === 'canary' ? ' A canary that runs by then serves no more units before it is over.' : ''}</p>`
  }
<p class="soft">Going back is never held.</p></section>`;
}
