import { instant, typedName } from '../../approval/wording.ts';
import type { Email } from '../../platform/email.ts';
import { html, visible, visibleLine } from '../../platform/html.ts';
import type { ModelItem, Run } from '../../registry/items.ts';
import { heldFrom, runName, runStart } from './announced-run.ts';
import type { HoldReason } from './notice-checks.ts';
import type { HeldStage } from './notice-item.ts';
import { noticeFailures, noticeLines, noticeReach, noticeSentence, whatToDo } from './notice-words.ts';

interface Letter {
  readonly subject: string;
  readonly to: string;
  readonly opening: readonly string[];
  readonly facts: readonly (readonly [string, string])[];
  readonly sections: readonly { readonly title: string; readonly lines: readonly string[] }[];
  /** Absent: there is nothing to open. */
  readonly link?: { readonly address: string; readonly label: string; readonly after: string };
  readonly reference: string;
}

/** The notice to one team of a critical change ahead. `earliestAt` (UTC): it starts no earlier. */
export function noticeEmail(of: {
  readonly run: Run;
  readonly model: ModelItem;
  readonly team: string;
  readonly earliestAt: string;
  /** Address of the team's page, with its secret. */
  readonly address: string;
  readonly isReminder: boolean;
}): Email {
  const { run, model, team, earliestAt, address, isReminder } = of;
  return emailOf({
    subject: `${isReminder ? 'Reminder: ' : ''}Critical change ahead: ${runName(run)}, no earlier than ${instant(earliestAt)}`,
    to: team,
    opening: [...(isReminder ? ['this notice waits for your acknowledgement.'] : []), noticeSentence(run, earliestAt)],
    facts: noticeLines(run, earliestAt),
    sections: [
      noticeReach(run),
      { title: 'Known failure modes', lines: noticeFailures(run) },
      { title: 'What to do', lines: whatToDo(run, model) },
    ],
    link: {
      ...{ address, label: 'Read and acknowledge' },
      after: `You will be asked for your name and to type "${run.model}" by hand. ${ALONE}`,
    },
    reference: run.promotionId,
  });
}

/** To a team that had the notice: what was announced does not come. */
export function recalledEmail(run: Run, team: string): Email {
  const ended =
    run.kind === 'promotion'
      ? `the promotion ended as ${run.end ?? 'withdrawn'}. Nothing of it was served; what is in production stays.`
      : `it ended as ${run.end ?? 'withdrawn'}. All settings stay as they were.`;
  return emailOf({
    subject: `It does not come: ${runName(run)}`,
    to: team,
    opening: [
      `${runStart(run)}, of which you had a notice, does not come: ${ended}`,
      'There is nothing that you have to do. A new attempt would come with a new notice.',
    ],
    facts: [],
    sections: [{ title: 'Why', lines: (run.reasons ?? []).slice(0, 10).map(({ message }) => message) }],
    reference: run.promotionId,
  });
}

/** To an approver who may make an exception of what holds a run. */
export function exceptionEmail(of: {
  readonly run: Run;
  readonly stage: HeldStage;
  readonly name: string;
  readonly reasons: readonly HoldReason[];
  readonly address: string;
}): Email {
  const { run, stage, name, reasons, address } = of;
  const lets = stage === 'change' ? 'approves it' : `approves its entry into ${stage}`;
  return emailOf({
    subject: `Held: ${runName(run)}, before ${heldFrom(run, stage).before}`,
    to: name,
    opening: [
      `${runStart(run)} does not ${heldFrom(run, stage).to} yet.`,
      'It goes on by itself when nothing holds it any more. There is nothing that you have to do.',
    ],
    facts: [],
    sections: [
      { title: 'What it waits for', lines: reasons.map(({ message }) => message) },
      {
        title: 'If it cannot wait',
        lines: [
          `A second approver, other than who ${lets} and who asked for it, can make an exception with a reason. It is recorded in the ledger under your name, and lifts what is listed above, nothing else.`,
        ],
      },
    ],
    link: {
      ...{ address, label: 'See what holds it' },
      after: `For an exception you will be asked for the reason and to type "${typedName(run)}" by hand. Opening the link changes nothing. It is meant for you alone: do not forward it.`,
    },
    reference: run.promotionId,
  });
}

const ALONE = 'Opening the link changes nothing. It is meant for your team alone: do not forward it outside.';

function emailOf(letter: Letter): Email {
  const subject = visibleLine(letter.subject);
  return { subject, text: textOf(letter), html: htmlOf(letter, subject) };
}

function textOf({ to, opening, facts, sections, link, reference }: Letter): string {
  return visible(
    [
      ...[`Dear ${to},`, ''],
      ...opening.flatMap((line) => [line, '']),
      ...facts.map(([name, value]) => `${name}: ${value}`),
      ...sections
        .filter(({ lines }) => lines.length > 0)
        .flatMap(({ title, lines }) => ['', `${title}:`, ...lines.map((line) => `- ${line}`)]),
      ...(link === undefined ? [] : ['', `${link.label}:`, link.address, '', link.after]),
      ...['', `Reference: ${reference}`],
    ].join('\n'),
  );
}

const CELL = 'padding:4px 12px 4px 0;vertical-align:top';
/** Long words of others break anywhere; those of names stay whole. */
const NAME = 'color:#57606a;min-width:80px;overflow-wrap:normal;word-break:normal';

function htmlOf({ to, opening, facts, sections, link, reference }: Letter, subject: string): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${subject}</title></head>
<body style="font:16px/1.5 system-ui,sans-serif;color:#1b1f24;max-width:640px;margin:0 auto;padding:16px;overflow-wrap:anywhere;word-break:break-word">
<p>Dear ${to},</p>
${opening.map((line) => html`<p>${line}</p>`)}
<table role="presentation" style="border-collapse:collapse">${facts.map(
    ([name, value]) => html`<tr><td style="${CELL};${NAME}">${name}</td><td style="${CELL}">${value}</td></tr>`,
  )}</table>
${sections
  .filter(({ lines }) => lines.length > 0)
  .map(
    ({ title, lines }) => html`<p><strong>${title}</strong></p><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`,
  )}
${
  link === undefined
    ? null
    : html`<p><a href="${link.address}" style="display:inline-block;padding:10px 18px;background:#0b5cad;color:#ffffff;text-decoration:none;border-radius:6px">${link.label}</a></p>
<p>${link.after}</p>`
}
<p style="color:#57606a">Reference: ${reference}</p>
</body></html>`.markup;
}
