import { type Html, type HtmlValue, html } from '../platform/html.ts';
import type { Run } from '../registry/items.ts';
import { settingsDiff } from '../registry/settings-diff.ts';
import { reachOf } from './deciders.ts';
import { exposureWords, pathWords } from './exposure-words.ts';
import type { GateItem, RequestItem } from './items.ts';
import { countApprovals } from './quorum.ts';
import type { Review } from './review.ts';
import { equalIsEnough, instant, onApproval, onExpiry, onRejection, progress, severityFacts } from './wording.ts';

const facts = (rows: readonly (readonly [string, HtmlValue])[]): Html =>
  html`<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;

/** Who asks for what, and why: the change record in full. */
export function askedSection({ run, gate }: Review): Html {
  const { change, requestedBy } = run;
  const equal = equalIsEnough(run);
  return html`<section aria-labelledby="asked"><h2 id="asked">What is asked, and why</h2>${facts([
    ['Model', run.model],
    ...(run.kind === 'promotion'
      ? ([
          ['Version', run.version],
          ['To enter', gate.stage],
        ] as const)
      : []),
    ['Asked by', `${requestedBy.name} <${requestedBy.email}>`],
    ['Kind of change', change.type],
    ...severityFacts(run),
    ['Reason', change.reason],
    ['Scope', change.scope],
    ['Expected impact', change.expectedImpact],
    ['Rollback plan', change.rollbackPlan],
    ...(equal === null ? [] : ([['Equal is enough', equal]] as const)),
    ...(run.kind === 'promotion' ? trainingFacts(run) : []),
  ])}</section>`;
}

function trainingFacts(run: Extract<Run, { kind: 'promotion' }>): readonly (readonly [string, string])[] {
  const { from, to, features, code } = run.training;
  return [
    [
      'Compared with',
      run.baseline === '' ? 'the safe forecast (no version is in production)' : `version ${run.baseline}`,
    ],
    [
      'Trained on',
      `${from} to ${to}, ${features.length} ${features.length === 1 ? 'feature' : 'features'}, code ${code}`,
    ],
  ];
}

/** How far the promotion has come, and what the stage that is asked for exposes. */
export function exposureSection({ run, gate }: Review): Html | null {
  const words = exposureWords(run, gate.stage);
  if (words.length === 0) return null;
  const path =
    run.kind === 'promotion'
      ? html`<h3>The way there</h3>
<ol>${pathWords(run, gate.stage).map(({ stage, words: how }) => html`<li${stage === gate.stage ? CURRENT : null}>${stage}: ${how}</li>`)}</ol>`
      : null;
  return html`<section aria-labelledby="exposes"><h2 id="exposes">What it exposes, and for how long</h2>
<ul>${words.map((line) => html`<li>${line}</li>`)}</ul>${path}</section>`;
}

const CURRENT = html` aria-current="step"`;

export function consequences({ run, gate }: Review): Html {
  return html`<section aria-labelledby="then"><h2 id="then">What happens then</h2>
<p><strong>If approved:</strong> ${onApproval(run, gate.stage)}</p>
<p><strong>If rejected:</strong> ${onRejection(run, gate.stage)}</p>
<p><strong>If too few decide</strong> before ${instant(gate.expiresAt)}: ${onExpiry(run)}</p></section>`;
}

export function failureModes({ run }: Review): Html | null {
  if (run.kind !== 'promotion') return null;
  return html`<section aria-labelledby="modes"><h2 id="modes">Known failure modes</h2><ul>${run.knownFailureModes.map(
    (mode) => html`<li>${mode}</li>`,
  )}</ul></section>`;
}

/** What a change without a version would alter; a new model has nothing before. */
export function proposalSection({ run, model }: Review): Html | null {
  if (run.kind === 'promotion' || run.kind === 'restore') return null;
  const isNew = run.kind === 'onboard';
  const rows = settingsDiff(isNew ? null : model, run.proposal, run.adopt).map(
    ({ path, before, after }) =>
      html`<tr><th scope="row">${path}</th>${isNew ? null : html`<td data-label="Now">${before || '–'}</td>`}<td data-label="Afterwards">${after || '–'}</td></tr>`,
  );
  return html`<section aria-labelledby="proposal"><h2 id="proposal">What would be set</h2>
<div class="scroll" role="region" aria-labelledby="proposal" tabindex="0"><table class="left">
<thead><tr><th scope="col">Setting</th>${isNew ? null : html`<th scope="col">Now</th>`}<th scope="col">Afterwards</th></tr></thead>
<tbody>${rows}</tbody></table></div>${rows.length === 0 ? html`<p>Nothing: it is so already.</p>` : null}</section>`;
}

/** Who was asked and what they decided so far. */
export function decisionsSection({ gate, requests }: Review): Html {
  return html`<section aria-labelledby="decisions"><h2 id="decisions">Decisions so far: ${progress(gate, countApprovals(gate.decisions))}</h2>
<ul>${gate.approvers.map((approver) => html`<li>${approver.name}${placeOf(approver)}: ${decisionOf(gate, approver, requests)}</li>`)}</ul></section>`;
}

/** Whom a stand-in is asked in the place of: the id, since that person is not asked any more. */
function placeOf({ inPlaceOf }: GateItem['approvers'][number]): string {
  return inPlaceOf === undefined ? '' : `, in the place of ${inPlaceOf}`;
}

function decisionOf(gate: GateItem, asked: GateItem['approvers'][number], requests: readonly RequestItem[]): Html {
  const decided = gate.decisions.find(({ approver }) => approver.id === asked.id);
  if (decided === undefined)
    return undecided(
      gate,
      requests.find(({ requestId }) => requestId === asked.requestId),
    );
  const [tone, word] = decided.decision === 'approve' ? ['good', 'approved'] : ['bad', 'rejected'];
  return html`<span class="pill ${tone}">${word}</span> <span class="soft">${instant(decided.at)}, ledger position ${decided.seq}</span><br>“${decided.justification}”`;
}

/** Whether somebody knows that they are asked matters only while they still can decide. */
function undecided({ status }: GateItem, request: RequestItem | undefined): Html {
  if (status !== 'open') return html`<span class="soft">no decision</span>`;
  const { words, isDoubtful } = reachOf(request);
  return html`${isDoubtful ? html`<span class="pill warn">not reached</span> ` : null}<span class="soft">no decision yet; ${words}</span>`;
}

/** What identifies the question: whoever asks later what was approved finds these in the ledger. */
export function sealFooter({ gate, run }: Review): Html {
  return html`<footer><p>Seal <code>${gate.seal}</code></p>
<p>${run.promotionId}, ${gate.stage}, round ${gate.round}, opened ${instant(gate.openedAt)}, ledger position ${gate.openedSeq}</p></footer>`;
}
