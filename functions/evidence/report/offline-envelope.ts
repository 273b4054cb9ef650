import * as z from 'zod';
import type { Reason } from '../../platform/errors.ts';
import { storedObject } from '../../registry/items.ts';
import type { OfflineConfig } from '../offline/offline-config.ts';
import { type OfflineResult, offlineResult } from '../offline/offline-result.ts';
import {
  explained,
  type Findings,
  headOf,
  type ObjectsRead,
  objectsRead,
  type ReportSubject,
  reportHead,
} from './gate-report.ts';

/** The evaluation report of the offline gate: everything that the verdict rests on, with the result of the contract. */
export const offlineReport = z.object({
  ...reportHead,
  gate: z.literal('offline'),
  verdict: z.enum(['PASS', 'FAIL', 'INCONCLUSIVE']),
  evidence: z.object({
    artifact: storedObject,
    backtest: storedObject,
    history: storedObject,
    /** What the system itself held for the backtest's dates, which replaced the submitted columns; absent: nothing. */
    outcomes: objectsRead.exactOptional(),
    predictions: objectsRead.exactOptional(),
  }),
  /** The contract's result without the list of series; null when the evidence could not be read. */
  result: offlineResult.omit({ series: true }).nullable(),
});
export type OfflineReport = z.infer<typeof offlineReport>;

/** What the offline judge found: a decision on sums, or evidence that cannot be judged, which fails. */
export type OfflineOutcome =
  | ({ readonly judged: true; readonly result: OfflineResult } & Findings)
  | { readonly judged: false; readonly reasons: readonly Reason[] };

export interface OfflineReportInput {
  readonly subject: ReportSubject<OfflineConfig>;
  readonly evidence: Pick<OfflineReport['evidence'], 'artifact' | 'backtest' | 'history'> & {
    readonly outcomes?: ObjectsRead;
    readonly predictions?: ObjectsRead;
  };
  readonly outcome: OfflineOutcome;
}

/** The report with its members in one order, whoever found them: a report that is read back gives the same bytes. */
export function buildOfflineReport({ subject, evidence, outcome }: OfflineReportInput): OfflineReport {
  const gate = 'offline';
  if (!outcome.judged) {
    const head = headOf(subject, { reasons: outcome.reasons, pending: [], warnings: [] });
    return offlineReport.parse({ ...head, gate, verdict: 'FAIL', evidence, result: null });
  }
  const { series: _, ...result } = outcome.result;
  const head = headOf(subject, explained(outcome));
  return offlineReport.parse({ ...head, gate, verdict: result.decision, evidence, result });
}
