import type { Completed } from './log/complete-log.ts';
import { LogCompleter } from './log-completer.ts';

const completer = new LogCompleter();

/** Completes the prediction log behind an answer: what was not written in time, and what shadows did not finish. */
export async function handler(event: unknown): Promise<Completed> {
  return completer.complete(event);
}
