import { PHASES } from '../../drill/drill-items.ts';
import type { Trend } from '../../drill/trend.ts';
import type { KillSwitchItem } from '../../kill-switch/items.ts';
import { type Html, type HtmlValue, html } from '../../platform/html.ts';
import { versionWords } from '../../rollback/cause-words.ts';
import type { ConsoleView, RecallsView } from '../view/console-view.ts';
import { bullets, count, names, pill, sourceSection, table, time, unread } from './parts.ts';

/** Kill switches that stand, and candidates that were stopped. */
export function switchesSection({ switches, at }: ConsoleView): Html {
  return sourceSection({ id: 'switches', title: 'Kill switches' }, switches, (items) => {
    if (items.length === 0) return html`<p>None was thrown.</p>`;
    return table({
      caption: 'Thrown kill switches: the standing one first, then stopped candidates, the newest first',
      columns: ['Level', 'State', 'Thrown', 'Expires', 'By', 'Reason'],
      rows: items.map((item) => [
        item.level === 'model' ? 'model' : `${item.level} ${item.version}`,
        switchState(item, at),
        time(item.thrownAt, at),
        time(item.expiresAt, at),
        item.requestedBy.name,
        item.reason,
      ]),
    });
  });
}

function switchState(item: KillSwitchItem, at: string): Html {
  if (item.level !== 'model') return pill('plain', 'Candidate stopped');
  const where = item.fallbackSegments.length === 0 ? 'everywhere' : `in ${names(item.fallbackSegments)}`;
  const isPast = Date.parse(item.expiresAt) <= Date.parse(at);
  return html`${pill('bad', isPast ? 'Stands, past its expiry' : 'Stands')} ${item.fallback} serves ${where}`;
}

export function rollbacksSection({ ledger, at }: ConsoleView): Html {
  return sourceSection({ id: 'rollbacks', title: 'Rollbacks' }, ledger, ({ rollbacks, isPart }) =>
    rollbacks.length === 0
      ? html`<p>None${isPart ? ' in the entries that were read here' : ''}.</p>`
      : table({
          caption: 'Rollbacks, the newest first; seconds until the data plane was seen to serve the target',
          columns: ['When', 'From', 'To', 'Cause', 'By', 'Seconds', 'Entry'],
          rows: rollbacks.map(({ at: when, from, to, cause, detail, by, seconds, seq }) => [
            time(when, at),
            versionWords(from),
            versionWords(to),
            detail === '' ? cause : `${cause}: ${detail}`,
            by,
            seconds ?? '–',
            seq,
          ]),
        }),
  );
}

/** Whether it can be gone back from, and how the rehearsals went. */
export function drillsSection({ drills, readiness, at }: ConsoleView): Html {
  return sourceSection({ id: 'drills', title: 'Readiness and drills' }, drills, (trend) => [
    html`<p>${readiness.ok ? readinessWords(readiness.value, at) : unread(readiness.why)}</p>`,
    trendBody(trend, at),
  ]);
}

function readinessWords(readiness: Extract<ConsoleView['readiness'], { ok: true }>['value'], at: string): HtmlValue {
  if (readiness === null) return 'Whether it can be gone back from was not checked yet.';
  const { ready, since, checkedAt, reasons } = readiness;
  const state = ready ? pill('good', 'Ready to be gone back from') : pill('bad', 'Cannot be gone back from');
  const why =
    reasons.length === 0 ? null : bullets(reasons.map(({ code, message }) => html`<code>${code}</code> ${message}`));
  return html`${state} since ${time(since, at)}; checked ${time(checkedAt, at)}${why}`;
}

function trendBody({ drills, passed, medianTotal }: Trend, at: string): HtmlValue {
  if (drills.length === 0) return html`<p>No drill was held yet.</p>`;
  const seconds = (value: number | null | undefined) => (value == null ? '–' : value.toFixed(2));
  return [
    html`<p>${passed} of the last ${count(drills.length, 'drill')} passed.${medianTotal === null ? '' : ` From the fault to the last reader, the median is ${seconds(medianTotal)} s.`}</p>`,
    table({
      caption: 'Seconds by phase, the newest drill first',
      columns: ['Drill', 'Result', ...PHASES, 'total', 'limit'],
      rows: drills
        .toReversed()
        .map((drill) => [
          time(drill.at, at),
          drill.passed ? pill('good', 'passed') : html`${pill('bad', 'failed')} ${names(drill.reasons, '')}`,
          ...PHASES.map((phase) => seconds(drill.seconds[phase])),
          seconds(drill.total),
          String(drill.maxSeconds),
        ]),
    }),
  ];
}

export function recallsSection({ recalls, at }: ConsoleView): Html {
  return sourceSection({ id: 'recalls', title: 'Recalls' }, recalls, (view) => recallsBody(view, at));
}

function recallsBody({ open, leftOut, pending }: RecallsView, at: string): HtmlValue {
  return [
    open.length === 0 ? html`<p>No recall is open.</p>` : null,
    table({
      caption: 'Recalls that teams have not all acknowledged',
      columns: ['Recall', 'Version', 'Cause', 'Made', 'Forecasts (still to come)', 'Acknowledged', 'Waited for'],
      rows: open.map((recall) => [
        html`<code>${recall.executionName}</code>${recall.part === 1 ? '' : `, list ${recall.part}`}`,
        recall.version,
        recall.cause,
        time(recall.recalledAt, at),
        `${recall.forecasts} (${recall.toCome})`,
        names(recall.acknowledged.map(({ team, name }) => `${team} by ${name}`)),
        names(recall.waitedFor),
      ]),
    }),
    leftOut === 0 ? null : html`<p>${count(leftOut, 'more open recall')} not shown: npm run recalls lists all.</p>`,
    pending.length === 0
      ? null
      : bullets(
          pending.map(
            ({ version, lookAt }) =>
              html`What version ${version} had handed downstream is looked for again ${time(lookAt, at)}`,
          ),
        ),
  ];
}
