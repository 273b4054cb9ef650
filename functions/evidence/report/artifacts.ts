import { type Artifact, JSON_TYPE, jsonBytes, REPORT_NAME } from './gate-report.ts';
import { buildOfflineReport, type OfflineReport, type OfflineReportInput } from './offline-envelope.ts';
import {
  buildCanaryReport,
  buildShadowReport,
  type CanaryReport,
  type CanaryReportInput,
  type ShadowReport,
  type ShadowReportInput,
} from './stage-envelope.ts';

/**
 * What the offline gate leaves: evaluation report, segment analysis, and risk and limitation summary, each for machines
 * and as a page for people. Same input, same bytes.
 */
export function buildOfflineArtifacts(input: OfflineReportInput): readonly Artifact[] {
  return offlineArtifacts(buildOfflineReport(input));
}

/** What the shadow gate leaves: its report for machines and as a page for people. Same input, same bytes. */
export function buildShadowArtifacts(input: ShadowReportInput): readonly Artifact[] {
  return shadowArtifacts(buildShadowReport(input));
}

/** What the canary gate leaves: its report for machines and as a page for people. Same input, same bytes. */
export function buildCanaryArtifacts(input: CanaryReportInput): readonly Artifact[] {
  return canaryArtifacts(buildCanaryReport(input));
}

/** The artifacts of a report that may have been written before: pages say what that report says, and nothing else. */
export function offlineArtifacts(report: OfflineReport): readonly Artifact[] {
  return [json('evaluation-report.json', report)];
}

export function shadowArtifacts(report: ShadowReport): readonly Artifact[] {
  return [json('shadow-report.json', report)];
}

export function canaryArtifacts(report: CanaryReport): readonly Artifact[] {
  return [json('canary-report.json', report)];
}

function json(file: string, report: object): Artifact {
  return { name: REPORT_NAME, file, contentType: JSON_TYPE, bytes: jsonBytes(report) };
}
