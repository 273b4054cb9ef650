import { versionWords } from '../cause-words.ts';
import { type PendingRecall, type RecallItem, recallName, uriOf, waitedFor } from './recall-item.ts';
import { numberWords } from './recall-words.ts';

/** Open recalls as lines for people. `pending`: rollbacks whose first list is not made yet. */
export function recallsText(recalls: readonly RecallItem[], pending: readonly PendingRecall[]): string {
  const first = pending.filter(({ part }) => part === 1);
  const lines = [
    ...first.map(
      ({ model, version, executionName }) => `${model} ${version} (${executionName}): the list is not made yet`,
    ),
    ...recalls.flatMap(recallLines),
  ];
  return lines.length === 0 ? 'No recall is open.' : lines.join('\n');
}

function recallLines(recall: RecallItem): readonly string[] {
  const { model, version, to, counts, list, recalledAt } = recall;
  const days = counts.forecasts === 0 ? '' : `, ${counts.firstTargetDate} to ${counts.lastTargetDate}`;
  return [
    `${model} ${version} (${recallName(recall)}), open since ${recalledAt}; ${versionWords(to)} serves`,
    `  ${numberWords(counts.forecasts)} forecasts${days}; ${numberWords(counts.toCome)} for days still to come, ${numberWords(counts.replaced)} replaced already`,
    `  not acknowledged: ${waitedFor(recall)
      .map(({ team, email }) => `${team} <${email}>`)
      .join(', ')}`,
    ...(list === undefined ? [] : [`  ${uriOf(list)}`]),
  ];
}

/** The same for programs. */
export function recallsJson(recalls: readonly RecallItem[], pending: readonly PendingRecall[]) {
  return {
    open: recalls.map((recall) => ({
      ...{ model: recall.model, version: recall.version, executionName: recall.executionName, part: recall.part },
      ...{ recalledAt: recall.recalledAt, ...recall.counts },
      list: recall.list === undefined ? null : uriOf(recall.list),
      waitedFor: waitedFor(recall).map(({ team, email }) => ({ team, email })),
    })),
    pending: pending
      .filter(({ part }) => part === 1)
      .map(({ model, version, executionName }) => ({ model, version, executionName })),
  };
}
