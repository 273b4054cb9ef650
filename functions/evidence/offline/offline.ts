import { byCode, type Finding } from '../finding.ts';
import { judgeImplausible } from './implausible.ts';
import type { OfflineConfig } from './offline-config.ts';
import { measureOffline } from './offline-measures.ts';
import type { OfflineResult } from './offline-result.ts';
import {
  addedValueRule,
  foldRules,
  historyNotes,
  leakageRules,
  overallRules,
  pendingRules,
  qualityRules,
  quantileRule,
  segmentRules,
  warningRules,
} from './offline-rules.ts';
import type { OfflineSums } from './offline-sums.ts';

/** Name and version of this judge, stored with each verdict. The version rises when the same sums may judge differently. */
export const OFFLINE_JUDGE = 'offline/2';

/** What the judge came to, with each rule that was hit; the result has their codes. */
export interface OfflineDecision {
  readonly result: OfflineResult;
  readonly reasons: readonly Finding[];
  readonly pending: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** What is wrong with the history; the contract knows no code for it. */
  readonly notes: readonly Finding[];
}

/** Judges a backtest by its sums. Any failure fails; too little data or no proof is inconclusive, never a pass. */
export function judgeOffline(sums: OfflineSums, config: OfflineConfig): OfflineDecision {
  const measures = measureOffline(sums, config);
  const { implausible, ...beyond } = judgeImplausible(sums.implausible, config);
  const reasons = byCode([
    ...leakageRules(measures, sums, config),
    ...beyond.reasons,
    ...qualityRules(measures, config),
    ...overallRules(measures, config),
    ...addedValueRule(measures, config),
    ...quantileRule(measures, config),
    ...foldRules(measures, config),
    ...segmentRules(measures, config),
  ]);
  const pending = byCode([...pendingRules(measures, config), ...beyond.pending]);
  const warnings = byCode([...warningRules(measures, sums, config), ...beyond.warnings]);
  const codes = (findings: readonly Finding[]) => findings.map(({ code }) => code);
  const result: OfflineResult = {
    gate: 'offline',
    decision: reasons.length > 0 ? 'FAIL' : pending.length > 0 ? 'INCONCLUSIVE' : 'PASS',
    ...{ reasons: codes(reasons), pending: codes(pending), warnings: codes(warnings) },
    ...measures,
    ...(implausible === undefined ? {} : { implausible }),
  };
  return { result, reasons, pending, warnings, notes: byCode(historyNotes(sums)) };
}
