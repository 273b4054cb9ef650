import { plusDuration } from '../../platform/duration.ts';
import type { PendingRecall } from './recall-item.ts';

/**
 * When it is looked for forecasts of a withdrawn version, after the rollback: at once; when readers have followed and
 * batches that began before have ended, which no function outlives; and when what was handed over behind an answer is in
 * the log, for which Lambda tries for six hours.
 */
const LOOKS_AFTER = ['PT30M', 'PT7H'] as const;

/** The first look is due at once. */
export function firstLook(rolledBackAt: string): Pick<PendingRecall, 'part' | 'lookAt'> {
  return { part: 1, lookAt: rolledBackAt };
}

/** The look after one at `now`; null when the log is complete by then. `part`: the list that it would make. */
export function nextLook(
  rolledBackAt: string,
  { now, part }: { readonly now: string; readonly part: number },
): Pick<PendingRecall, 'part' | 'lookAt'> | null {
  const lookAt = LOOKS_AFTER.map((after) => plusDuration(rolledBackAt, after)).find((at) => at > now);
  return lookAt === undefined ? null : { part, lookAt };
}
