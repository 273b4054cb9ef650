import type { Reason } from '../platform/errors.ts';
import type { Finding } from './finding.ts';
import type { Explanations } from './report/explanations/explanation.ts';
import { GUARD_EXPLANATIONS } from './report/explanations/guard.ts';
import { OFFLINE_EXPLANATIONS } from './report/explanations/offline.ts';
import { RUNNING_EXPLANATIONS } from './report/explanations/running.ts';

/** What each code of a gate means to a person, and what to do about it. */
export const EXPLANATIONS: Explanations = {
  ...OFFLINE_EXPLANATIONS,
  ...RUNNING_EXPLANATIONS,
  ...GUARD_EXPLANATIONS,
};

/** Metrics as people name them. */
const SUBJECTS: Readonly<Record<string, string>> = {
  wape: 'accuracy of the served forecasts',
  paired_wape: 'accuracy on the same rows',
  stockout: 'stockouts',
  overstock: 'overstock',
  errors: 'failed requests',
  slow: 'slow requests',
};

/** A finding as a reason that a person can act on. A code that nobody explained stands for itself. */
export function explainFinding({ code, got, allowed }: Finding): Reason {
  const colon = code.indexOf(':');
  const name = colon < 0 ? code : code.slice(0, colon);
  const explanation = Object.hasOwn(EXPLANATIONS, name) ? EXPLANATIONS[name] : undefined;
  if (explanation === undefined) return { code, message: code, got, allowed };
  const subject = colon < 0 ? '' : code.slice(colon + 1);
  // Without a subject the words end before the place for one.
  const words = subject === '' ? explanation.message.replace(/:? %/, '') : explanation.message;
  const message = words.replace('%', () => SUBJECTS[subject] ?? subject);
  return { code, message, got, allowed, next: explanation.next };
}
