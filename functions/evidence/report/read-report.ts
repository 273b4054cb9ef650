import * as z from 'zod';
import { canaryMeasures } from './canary-measures.ts';
import type { Measure } from './measure.ts';
import { counted } from './numbers.ts';
import { offlineReport } from './offline-envelope.ts';
import { offlineMeasures } from './offline-measures.ts';
import { shadowMeasures } from './shadow-measures.ts';
import { canaryReport, shadowReport } from './stage-schema.ts';
import { untestedInCanary, untestedInShadow, untestedOffline } from './untested.ts';

/** The report of any gate. A report with members of a later kind is read as far as this one knows it. */
export const gateReport = z.discriminatedUnion('gate', [offlineReport, shadowReport, canaryReport]);
export type GateReport = z.infer<typeof gateReport>;

/** The report that bytes hold; null when they hold none. */
export function readReport(bytes: Uint8Array): GateReport | null {
  const parsed = gateReport.safeParse(jsonOf(bytes));
  return parsed.success ? parsed.data : null;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
}

/** What a gate measured, in the order in which people should read it. */
export function measuresOf(report: GateReport): readonly Measure[] {
  switch (report.gate) {
    case 'offline':
      return offlineMeasures(report);
    case 'shadow':
      return shadowMeasures(report);
    case 'canary':
      return canaryMeasures(report);
  }
}

/** What the evidence of a gate says nothing about. */
export function untestedOf(report: GateReport): readonly string[] {
  switch (report.gate) {
    case 'offline':
      return untestedOffline(report);
    case 'shadow':
      return untestedInShadow(report);
    case 'canary':
      return untestedInCanary(report);
  }
}

/** What it was measured on: business days, or rows of a backtest. */
export function spanWords(report: GateReport): string {
  if (report.gate === 'offline') {
    if (report.result === null) return 'The evidence could not be read; nothing was measured.';
    const { n_rows, n_series, n_folds } = report.result.overall;
    return `${counted(n_rows)} rows of ${counted(n_series)} series at ${n_folds} forecast origins.`;
  }
  const { days } = report;
  if (days === null) return 'No business day is closed yet.';
  return `${days.closed} closed business ${days.closed === 1 ? 'day' : 'days'}, ${days.from} to ${days.to}.`;
}
