import { versionWords } from '../cause-words.ts';
import type { RecallItem } from './recall-item.ts';
import type { RecallSummary } from './recall-summary.ts';

/** Days and stores that are told one by one; the summary has all of them. */
const TOLD_DAYS = 31;
const TOLD_STORES = 25;

const numbers = new Intl.NumberFormat('en-US');
export const numberWords = (value: number): string => numbers.format(value);

export function counted(value: number, one: string, many = `${one}s`): string {
  return `${numberWords(value)} ${value === 1 ? one : many}`;
}

/** What happened, in a sentence. */
export function recallSentence({ model, version, to, counts, part }: RecallItem): string {
  const what = part === 1 ? 'forecast' : 'further forecast';
  return `Version ${version} of ${model} was withdrawn after it had served ${counted(counts.forecasts, what)}; ${versionWords(to)} serves now.`;
}

/** The counts as names and values. */
export function countLines({ counts, unreadable }: Pick<RecallItem, 'counts' | 'unreadable'>) {
  const { forecasts, replaced, toCome, units, stores, days } = counts;
  const lines: (readonly [string, string])[] = [
    ['Forecasts recalled', numberWords(forecasts)],
    ['For days still to come, and not replaced', numberWords(toCome)],
    ['Replaced by a later forecast already', numberWords(replaced)],
  ];
  if (forecasts > 0) {
    lines.push(
      ['Units', `${counted(units, 'article in a store', 'articles in stores')}, ${counted(stores, 'store')}`],
      ['Days', `${counted(days, 'day')}, ${counts.firstTargetDate} to ${counts.lastTargetDate}`],
      ['Served', `${counts.servedFrom} to ${counts.servedUntil}`],
    );
  }
  const { objects, lines: broken } = unreadable;
  if (objects > 0) lines.push(['Not in the list', `${counted(objects, 'object')} of the log that cannot be read`]);
  if (broken > 0) lines.push(['Not in the list either', `${counted(broken, 'line')} of the log that cannot be read`]);
  return lines;
}

/** What a team is to do. */
export function whatToDo({ model, version, to, counts }: RecallItem): readonly string[] {
  const open =
    counts.toCome > 0
      ? [
          `Ask again for the units and days in the list that are still to come and not marked supersededByLater (${numberWords(counts.toCome)}): what you ask ${model} for from now on comes from ${versionWords(to)}.`,
        ]
      : [];
  return [
    `Take no further decision by forecasts of version ${version}.`,
    ...open,
    'Look at what was ordered or planned by them and has not happened yet. What was decided already stays recorded as it was: no forecast was deleted or changed.',
    'Acknowledge, so that everybody can see that your team knows.',
  ];
}

/** The days that are told, and how many are not. */
export function toldDays({ byTargetDate }: RecallSummary) {
  const days = byTargetDate.filter(({ toCome }) => toCome > 0);
  const told = (days.length > 0 ? days : byTargetDate).slice(0, TOLD_DAYS);
  return { told, more: (days.length > 0 ? days : byTargetDate).length - told.length, toCome: days.length > 0 };
}

/** The stores with most to act on, and how many are not told. */
export function toldStores({ byStore }: RecallSummary) {
  const sorted = byStore.toSorted((a, b) => b.toCome - a.toCome || b.forecasts - a.forecasts);
  const told = sorted.slice(0, TOLD_STORES);
  return { told, more: sorted.length - told.length };
}

/** Who was asked and what became of it. */
export function answerWords(recall: RecallItem): readonly string[] {
  return recall.asked
    .filter(({ acknowledges }) => acknowledges)
    .map(({ team, linkId }) => {
      const answer = recall.answers.find((one) => one.linkId === linkId);
      if (answer === undefined) return `${team}: not acknowledged yet`;
      if (answer.outcome === 'not-needed') return `${team}: not asked any more since ${answer.at}`;
      return `${team}: acknowledged by ${answer.name ?? ''} at ${answer.at}`;
    });
}
