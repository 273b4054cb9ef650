import type { Email } from '../platform/email.ts';
import { html, visible } from '../platform/html.ts';
import type { Approver } from '../platform/people.ts';
import type { Run } from '../registry/items.ts';
import { exposureWords, pathWords } from './exposure-words.ts';
import type { GateItem } from './items.ts';
import { asked, equalIsEnough, instant, onApproval, onRejection, typedName } from './wording.ts';

/** Address of one approver's page. It holds the secret: it goes into that approver's email and nowhere else. */
export function approvalLink(baseUrl: string, requestId: string, secret: string): string {
  return `${baseUrl.replace(/\/+$/, '')}/approvals/${requestId}?k=${secret}`;
}

interface Letter {
  readonly gate: GateItem;
  readonly run: Run;
  readonly approver: Approver;
  readonly link: string;
}

/** The request to one approver, as plain text and as HTML without images or other assets. */
export function approvalEmail(letter: Letter): Email {
  const { gate, run } = letter;
  const subject = `Approval needed: ${asked(run, gate.stage)}${gate.round === 1 ? '' : ` (asked again, round ${gate.round})`}`;
  return { subject, text: textOf(letter), html: htmlOf(letter, subject) };
}

function facts({ gate, run }: Letter): readonly (readonly [string, string])[] {
  const equal = equalIsEnough(run);
  return [
    ['Asked by', `${run.requestedBy.name} <${run.requestedBy.email}>`],
    ['Kind of change', `${run.change.type}${run.change.critical ? ', critical' : ''}`],
    ['Why', run.change.reason],
    ['Scope', run.change.scope],
    ['Expected impact', run.change.expectedImpact],
    ['Rollback plan', run.change.rollbackPlan],
    ...(equal === null ? [] : [['Equal is enough', equal] as const]),
    ['Approvals needed', String(gate.quorum)],
    ['Decide before', instant(gate.expiresAt)],
  ];
}

/** What a stage exposes, and how far the candidate has come; nothing for a change without a version. */
function sections({ gate, run }: Letter): readonly (readonly [string, readonly string[]])[] {
  const words = exposureWords(run, gate.stage);
  const path =
    run.kind === 'promotion' ? pathWords(run, gate.stage).map(({ stage, words: how }) => `${stage}: ${how}`) : [];
  return [['What it exposes', words] as const, ['The way there', path] as const].filter(
    ([, lines]) => lines.length > 0,
  );
}

function textOf(letter: Letter): string {
  const { gate, run, approver, link } = letter;
  const again = gate.round === 1 ? [] : ['What was asked before has changed, so earlier requests are void.', ''];
  return visible(
    [
      `Dear ${approver.name},`,
      '',
      `you are asked to decide on: ${asked(run, gate.stage)}.`,
      ...again,
      '',
      ...facts(letter).map(([name, value]) => `${name}: ${value}`),
      ...sections(letter).flatMap(([title, lines]) => ['', `${title}:`, ...lines.map((line) => `- ${line}`)]),
      '',
      `If approved: ${onApproval(run, gate.stage)}`,
      `If rejected: ${onRejection(run, gate.stage)}`,
      '',
      'Read the evidence and decide here:',
      link,
      '',
      `You will be asked to type "${typedName(run)}" and to write a justification, which is recorded under your name.`,
      'Opening the link changes nothing. It is meant for you alone: do not forward it.',
      '',
      `Reference: ${run.promotionId}`,
    ].join('\n'),
  );
}

const CELL = 'padding:4px 12px 4px 0;vertical-align:top';

function htmlOf(letter: Letter, subject: string): string {
  const { gate, run, approver, link } = letter;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${subject}</title></head>
<body style="font:16px/1.5 system-ui,sans-serif;color:#1b1f24;max-width:640px;margin:0 auto;padding:16px">
<p>Dear ${approver.name},</p>
<p>you are asked to decide on: <strong>${asked(run, gate.stage)}</strong>.</p>
${gate.round === 1 ? null : html`<p>What was asked before has changed, so earlier requests are void.</p>`}
<table role="presentation" style="border-collapse:collapse">${facts(letter).map(
    ([name, value]) =>
      html`<tr><td style="${CELL};color:#57606a;white-space:nowrap">${name}</td><td style="${CELL}">${value}</td></tr>`,
  )}</table>
${sections(letter).map(([title, lines]) => html`<p><strong>${title}</strong></p><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`)}
<p><strong>If approved:</strong> ${onApproval(run, gate.stage)}<br><strong>If rejected:</strong> ${onRejection(run, gate.stage)}</p>
<p><a href="${link}" style="display:inline-block;padding:10px 18px;background:#0b5cad;color:#ffffff;text-decoration:none;border-radius:6px">Read the evidence and decide</a></p>
<p>You will be asked to type <strong>${typedName(run)}</strong> and to write a justification, which is recorded under your name.
Opening the link changes nothing. It is meant for you alone: do not forward it.</p>
<p style="color:#57606a">Reference: ${run.promotionId}</p>
</body></html>`.markup;
}
