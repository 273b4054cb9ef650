import * as z from 'zod';
import { canonicalJson } from '../../platform/json.ts';
import { type StoredObject, storedObject } from '../../registry/items.ts';
import {
  type PendingRecall,
  type RecallCounts,
  recallCounts,
  type Unreadable,
  unreadable,
  uriOf,
} from './recall-item.ts';

const sums = recallCounts.pick({ forecasts: true, replaced: true, toCome: true }).shape;
const dayCounts = z.object({ targetDate: z.string(), ...sums });
const storeCounts = z.object({
  ...{ store: z.string(), region: z.string(), ...sums },
  ...recallCounts.pick({ firstTargetDate: true, lastTargetDate: true }).shape,
});

/** A list counted, whole and by its parts. */
export interface CountedList {
  readonly counts: RecallCounts;
  readonly byTargetDate: readonly z.infer<typeof dayCounts>[];
  readonly byStore: readonly z.infer<typeof storeCounts>[];
}

/** The JSON object beside a list. */
export const recallSummary = recallCounts.extend({
  ...{ schema: z.literal(1), model: z.string(), executionName: z.string(), part: z.int(), version: z.string() },
  /** The version that serves instead; empty: the safe forecast. */
  to: z.string(),
  cause: z.string(),
  rolledBackAt: z.string(),
  unreadable,
  list: storedObject.extend({ uri: z.string() }),
  byTargetDate: z.array(dayCounts).readonly(),
  byStore: z.array(storeCounts).readonly(),
});
export type RecallSummary = Readonly<z.infer<typeof recallSummary>>;

/** The summary as it is stored: the same list gives the same bytes. */
export function summaryText(
  pending: PendingRecall,
  found: { readonly list: StoredObject; readonly counted: CountedList; readonly unreadable: Unreadable },
): string {
  const { model, executionName, part, version, to, cause, rolledBackAt } = pending;
  const { counts, byTargetDate, byStore } = found.counted;
  return canonicalJson({
    ...{ schema: 1, model, executionName, part, version, to, cause, rolledBackAt },
    ...counts,
    unreadable: { ...found.unreadable },
    list: { ...found.list, uri: uriOf(found.list) },
    ...{ byTargetDate, byStore },
  });
}
