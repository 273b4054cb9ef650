import type { DrillItem } from '../drill/drill-items.ts';
import { type Html, html } from '../platform/html.ts';
import type { Review } from './review.ts';
import { instant } from './wording.ts';

/** How it would be gone back: the plan, the target, whether it is ready, and how the newest rehearsal went. */
export function wayBackSection({ run, wayBack }: Review): Html | null {
  if (run.kind !== 'promotion' || wayBack === null) return null;
  const { target, readiness, drill } = wayBack;
  const before = run.baseline === '' ? 'the safe forecast' : `version ${run.baseline}`;
  const proved =
    target === null
      ? 'Its document is built and proved before anything is exposed.'
      : `Its signed document was proved at ${instant(target.preparedAt)}.`;
  return html`<section aria-labelledby="back"><h2 id="back">The way back</h2><dl>
<dt>Plan</dt><dd>${run.change.rollbackPlan}</dd>
<dt>Back to</dt><dd>${before}. ${proved}</dd>
<dt>Ready</dt><dd>${ready(readiness)}</dd>
<dt>Newest drill</dt><dd>${drill === null ? 'None was held yet.' : drilled(drill)}</dd></dl></section>`;
}

function ready(readiness: NonNullable<Review['wayBack']>['readiness']): Html {
  if (readiness === null) return html`Not checked yet; a canary is held until it was.`;
  const when = html`<span class="soft">checked at ${instant(readiness.checkedAt)}</span>`;
  if (readiness.ready) return html`<span class="pill good">yes</span> ${when}`;
  return html`<span class="pill bad">no</span> ${when}<ul>${readiness.reasons.map(({ message, code }) => html`<li>${message} <code>${code}</code></li>`)}</ul>`;
}

function drilled({ passed, total, maxSeconds, at, from, to, reasons }: DrillItem): Html {
  const pill = passed ? html`<span class="pill good">passed</span>` : html`<span class="pill bad">not passed</span>`;
  const took = total === null ? 'It did not come to its end' : `${total} s from the fault to the last reader`;
  const [before, after] = [from, to].map((version) => (version === '' ? 'the safe forecast' : version));
  return html`${pill} <span class="soft">at ${instant(at)}</span><br>${took}, of ${maxSeconds} s at most; from ${before} back to ${after}.${reasons.map(({ message }) => html`<br>${message}`)}`;
}
