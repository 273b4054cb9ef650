import * as z from 'zod';
import type { Reason } from '../platform/errors.ts';
import { reason } from '../registry/items.ts';
import { type DeployedRollback, deployedRollback } from '../rollback/rollback-answer.ts';

/** What the function that goes back answers to a drill. */
export const rehearsalAnswer = z.object({
  rollback: z.union([
    deployedRollback,
    z.looseObject({ outcome: z.enum(['already-withdrawn', 'rejected']), reasons: z.array(reason) }),
  ]),
  /** UTC; null when nothing was decided on. */
  decidedAt: z.string().nullable(),
});

/** What the function throws, as Lambda hands it on. */
export const thrown = z.looseObject({ errorType: z.string(), errorMessage: z.string() });

export type RehearsedRollback =
  | { readonly ok: true; readonly rollback: DeployedRollback; readonly decidedAt: string }
  | { readonly ok: false; readonly reasons: readonly Reason[] };

/** What came of asking the function: a rollback, or why there was none. */
export function rehearsedRollback(answer: z.infer<typeof rehearsalAnswer>): RehearsedRollback {
  const { rollback, decidedAt } = answer;
  if (rollback.outcome !== 'deployed') return { ok: false, reasons: rollback.reasons };
  if (decidedAt !== null) return { ok: true, rollback, decidedAt };
  const message = 'The function went back without deciding to: it took an earlier drill for this one.';
  return { ok: false, reasons: [{ code: 'NOT_DECIDED', path: 'decide', message }] };
}

/** A failure of the function, as the drill's own. */
export function brokeOff({ errorType, errorMessage }: z.infer<typeof thrown>): RehearsedRollback {
  return {
    ok: false,
    reasons: [
      {
        code: 'ROLLBACK_FAILED',
        path: 'decide',
        message: 'The function that goes back failed: it would fail in earnest, too.',
        got: `${errorType}: ${errorMessage}`.slice(0, 500).toWellFormed(),
        next: 'Read the log of the function roll-back, mend the cause, and drill again.',
      },
    ],
  };
}
