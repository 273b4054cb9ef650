import type { GuardItem } from '../../evidence/guard/guard-item.ts';
import { type Html, type HtmlValue, html } from '../../platform/html.ts';
import type { ModelItem } from '../../registry/items.ts';
import type { Release } from '../../registry/release-history.ts';
import type { ConsoleView } from '../view/console-view.ts';
import type { LedgerView } from '../view/ledger-view.ts';
import { type Match, type PointerView, servedBy } from '../view/pointer-view.ts';
import { bullets, facts, names, pill, sourceSection, table, time, unread } from './parts.ts';

/** What runs, why, who approved it, since when; by the ledger. */
export function servingSection({ ledger, guard, at }: ConsoleView): Html {
  return sourceSection({ id: 'serving', title: 'What runs, and why' }, ledger, ({ releases, isPart }) => {
    const [now] = releases;
    if (now === undefined) return nothing(isPart);
    return facts([
      ['In production', now.arm === 'fallback' ? `${now.version} (safe forecast)` : now.version],
      now.label === undefined ? null : ['Label', now.label],
      ['Since', time(now.since, at)],
      ['Why', now.why],
      ['Approved by', approvals(now, at)],
      ['Watched by the guard', guard.ok ? guardWords(guard.value, at) : unread(guard.why)],
      now.promotionId === '' ? null : ['Run', html`<code>${now.promotionId}</code>`],
      ['Ledger position', now.ledgerPosition],
    ]);
  });
}

function nothing(isPart: boolean): string {
  return isPart ? 'Its release lies before the entries that were read here.' : 'Nothing was released yet.';
}

function approvals({ approvals: all }: Release, at: string): HtmlValue {
  if (all.length === 0) return 'nobody: it came by no approval of its own';
  return bullets(
    all.map(
      ({ approver, stage, justification, at: when, ledgerPosition }) =>
        html`${approver.name} for ${stage}, ${time(when, at)}, entry ${ledgerPosition}: ${justification}`,
    ),
  );
}

function guardWords(guard: GuardItem | null, at: string): HtmlValue {
  if (guard === null) return 'not yet';
  const { status, version, decision, reasons, warnings, since, lookedAt } = guard;
  const found = [...reasons, ...warnings].map(({ code }) => code);
  const tone = decision === 'ROLLBACK' ? 'bad' : decision === 'OK' ? 'good' : 'warn';
  return html`${pill(tone, decision)} ${status} for ${version === '' ? 'the safe forecast' : version} since ${time(since, at)}; last look ${time(lookedAt, at)}${found.length === 0 ? '' : `; found ${names(found)}`}`;
}

/** What the data plane serves now, and whether the ledger says so. */
export function pointerSection({ pointer, at }: ConsoleView): Html {
  return sourceSection({ id: 'pointer', title: 'Live pointer' }, pointer, (view) => pointerBody(view, at));
}

function pointerBody({ document, signed, match }: PointerView, at: string): Html {
  const { shadowVersion, canaryVersion, canaryPercentage, fallback, fallbackSegments, approvedBy, approvedAt } =
    document;
  const [tone, words] = matchWords(match);
  return html`<p>${signed ? pill(tone, words) : pill('bad', 'Its signature does not verify: inference does not follow it')}</p>
${facts([
  ['Serves', servedBy(document)],
  fallbackSegments.length === 0 ? null : [`${fallback} serves instead in`, names(fallbackSegments)],
  canaryVersion === ''
    ? null
    : [
        'Canary',
        html`${canaryVersion} for ${canaryPercentage} % of the units, until ${time(document.canaryUntil, at)}`,
      ],
  shadowVersion === '' ? null : ['Shadow', html`${shadowVersion}, until ${time(document.shadowUntil, at)}`],
  ['Way back in it', document.previousVersion === '' ? 'the prepared return document' : document.previousVersion],
  ['Revision', document.revision],
  ['Approved by', names(approvedBy, 'nobody (a way back needs no approval)')],
  approvedAt === '' ? null : ['Approved', time(approvedAt, at)],
  ['Reason', document.reason],
])}
<p class="soft">Read from the data plane for this page, as a reader that has just started would.</p>`;
}

function matchWords(match: Match): readonly ['good' | 'warn' | 'bad', string] {
  switch (match.kind) {
    case 'newest':
      return ['good', `Matches the ledger: entry ${match.seq}`];
    case 'in-move':
      return ['warn', `Decided by entry ${match.seq}; that it went out is not recorded yet`];
    case 'older':
      return [
        'bad',
        `Does not match: the document of entry ${match.seq} serves, the ledger's newest is of entry ${match.newest}`,
      ];
    case 'way-back':
      return ['warn', 'A prepared way back serves; its rollback is not recorded yet'];
    case 'undecided':
      return ['bad', 'Does not match the ledger: no decision stands behind it'];
    case 'unknown':
      return ['warn', `Whether it was decided could not be read (${match.why})`];
  }
}

export function releasesSection({ ledger, at }: ConsoleView): Html {
  return sourceSection(
    { id: 'releases', title: 'Release history' },
    ledger,
    ({ releases, ended, isPart }: LedgerView) => [
      releases.length === 0 ? html`<p>${nothing(isPart)}</p>` : null,
      table({
        caption: `What was in production, the newest first${isPart ? '; older entries are not read here' : ''}`,
        columns: ['Version', 'Since', 'Why', 'Approved by', 'Entry'],
        rows: releases.map((release) => [
          release.version,
          time(release.since, at),
          release.why,
          names([...new Set(release.approvals.map(({ approver }) => approver.name))]),
          release.ledgerPosition,
        ]),
      }),
      table({
        caption: 'Runs that ended, the newest first',
        columns: ['Run', 'End', 'When', 'Reasons', 'Entry'],
        rows: ended.map(({ promotionId, end, at: when, reasons, seq }) => [
          html`<code>${promotionId}</code>`,
          end,
          time(when, at),
          names(reasons, 'none'),
          seq,
        ]),
      }),
    ],
  );
}

/** Who answers for the model, and by which policy. */
export function modelSection({ item, at }: ConsoleView): Html {
  return sourceSection({ id: 'model', title: 'Owner, approvers and teams' }, item, (model) =>
    model === null ? 'The registry has no such model.' : modelFacts(model, at),
  );
}

function modelFacts({ owner, approvers, downstream, policyVersion, policy, updatedAt }: ModelItem, at: string): Html {
  const { quorum } = policy.approvals;
  return facts([
    ['Owner', `${owner.name} (${owner.team})`],
    [
      'Approvers',
      names(approvers.map(({ name, stages }) => (stages === undefined ? name : `${name} (${names(stages)})`))),
    ],
    ['Quorum', `shadow ${quorum.shadow}, canary ${quorum.canary}, production ${quorum.production}`],
    ['Teams downstream', names(downstream.map(({ team }) => team))],
    policy.freezes.length === 0
      ? null
      : [
          'Freezes of its own',
          bullets(
            policy.freezes.map(({ from, until, reason }) => html`${reason}: ${time(from, at)} to ${time(until, at)}`),
          ),
        ],
    ['Policy', html`version ${policyVersion}; last changed ${time(updatedAt, at)}`],
  ]);
}
