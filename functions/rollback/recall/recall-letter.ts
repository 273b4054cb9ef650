import { instant } from '../../approval/wording.ts';
import type { Email } from '../../platform/email.ts';
import { html, visible, visibleLine } from '../../platform/html.ts';
import { CAUSE_WORDS } from '../cause-words.ts';
import { CAUSES } from '../input.ts';
import { type Asked, type RecallItem, recallName, uriOf } from './recall-item.ts';
import type { RecallSummary } from './recall-summary.ts';
import {
  answerWords,
  counted,
  countLines,
  numberWords,
  recallSentence,
  toldDays,
  toldStores,
  whatToDo,
} from './recall-words.ts';

/** What a letter is made from. */
export interface RecallLetter {
  readonly recall: RecallItem;
  /** Null: no forecast could be read. */
  readonly summary: RecallSummary | null;
  readonly asked: Asked;
  /** Address of the recipient's page, with its secret. */
  readonly address: string;
  /** It was sent before and is not acknowledged. */
  readonly isReminder: boolean;
}

/** The letter to one recipient, as plain text and as HTML without images or other assets. */
export function recallEmail(letter: RecallLetter): Email {
  const subject = `${letter.isReminder ? 'Reminder: ' : ''}${subjectOf(letter.recall)}`;
  return { subject, text: textOf(letter), html: htmlOf(letter, subject) };
}

function subjectOf({ model, version, counts }: RecallItem): string {
  const what = counts.forecasts === 0 ? 'some that cannot be read' : numberWords(counts.forecasts);
  const open = counts.toCome === 0 ? '' : `, ${numberWords(counts.toCome)} for days still to come`;
  return visibleLine(`Forecasts recalled: ${model} version ${version}: ${what}${open}`);
}

interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

function facts({ recall }: RecallLetter): readonly (readonly [string, string])[] {
  const cause = CAUSES.find((one) => one === recall.cause);
  return [
    ['Cause', cause === undefined ? recall.cause : CAUSE_WORDS[cause]],
    ['Rolled back', instant(recall.rolledBackAt)],
    ...countLines(recall),
  ];
}

function sections({ recall, summary }: RecallLetter): readonly Section[] {
  const { list } = recall;
  return [
    ...(summary === null ? [] : [daySection(summary), storeSection(summary)]),
    {
      title: 'The list',
      lines:
        list === undefined
          ? ['There is none: what was served could not be read from the log.']
          : [
              `${uriOf(list)} (gzipped NDJSON, version ${list.versionId}, SHA-256 ${list.sha256})`,
              'One line per forecast: store, sku, targetDate, asOf, units, at, requestId, and supersededByLater, which is true where a later forecast has replaced it.',
            ],
    },
    { title: 'What to do', lines: whatToDo(recall) },
  ];
}

function daySection(summary: RecallSummary): Section {
  const { told, more, toCome } = toldDays(summary);
  const lines = told.map(({ targetDate, ...day }) =>
    toCome
      ? `${targetDate}: ${numberWords(day.toCome)} of ${numberWords(day.forecasts)} not replaced`
      : `${targetDate}: ${counted(day.forecasts, 'forecast')}`,
  );
  const title = toCome ? 'Days still to come' : 'Days, all of them over';
  return { title, lines: [...lines, ...further(more, 'day')] };
}

function storeSection(summary: RecallSummary): Section {
  const { told, more } = toldStores(summary);
  const lines = told.map(
    ({ store, region, ...part }) =>
      `${store}${region === '' ? '' : ` (${region})`}: ${counted(part.forecasts, 'forecast')} for ${part.firstTargetDate} to ${part.lastTargetDate}, ${numberWords(part.toCome)} of them still to come and not replaced`,
  );
  return { title: 'Stores', lines: [...lines, ...further(more, 'store')] };
}

function further(more: number, what: string): readonly string[] {
  return more === 0 ? [] : [`and ${counted(more, `more ${what}`)}, in the summary beside the list`];
}

const ALONE = 'Opening the link changes nothing. It is meant for your team alone: do not forward it outside.';

function ending({ recall, asked }: RecallLetter): { readonly before: string; readonly after: string } {
  if (asked.acknowledges) {
    return {
      before: `Acknowledge for ${asked.team} here:`,
      after: `You will be asked for your name and to type "${recall.model}" by hand. ${ALONE}`,
    };
  }
  return {
    before: 'See who has acknowledged here:',
    after: `You own the model: there is nothing that you have to acknowledge. ${ALONE}`,
  };
}

function textOf(letter: RecallLetter): string {
  const { recall, asked, address, isReminder } = letter;
  const { before, after } = ending(letter);
  return visible(
    [
      `Dear ${asked.team},`,
      '',
      ...(isReminder ? ['this recall waits for your acknowledgement.', ''] : []),
      recallSentence(recall),
      '',
      ...facts(letter).map(([name, value]) => `${name}: ${value}`),
      ...sections(letter).flatMap(({ title, lines }) => ['', `${title}:`, ...lines.map((line) => `- ${line}`)]),
      '',
      ...(asked.acknowledges ? [] : [...answerWords(recall), '']),
      before,
      address,
      '',
      after,
      '',
      `Reference: ${recallName(recall)}, ledger position ${recall.ledgerSeq}`,
    ].join('\n'),
  );
}

const CELL = 'padding:4px 12px 4px 0;vertical-align:top';

function htmlOf(letter: RecallLetter, subject: string): string {
  const { recall, asked, address, isReminder } = letter;
  const { before, after } = ending(letter);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${subject}</title></head>
<body style="font:16px/1.5 system-ui,sans-serif;color:#1b1f24;max-width:640px;margin:0 auto;padding:16px">
<p>Dear ${asked.team},</p>
${isReminder ? html`<p>this recall waits for your acknowledgement.</p>` : null}
<p><strong>${recallSentence(recall)}</strong></p>
<table role="presentation" style="border-collapse:collapse">${facts(letter).map(
    ([name, value]) => html`<tr><td style="${CELL};color:#57606a">${name}</td><td style="${CELL}">${value}</td></tr>`,
  )}</table>
${sections(letter).map(
  ({ title, lines }) => html`<p><strong>${title}</strong></p><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`,
)}
<p>${before}</p>
<p><a href="${address}" style="display:inline-block;padding:10px 18px;background:#0b5cad;color:#ffffff;text-decoration:none;border-radius:6px">${asked.acknowledges ? 'Read and acknowledge' : 'See how it stands'}</a></p>
<p>${after}</p>
<p style="color:#57606a">Reference: ${recallName(recall)}, ledger position ${recall.ledgerSeq}</p>
</body></html>`.markup;
}
