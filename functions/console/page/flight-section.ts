import { CANARY_NAMES, differenceOf } from '../../evidence/report/canary-measures.ts';
import { type Html, type HtmlValue, html } from '../../platform/html.ts';
import type { NewestLook } from '../../registry/items.ts';
import type { CanaryProgress, Flight, NoticeState, Wait } from '../view/flight.ts';
import { bullets, count, facts, names, pill, table, time } from './parts.ts';

/** What is in flight, each run under its own heading. */
export function flightsBody(flights: readonly Flight[], at: string): HtmlValue {
  return flights.length === 0
    ? html`<p>Nothing is in flight.</p>`
    : flights.map((flight, index) => flightBody(flight, { at, id: `flight-${index + 1}` }));
}

const KINDS: Readonly<Record<Flight['kind'], string>> = {
  promotion: 'Promotion of version',
  onboard: 'Onboarding',
  change: 'Change without a version',
  restore: 'End of the kill switch',
};

function flightBody(flight: Flight, { at, id }: { readonly at: string; readonly id: string }): Html {
  const title = `${KINDS[flight.kind]}${flight.version === '' ? '' : ` ${flight.version}`}`;
  return html`<div role="group" aria-labelledby="${id}"><h3 id="${id}">${title}</h3>
${facts([
  ['Stage', stageWords(flight)],
  ['Waits for', waitBody(flight.wait, at)],
  ['Why', flight.why],
  ['Kind of change', `${flight.changeType}${flight.severity === '' ? '' : `, ${flight.severity}`}`],
  ['Asked for by', flight.requestedBy],
  ['Started', time(flight.startedAt, at)],
  flight.canary === null ? null : ['Canary', canaryBody(flight.canary, at)],
  flight.notice === null ? null : ['Notice to teams', noticeBody(flight.notice, { at, kind: flight.kind })],
  ['Run', html`<code>${flight.promotionId}</code>`],
])}
${flight.canary?.newest == null ? null : measuresTable(flight.canary.newest)}
${table({
  caption: 'Gates judged so far',
  columns: ['Gate', 'Verdict', 'Judged', 'Reasons'],
  rows: flight.verdicts.map(({ stage, result }) => [
    stage,
    pill(result.verdict === 'PASS' ? 'good' : result.verdict === 'FAIL' ? 'bad' : 'warn', result.verdict),
    time(result.judgedAt, at),
    result.reasons.length === 0 ? 'none' : names(result.reasons.slice(0, 3).map(({ message }) => message)),
  ]),
})}</div>`;
}

/** Where a run stands, in words. */
export function stageWords({ kind, stage, awaitingApproval, wait }: Flight): string {
  if (kind !== 'promotion') return wait.kind === 'held' ? 'approved' : 'people are asked';
  return awaitingApproval ? `people are asked about ${stage}` : stage;
}

/** What a run waits for, or that it is held, in one line. */
export function waitSentence(wait: Wait): string {
  return wait.kind === 'held' ? waitLine(wait) : `waits for ${waitLine(wait)}`;
}

function waitLine(wait: Wait): string {
  switch (wait.kind) {
    case 'held':
      return `held: ${names(wait.hold.reasons)}`;
    case 'people':
      return `${count(wait.quorum, 'approval')} (${names(wait.undecided)} not decided)`;
    case 'asking':
      return 'the next step of its flow: people are asked, or were';
    case 'unread':
      return `could not be read (${wait.why})`;
    case 'evidence':
      return `evidence: ${wait.done} of ${wait.of ?? 'an unknown number of'} ${wait.unit}`;
    case 'step':
      return 'the next step of its flow';
  }
}

function waitBody(wait: Wait, at: string): HtmlValue {
  if (wait.kind === 'held') {
    const { reasons, messages = [], since, until } = wait.hold;
    const lines = reasons.map((code, index) => html`<code>${code}</code> ${messages[index] ?? ''}`);
    return html`${pill('warn', 'Held')} since ${time(since, at)}${until === undefined ? '' : html`; it passes by itself ${time(until, at)}`}${bullets(lines)}`;
  }
  if (wait.kind === 'people') {
    const { stage, round, quorum, decided, undecided, expiresAt } = wait;
    const lines = [
      ...decided.map(({ name, decision, at: when }) => html`${name}: ${decision}, ${time(when, at)}`),
      ...undecided.map((name) => `${name}: not decided`),
    ];
    return html`${count(quorum, 'approval')} for ${stage}, round ${round}; expires ${time(expiresAt, at)}${bullets(lines)}`;
  }
  if (wait.kind === 'evidence' && wait.until !== null) {
    return html`${waitLine(wait)}; ends by itself ${time(wait.until, at)}`;
  }
  return waitLine(wait);
}

function canaryBody({ step, steps, percentage, hold, since, until, newest }: CanaryProgress, at: string): Html {
  const days =
    newest === null
      ? 'no look at outcomes was spent yet'
      : `${count(newest.stepDays, 'closed day')} of the step at the newest look`;
  const out = since === null ? 'not out yet' : html`out since ${time(since, at)}`;
  return html`Step ${step} of ${steps}: ${percentage} % of the units, held for ${hold} of closed business days; ${out}; ${days}${until === null ? '' : html`; ends by itself ${time(until, at)}`}`;
}

function measuresTable({ at: looked, days, measures }: NewestLook): Html | null {
  return table({
    caption: `Newest look at the canary, ${looked.slice(0, 16).replace('T', ' ')} UTC, over ${count(days, 'closed day')}: it may pass once each bound is below its margin`,
    columns: ['Measure', 'Candidate against production', 'Upper bound', 'Margin', 'So far'],
    rows: measures.map(({ metric, estimate, bound, margin, sufficient, nonInferior }) => {
      const write = differenceOf(metric);
      const said = !sufficient ? 'too little seen' : nonInferior ? 'below its margin' : 'not shown yet';
      return [CANARY_NAMES[metric]?.name ?? metric, write(estimate), write(bound), write(margin), said];
    }),
  });
}

function noticeBody(
  { givenAt, earliestAt, acknowledged, waitedFor, untold }: NoticeState,
  { at, kind }: { readonly at: string; readonly kind: Flight['kind'] },
): Html {
  const given = givenAt === null ? 'not given to all teams yet' : html`given ${time(givenAt, at)}`;
  const lines = [
    ...acknowledged.map(({ team, name, at: when }) => html`${team}: acknowledged by ${name}, ${time(when, at)}`),
    ...waitedFor.map((team) => `${team}: not acknowledged`),
    ...untold.map((team) => `${team}: not told yet`),
  ];
  return html`${given}${earliestAt === null ? '' : html`; ${kind === 'promotion' ? 'the canary starts' : 'it takes effect'} no earlier than ${time(earliestAt, at)}`}${lines.length === 0 ? null : bullets(lines)}`;
}
