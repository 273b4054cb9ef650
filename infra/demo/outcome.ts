import * as z from 'zod';
import type { Calls } from '../local/gateway/gateway.ts';
import type { LogAudit } from './audit.ts';
import type { WatchedEntry } from './ledger-watch.ts';

export interface PromotionOutcome {
  readonly version: string;
  readonly end: string;
  /** Why it did not go further; empty for one that was promoted. */
  readonly reasons: readonly unknown[];
  readonly stages: readonly {
    readonly stage: string;
    readonly verdict: string;
    readonly reasons: readonly unknown[];
    readonly at: string;
  }[];
  readonly approvals: readonly {
    readonly stage: string;
    readonly approver: string;
    readonly decision: string;
    readonly justification: string;
    readonly at: string;
  }[];
  /** Events in the history of its execution, of which Step Functions allows 25,000. */
  readonly historyEvents: number;
}

/** What `--json` writes. `pointer` names what served: a version, or the safe forecast. */
export interface DemoOutcome {
  readonly outcome: string;
  readonly model: string;
  readonly promotions: readonly PromotionOutcome[];
  readonly pointer: { readonly before: string; readonly after: string; readonly afterRollback: string | null };
  readonly rollback: { readonly cause: string; readonly seconds: number } | null;
  readonly ledger: { readonly entries: number; readonly verified: boolean };
  /** Forecasts in the prediction log per arm, as counted there. */
  readonly predictions: LogAudit['predictions'];
  /** Forecasts that were answered to the caller. */
  readonly served: number;
  /** Whether each served forecast is in the log exactly once, as it was answered. */
  readonly logComplete: boolean;
  /** What was replayed. */
  readonly demand: { readonly source: string; readonly series: number; readonly days: number };
  /** AWS calls by service and action until the last replayed day: those of the stack, and those of who watches it. */
  readonly calls: Calls;
  /** Wall clock by part, such as `1.0.0 shadow`. */
  readonly seconds: Readonly<Record<string, number>>;
}

const judged = z.object({
  promotionId: z.string(),
  stage: z.string(),
  verdict: z.string(),
  reasons: z.array(z.looseObject({})),
});
const decided = z.object({
  promotionId: z.string(),
  stage: z.string(),
  approver: z.object({ name: z.string(), email: z.string() }),
  decision: z.string(),
  justification: z.string(),
});

/** One promotion as its ledger tells it. */
export function promotionOutcome(
  promotion: {
    readonly promotionId: string;
    readonly version: string;
    readonly end: string;
    readonly reasons: readonly unknown[];
    readonly historyEvents: number;
  },
  entries: readonly WatchedEntry[],
): PromotionOutcome {
  const { promotionId, version, end, reasons, historyEvents } = promotion;
  const own = entries.filter((entry) => entry.data['promotionId'] === promotionId);
  const stages = own
    .filter((entry) => entry.type === 'gate-judged')
    .map((entry) => {
      const { stage, verdict, reasons } = judged.parse(entry.data);
      return { stage, verdict, reasons, at: entry.at };
    });
  const approvals = own
    .filter((entry) => entry.type === 'approval-decided')
    .map((entry) => {
      const { stage, approver, decision, justification } = decided.parse(entry.data);
      return { stage, approver: `${approver.name} <${approver.email}>`, decision, justification, at: entry.at };
    });
  return { version, end, reasons, stages, approvals, historyEvents };
}
