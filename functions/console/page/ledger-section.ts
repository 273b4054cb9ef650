import { type Html, type HtmlValue, html } from '../../platform/html.ts';
import type { ConsoleView } from '../view/console-view.ts';
import type { LedgerState } from '../view/ledger-view.ts';
import { count, facts, pill, sourceSection, time } from './parts.ts';

/** The head of the chain, and what was checked of it for this page; no more is claimed. */
export function ledgerSection({ ledger, model, at }: ConsoleView): Html {
  return sourceSection({ id: 'ledger', title: 'Ledger' }, ledger, ({ state }) => ledgerBody(state, { model, at }));
}

function ledgerBody(state: LedgerState, { model, at }: { readonly model: string; readonly at: string }): HtmlValue {
  const { head, from, read, fault, anchors } = state;
  if (head === null && fault === null) return html`<p>The chain has no entry.</p>`;
  return [
    html`<p>${fault === null ? pill('good', 'What was checked holds') : pill('bad', `Does not hold at position ${fault.position}`)}</p>`,
    fault === null ? null : html`<p>${fault.message}</p>`,
    facts([
      head === null ? null : ['Head', html`entry ${head.seq}, ${time(head.at, at)}`],
      head === null ? null : ['Digest of the head', html`<code>${head.entryHash}</code>`],
      ['Checked here', `digest, link and signature of ${count(read, 'entry', 'entries')}, from position ${from} on`],
      ['Anchors', anchors.ok ? anchorWords(anchors.value, at) : `could not be read (${anchors.why})`],
    ]),
    html`<p class="soft">${from > 1 ? `Positions 1 to ${from - 1} were not checked. ` : ''}Older anchors, and other versions of those that were compared, were not read. The verifier reads all of it: <code>npm run verify-ledger -- --model ${model}</code></p>`,
  ];
}

function anchorWords(
  { newest, compared }: Extract<LedgerState['anchors'], { ok: true }>['value'],
  at: string,
): HtmlValue {
  if (newest === null) return 'none was found of the newest entries; they are anchored within the hour';
  return html`the newest is of position ${newest.seq}, written ${time(newest.writtenAt, at)}; the newest ${compared} compared`;
}
